"""What a sweep or a volume holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.sweep_warnings import for_json, memory
from edge_sdk.errors import EdgeSdkError
from edge_sdk.volume.grid import Grid

if TYPE_CHECKING:
    from apps.sweeps import SweepOptions
    from edge_sdk.sweep.plus_config import PlusConfig
    from edge_sdk.sweep.poses import FramePoses
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.volume.settings import ReconstructionSettings

USUAL_SPACING_MM = 0.5
"""Of the volume whose memory is told."""


def describe_sweep(path: Path, config: PlusConfig | None, options: SweepOptions | None = None) -> dict[str, Any]:
    """What a recording is, its frames, times, transforms and the region they sweep.

    Raises:
        EdgeSdkError: Not readable as a sweep.
    """
    from apps.sweeps import load_sweep, told
    from edge_sdk.sweep.formats import format_of
    from edge_sdk.sweep.timing import examine_times

    sweep = load_sweep(path, options, config=config, need_poses=False)
    times = examine_times(sweep.timestamps)
    return {
        "kind": "sweep",
        "format": format_of(path).name,
        "frames": len(sweep),
        "image_size": list(sweep.images.shape[2:0:-1]) if sweep.images.size else None,
        "channels": sweep.images.shape[3] if sweep.images.ndim == 4 else 1,
        "pixel_type": str(sweep.images.dtype) if sweep.images.size else None,
        "pixel_spacing_mm": list(sweep.pixel_spacing) if sweep.pixel_spacing else None,
        "first_time_s": times.first_s,
        "duration_s": times.duration_s,
        "frame_rate": times.rate_hz,
        "jitter_s": times.jitter_s,
        "longest_gap_s": times.longest_gap_s,
        "times_missing": times.missing,
        "times_duplicate": times.duplicates,
        "times_decreasing": times.decreasing,
        "image_status": dict(Counter(sweep.image_status)),
        "transforms": [
            {"transform": name, "status": dict(Counter(transform.status))}
            for name, transform in sorted(sweep.transforms.items())
        ],
        **_compounding(sweep),
        **_region(sweep, config),
        "header": dict(sweep.header) if "SourceFormat" in sweep.header else told(sweep),
    }


def describe_volume(path: Path) -> dict[str, Any]:
    """Geometry and values of a volume.

    Raises:
        EdgeSdkError: Not readable as a volume.
    """
    from edge_sdk.volume.files import read_volume

    volume = read_volume(path)
    values: dict[str, Any] = {"lowest": volume.voxels.min().item(), "highest": volume.voxels.max().item()}
    if volume.voxels.dtype.kind in "ui":
        labels, counts = np.unique(volume.voxels, return_counts=True)
        if len(labels) <= 16:
            values["voxels_by_value"] = {str(a): int(b) for a, b in zip(labels, counts, strict=True)}
    return {"kind": "volume", **describe_grid(volume.grid), "voxel_type": str(volume.voxels.dtype), **values}


def describe_grid(grid: Grid) -> dict[str, Any]:
    """Size (x, y, z), spacing, origin, direction and volume of a grid."""
    return {
        "size_xyz": list(grid.shape[::-1]),
        "spacing_mm": [float(value) for value in grid.spacing],
        "origin_mm": [float(value) for value in grid.origin],
        "direction": [float(value) for value in grid.direction.ravel()],
        "volume_ml": float(np.prod(grid.shape)) * grid.voxel_ml,
    }


def _compounding(sweep: Sweep) -> dict[str, str]:
    """Why the images cannot be compounded, where they cannot."""
    images = sweep.images
    if not images.size or sweep.is_gray:
        return {}
    colors = f", {images.shape[3]} channels" if images.ndim == 4 else ""
    return {"compounding": f"not possible: the frames are {images.dtype}{colors}; only 8-bit gray is compounded"}


def _region(sweep: Sweep, config: PlusConfig | None) -> dict[str, Any]:
    """The world-aligned region of the usable frames, or why there is none, and what is probably wrong."""
    from edge_sdk.sweep.poses import image_to_world
    from edge_sdk.sweep.sanity import check_sweep
    from edge_sdk.sweep.timing import examine_times
    from edge_sdk.volume.reconstruct import effective_settings

    times = for_json(examine_times(sweep.timestamps).problems())
    if not sweep.transforms:
        said = "none: the recording has no poses; --poses gives it some"
        return {"usable_frames": None, "extent": said, "warnings": times}
    settings = effective_settings(config)
    frames = {"image": settings.image_frame, "world": settings.world_frame}
    try:
        poses = image_to_world(sweep, config=config, **frames)
        usable = {"usable_frames": int(poses.usable.sum()), "left_out": dict(Counter(filter(None, poses.reasons)))}
        if not sweep.images.size:
            return {**usable, "extent": "none: the recording has no images", "warnings": times}
        extent = _extent(sweep, poses, settings)
    except EdgeSdkError as error:
        return {"usable_frames": None, "extent": f"unknown: {error.what}; {error.remedy}", "warnings": times}
    return {**usable, **extent, "warnings": for_json(check_sweep(sweep, poses, config=config, **frames))}


def _extent(sweep: Sweep, poses: FramePoses, settings: ReconstructionSettings) -> dict[str, Any]:
    """The region in mm, and the memory that its volume takes; nothing is allocated here."""
    from edge_sdk.volume.extent import grid_for

    height, width = sweep.images.shape[1:3]
    usable = poses.matrices[poses.usable]
    in_mm, usual = (grid_for(usable, (height, width), step, memory_limit=2**100) for step in (1.0, USUAL_SPACING_MM))
    return {
        "extent": {"from_mm": [round(value, 2) for value in in_mm.origin], "size_mm": list(in_mm.shape[::-1])},
        f"memory_at_{USUAL_SPACING_MM:g}_mm": memory(usual, settings),
    }
