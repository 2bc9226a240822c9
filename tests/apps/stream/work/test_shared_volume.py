"""The shared volume: what is read of it has its holes filled, and each frame says how far that reaches."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stream.core.stream_volume import FixedVolume
from apps.stream.pipeline.messages import Frame, PosedFrame
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.holes.filling import fill_holes
from edge_sdk.volume.settings import HoleFilling

SHAPE = (12, 14, 16)
CHAINS = [
    (HoleFilling("STICK", stick_length=5),),
    (HoleFilling("NEAREST_NEIGHBOR", size=3),),
    (HoleFilling("GAUSSIAN_ACCUMULATION", size=4), HoleFilling("STICK", stick_length=7, sticks=2)),
]


@settings(max_examples=30)
@given(filling=st.sampled_from(CHAINS), seed=st.integers(0, 1000), data=st.data())
def test_a_box_is_read_as_of_the_whole_volume_filled(filling, seed, data) -> None:
    random = np.random.default_rng(seed)
    compounder = Compounder(Grid(SHAPE, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), interpolation="nearest", mode="latest")
    volume = SharedVolume(FixedVolume(compounder), filling)
    before = volume.whole().voxels
    for index in range(4):
        pose = np.eye(4)
        pose[:3, 2] = 0
        pose[:3, :2] = random.normal(size=(3, 2))
        pose[:3, 3] = random.uniform(0, 12, 3)
        touched = volume.insert(PosedFrame(Frame(index, random.integers(1, 255, (5, 6), dtype=np.uint8), 0.0), pose))
        voxels, weights = compounder.read()
        whole = fill_holes(voxels, weights > 0, filling, weights=weights)
        np.testing.assert_array_equal(volume.whole().voxels, whole)
        changed = np.argwhere(whole != before)
        if touched is None:
            assert not len(changed)
        else:
            assert (changed >= touched.box.start).all()
            assert (changed < touched.box.stop).all()
        before = whole
    ends = [sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))) for n in SHAPE]
    box = Box(tuple(a for a, _ in ends), tuple(b for _, b in ends))
    part, inserted = volume.read(box)
    np.testing.assert_array_equal(part, before[box.slices])
    assert inserted == volume.inserted


def test_frames_beyond_black_and_white_are_counted() -> None:
    compounder = Compounder(Grid(SHAPE, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), pixel_type=np.uint16)
    volume = SharedVolume(FixedVolume(compounder), gray_range=(0.0, 1023.0))
    for index, level in enumerate((5, 1023, 1024, 4000)):
        volume.insert(PosedFrame(Frame(index, np.full((5, 6), level, np.uint16), 0.0), np.eye(4)))
    assert volume.clipped_frames == 2
    assert volume.whole().gray_range == (0.0, 1023.0)
