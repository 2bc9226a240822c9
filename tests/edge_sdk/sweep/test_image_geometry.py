from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import FileFormatError, PoseError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.image_geometry import (
    assumed_calibration,
    clip_rectangle_fields,
    recorded_clip,
    with_assumed_calibration,
)
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.volume.clip import ClipRegion, Fan

REGION = {"SourceFormat": "DICOM", "ClipRectangleOrigin": "10 4", "ClipRectangleSize": "20 30"}


def sweep(header: dict[str, str] | None = None) -> Sweep:
    return Sweep(
        np.zeros((2, 48, 64), np.uint8),
        np.arange(2.0),
        header=header or {},
        provenance=Provenance.from_header(header or {}),
    )


def test_the_origin_is_the_middle_of_the_upper_edge():
    made = with_assumed_calibration(sweep(), (0.1, 0.2))
    matrix = made.transforms["ImageToProbe"].matrices[1]
    np.testing.assert_allclose(matrix @ [31.5, 0, 0, 1], [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(matrix @ [41.5, 20, 0, 1], [1, 4, 0, 1], atol=1e-12)
    assert made.pixel_spacing == (0.1, 0.2)
    assert made.provenance.image_to_probe_assumed == "0.1 × 0.2 mm per pixel, probe's origin at pixel (31.5, 0)"


def test_the_origin_is_that_of_the_b_mode_region_where_it_is_known():
    matrix = with_assumed_calibration(sweep(REGION), (0.5, 0.5)).transforms["ImageToProbe"].matrices[0]
    np.testing.assert_allclose(matrix @ [20, 4, 0, 1], [0, 0, 0, 1], atol=1e-12)


@pytest.mark.parametrize("spacing", [(0, 1), (-1, 1), (np.nan, 1), (1, np.inf)])
def test_impossible_pixels(spacing):
    with pytest.raises(PoseError, match="pixel spacing"):
        with_assumed_calibration(sweep(), spacing)


def test_clips_of_a_header():
    assert recorded_clip(sweep()) is None
    assert recorded_clip(sweep(REGION)) == ClipRegion((10, 4), (20, 30))
    fan = {"FanAnglesDeg": "-30 30", "FanOriginPixel": "32 -5", "FanRadiusStartPixel": "8", "FanRadiusStopPixel": "40"}
    assert recorded_clip(sweep(REGION | fan)) == ClipRegion((10, 4), (20, 30), Fan((-30, 30), (32, -5), (8, 40)))
    # Only a header that a reader of ours made says what these names mean.
    assert recorded_clip(sweep({key: REGION[key] for key in REGION if key != "SourceFormat"})) is None
    with pytest.raises(FileFormatError, match="ClipRectangleOrigin"):
        recorded_clip(sweep(REGION | {"ClipRectangleOrigin": "ten four"}))


def test_a_calibration_needs_no_recording():
    assumed = assumed_calibration((0.5, 0.5), (48, 64), ClipRegion((10, 4), (20, 30)))
    np.testing.assert_allclose(assumed.image_to_probe @ [20, 4, 0, 1], [0, 0, 0, 1], atol=1e-12)
    assert assumed.summary == "0.5 × 0.5 mm per pixel, probe's origin at pixel (20, 4)"
    with pytest.raises(PoseError, match="pixel spacing"):
        assumed_calibration((0.0, 1.0), (48, 64))


def test_a_rectangle_is_read_as_it_is_written():
    assert recorded_clip(sweep({"SourceFormat": "live", **clip_rectangle_fields((10, 4), (20, 30))})) == ClipRegion(
        (10, 4), (20, 30)
    )
