"""What outputs say about gray levels: the type of the pixels, and what means black and white."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from apps.console import SWITCHES
from edge_sdk.sweep.warning import SweepWarning

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge_sdk.gray_range import GrayRange
    from edge_sdk.packages.manifest import Normalization
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.volume.grid import Volume


def say_levels(sweep: Sweep) -> None:
    """A line on stderr about a sweep whose frames are not plain 8-bit gray; silent under --quiet."""
    from edge_sdk.sweep.gray_frames import levels_summary

    levels = levels_summary(sweep)
    if SWITCHES.quiet or not ("gray_range" in levels or "luma" in levels.get("gray_from", "")):
        return
    names = {
        "pixel_type": "frames",
        "pixel_type_from": "made from",
        "gray_range": "black and white",
        "gray_from": "gray",
    }
    print("note: " + "; ".join(f"{names[name]}: {text}" for name, text in levels.items()), file=sys.stderr)


def untaught_levels(
    normalization: Normalization, kind: np.dtype[Any], gray_range: GrayRange | None
) -> list[SweepWarning]:
    """A warning where a network gets levels of another type as they are, and nobody knows whether it learned such.

    Args:
        normalization: Normalization of the package.
        kind: Type of the pixels or voxels.
        gray_range: Their levels of black and white, as far as these are known.
    """
    if normalization.kind != "affine" or normalization.full_scale is not None or kind.str[1:] in ("u1", "b1"):
        return []
    levels = "" if gray_range is None else f" from {gray_range[0]:g} (black) to {gray_range[1]:g} (white)"
    return [
        SweepWarning(
            f"the network gets levels of {kind}{levels} as they are, less {normalization.shift:g} and divided by "
            f"{normalization.scale:g}",
            "the package does not say which level was white where it learned (normalisation.full_scale)",
            "use a package that says it, or bring the levels to those that the network was trained on",
        )
    ]


def volume_levels(volume: Volume, normalization: Normalization) -> tuple[Volume, dict[str, str], list[SweepWarning]]:
    """A volume from a file with its levels of black and white, what outputs say of them, and warnings.

    uint8 volumes and normalizations that need no levels say nothing.
    """
    from dataclasses import replace

    voxels: NDArray[Any] = volume.voxels
    if normalization.kind != "affine" or (voxels.dtype.kind in "u" and voxels.dtype.itemsize == 1):
        return volume, {}, []
    from edge_sdk.gray_range import few_at_white, few_text, range_of
    from edge_sdk.sweep.gray_frames import DECIDED

    gray_range = volume.gray_range or range_of(voxels)
    how = "as the file says" if volume.gray_range else DECIDED.replace("pixels", "voxels")
    fields = {"pixel_type": str(voxels.dtype), "gray_range": f"{gray_range[0]:g} to {gray_range[1]:g} ({how})"}
    warnings = untaught_levels(normalization, voxels.dtype, gray_range)
    if volume.gray_range is None and (few := few_at_white(voxels, gray_range)) is not None:
        warnings.append(
            SweepWarning(
                few_text("voxels", few, gray_range),
                "defect voxels, or metal",
                "remove them, or write the levels of black and white into the file",
            )
        )
    return replace(volume, gray_range=gray_range), fields, warnings
