from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import EdgeSdkError
from quantization.curves import running_mean, write_curves
from quantization.fitting import History


@pytest.mark.parametrize(
    ("history", "height"),
    [
        (History([3.0, 2.0, 1.5, 1.4, 1.2, 9.0, 1.1], [(3, 0.4), (7, 0.8)]), 900),
        (History([3.0, 2.0]), 615),
        (History([1.0], [(1, float("nan"))]), 900),
    ],
    ids=["loss and Dice", "loss alone", "one step without a score"],
)
def test_a_picture_of_every_history(tmp_path: Path, history: History, height: int) -> None:
    import cv2

    write_curves(tmp_path / "curves.png", "Training", history)
    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture.shape == (height, 1350, 3)
    assert picture.min() < 100 < picture.max() == 255


def test_the_mean_follows_the_loss_without_lag() -> None:
    assert running_mean(np.arange(9.0), 5).tolist() == [0, 1, 2, 3, 4, 5, 6, 6.5, 7]
    assert running_mean(np.array([2.0]), 5).tolist() == [2]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeSdkError, match="cannot be written"):
        write_curves(tmp_path / "file" / "curves.png", "Training", History([1.0]))
