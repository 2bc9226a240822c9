"""Checks of a sweep before it is compounded: warnings on stderr and in JSON, and the memory that the volume takes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from apps.console import SWITCHES
from edge_sdk.errors import GeometryError

if TYPE_CHECKING:
    import numpy as np

    from edge_sdk.data_warning import DataWarning
    from edge_sdk.sweep.plus_config import PlusConfig
    from edge_sdk.sweep.poses import FramePoses
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.sweep.warning import SweepWarning
    from edge_sdk.volume.grid import Grid
    from edge_sdk.volume.settings import ReconstructionSettings


def look_at(
    sweep: Sweep, poses: FramePoses, settings: ReconstructionSettings, config: PlusConfig | None
) -> tuple[Grid, list[SweepWarning]]:
    """The grid that a sweep will fill, and what is probably wrong with the sweep.

    Raises:
        PoseError: The sweep has no images.
        GeometryError: The volume would not fit in memory; a mistake that may be why is named.
    """
    from edge_sdk.sweep.outside import cut_frames
    from edge_sdk.sweep.sanity import check_sweep
    from edge_sdk.volume.reconstruct import sweep_grid

    notes = [] if config is None else [*config.notes]
    found = check_sweep(sweep, poses, config=config, image=settings.image_frame, world=settings.world_frame)
    warnings = [*found, *notes]
    try:
        grid = sweep_grid(sweep, poses, settings)
        if settings.extent is not None:
            height, width = sweep.images.shape[1:3]
            warnings += cut_frames(poses.matrices[poses.usable], (height, width), settings.clip, grid)
        return grid, warnings
    except GeometryError as error:
        why = [f"look first at this: {found[0].what} (likely cause: {found[0].likely_cause})"] if found else []
        raise GeometryError(error.what, where=error.where, remedy="; ".join([*why, error.remedy])) from None


def memory(grid: Grid, settings: ReconstructionSettings, pixel_type: np.dtype[Any]) -> dict[str, str]:
    """What a reconstruction from frames of a type into this grid takes, and what there is."""
    from edge_sdk.volume.extent import memory_needed, size_text, usable_memory

    return {
        "needed": size_text(memory_needed(grid, settings.bytes_per_voxel(pixel_type))),
        "usable": size_text(usable_memory()),
    }


def warn(warnings: Iterable[DataWarning]) -> None:
    """A line each on stderr; silent under --quiet."""
    for warning in warnings:
        warn_of(str(warning))


def warn_of(what: str) -> None:
    """A line on stderr; silent under --quiet."""
    if not SWITCHES.quiet:
        print(f"warning: {what}", file=sys.stderr)


def for_json(warnings: Iterable[DataWarning]) -> list[dict[str, str]]:
    """With "what", "likely_cause" and "remedy"."""
    return [asdict(warning) for warning in warnings]
