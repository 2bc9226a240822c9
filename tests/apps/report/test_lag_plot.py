"""The picture of a temporal calibration."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from apps.report.lag_plot import best_column, write_lag_plot
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.temporal_calibration import LagEstimate, estimate_lag
from tests.edge_sdk.sweep.moving_probe import along, hand_motion, poses, speckle_video, stamps


@pytest.fixture(scope="module")
def estimate() -> LagEstimate:
    path = along((1, 0, 0), hand_motion(1))
    return estimate_lag(
        speckle_video(path, stamps(15, 14)), poses(path, stamps(40, 16, start=99), lag=0.1, noise_mm=0.1)
    )


def test_the_signal_that_the_probe_tells_best_is_shown(estimate) -> None:
    assert estimate.method == "shift"
    assert best_column(estimate) == 0
    turned = replace(
        estimate.alignment, target=estimate.alignment.target[:, ::-1], fitted=estimate.alignment.fitted[:, ::-1]
    )
    assert best_column(replace(estimate, alignment=turned)) == 1


def test_picture(estimate, tmp_path) -> None:
    write_lag_plot(estimate, tmp_path / "lag.png")
    picture = cv2.imread(str(tmp_path / "lag.png"))
    assert picture.shape == (1260, 1440, 3)
    # The images' blue and the probe's orange, as B, G, R.
    for color in ((0xB2, 0x72, 0x00), (0x00, 0x5E, 0xD5)):
        near = (np.abs(picture.astype(int) - color).max(2) < 12).sum()
        assert near > 2000


def test_a_place_that_cannot_be_written(estimate, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeSdkError, match="cannot be written"):
        write_lag_plot(estimate, tmp_path / "file" / "lag.png")
