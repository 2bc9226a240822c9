"""Levels of a sweep's pixels that are probably not what the sweep's maker wanted."""

from __future__ import annotations

import numpy as np

from edge_sdk.gray_range import few_at_white, few_text
from edge_sdk.sweep.gray_frames import DECIDED, RANGE_FROM
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.warning import SweepWarning


def level_warnings(sweep: Sweep) -> list[SweepWarning]:
    """What is probably wrong with the gray levels of a sweep; 8-bit ones are never looked at."""
    found, images = [], sweep.images
    if images.dtype.kind == "f":
        broken = [int(np.count_nonzero(~np.isfinite(frame))) for frame in images]
        if any(broken):
            found.append(
                SweepWarning(
                    f"{sum(broken)} pixels in {np.count_nonzero(broken)} frames are not finite numbers and are not "
                    "inserted",
                    "pixels outside the ultrasound are marked as NaN, or the frames are damaged",
                    "nothing is to do where they mark what was not imaged",
                )
            )
    signed = images.dtype.kind in "if"
    least = min((float(np.min(frame, where=np.isfinite(frame), initial=0)) for frame in images if signed), default=0.0)
    if least < 0:
        found.append(
            SweepWarning(
                f"levels go down to {least:g}, and 0 stands for voxels that no frame reached, which is not black here",
                "the frames hold signed echoes, or their levels were stored with an offset",
                "store B-mode with black at 0; with compounding maximum, levels below 0 are lost, as in PLUS",
            )
        )
    decided = sweep.gray_range if sweep.header.get(RANGE_FROM) == DECIDED else None
    if decided is not None and (few := few_at_white(images, decided)) is not None:
        found.append(
            SweepWarning(
                few_text("pixels", few, decided),
                "defect pixels, or marks drawn into the image in another range",
                "remove them, or state GrayRange in the recording's header",
            )
        )
    return found
