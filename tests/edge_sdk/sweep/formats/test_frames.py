from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.frames import FrameStack, gray


@pytest.mark.parametrize("count", [1, 16, 17, 100])
def test_a_stack_holds_what_was_put_in(count):
    frames = np.random.default_rng(0).integers(0, 256, (count, 3, 5), np.uint8)
    stack = FrameStack(Path("x"))
    for frame in frames:
        stack.append(frame)
        np.testing.assert_array_equal(stack.last, frame)
    assert len(stack) == count
    np.testing.assert_array_equal(stack.images(), frames)


def test_frames_of_another_size_are_refused():
    stack = FrameStack(Path("x.dcm"))
    stack.append(np.zeros((3, 5), np.uint8))
    with pytest.raises(FileFormatError, match=r"x\.dcm: frame 1 has 3×5 pixels, the first one 5×3"):
        stack.append(np.zeros((5, 3), np.uint8))


def test_luma():
    color = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    np.testing.assert_allclose(gray(color), color @ [0.299, 0.587, 0.114], atol=0.51)
    np.testing.assert_allclose(gray(color, order="BGR"), color @ [0.114, 0.587, 0.299], atol=0.51)
    np.testing.assert_array_equal(gray(color[..., 0]), color[..., 0])
