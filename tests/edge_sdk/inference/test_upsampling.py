"""Labels from coarse logits, against torch's interpolation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.inference.network_grid import Places
from edge_sdk.inference.upsampling import labels_of
from edge_sdk.volume.grid import Box

torch = pytest.importorskip("torch")


def places(box: Box) -> Places:
    """The voxels of a box, as places."""
    z, y, x = (np.arange(a, b, dtype=np.float64) for a, b in zip(box.start, box.stop, strict=True))
    return z, y, x


def upsampled(logits: np.ndarray, stride: int) -> np.ndarray:
    fine = torch.nn.functional.interpolate(
        torch.from_numpy(logits)[None], scale_factor=stride, mode="trilinear", align_corners=False
    )
    return np.asarray(fine[0])


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    classes=st.integers(1, 5),
    stride=st.sampled_from([1, 2, 4]),
    seed=st.integers(0, 1000),
)
def test_equal_to_interpolation_and_argmax(shape: tuple[int, int, int], classes: int, stride: int, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(classes, *shape)).astype(np.float32)
    fine = upsampled(logits, stride)
    labels = labels_of(logits, stride, places(Box((0, 0, 0), fine.shape[1:])))
    chosen = np.take_along_axis(fine, labels[None].astype(np.int64), 0)[0]
    assert labels.shape == fine.shape[1:]
    np.testing.assert_allclose(chosen, fine.max(0), atol=1e-5)


def test_a_box_is_a_cut_of_the_whole() -> None:
    logits = np.random.default_rng(1).normal(size=(3, 6, 5, 4)).astype(np.float32)
    whole = labels_of(logits, 2, places(Box((0, 0, 0), (12, 10, 8))))
    box = Box((3, 1, 2), (10, 9, 7))
    np.testing.assert_array_equal(labels_of(logits, 2, places(box)), whole[box.slices])


def test_lower_class_wins_a_tie() -> None:
    assert labels_of(np.zeros((4, 2, 2, 2), np.float32), 2, places(Box((0, 0, 0), (4, 4, 4)))).max() == 0
