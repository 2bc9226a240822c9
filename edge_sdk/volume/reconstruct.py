"""A whole sweep into a volume."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.progress import Progress
from edge_sdk.sweep.gray_frames import gray_frames
from edge_sdk.sweep.outside import OUTSIDE, lost_frames
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import FramePoses, image_to_world
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.compounding_summary import CompoundingSummary
from edge_sdk.volume.extent import check_memory, grid_for, grid_from_extent
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.growing import GrowingCompounder
from edge_sdk.volume.holes.filling import check_kernels, fill_holes
from edge_sdk.volume.importance import read_importance_mask
from edge_sdk.volume.pixel_types import UINT8
from edge_sdk.volume.settings import Compounding, Interpolation, Mean, PlusOptimization, ReconstructionSettings

DEFAULT_SETTINGS = ReconstructionSettings(spacing=(0.5, 0.5, 0.5))
"""Where neither the caller nor a PLUS configuration says otherwise: 0.5 mm, linear, the true mean, no hole filling.

The true mean because it is unbiased and faster; PLUS's own output is the default as soon as its configuration is given.
"""

_AT_ONCE = 16
"""Frames handed to the compounder together: threads wait for each other less, and progress still moves."""


def reconstruct(
    sweep: Sweep,
    *,
    config: PlusConfig | None = None,
    settings: ReconstructionSettings | None = None,
    poses: FramePoses | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Volume:
    """Compound all usable frames of a sweep, then fill holes if asked for.

    Args:
        sweep: The recording.
        config: Calibration (ImageToProbe) and, unless `settings` are given, reconstruction settings. The grid is
            computed from the frames, as PLUS does; see `PlusConfig.with_saved_grid`.
        settings: Override those of the configuration.
        poses: Poses of the sweep's frames in the settings' world; None: they are computed.
        progress: Called with (done, total, what).
        threads: Most threads that insert at once; None: as many as the process may use. The result does not depend on
            their number.

    Returns:
        Voxels (D, H, W) of the frames' type, with the summary of their compounding and the sweep's provenance.

    Raises:
        PoseError: ImageToReference cannot be resolved, or no frame is usable.
        GeometryError: The volume would not fit in memory, no frame reaches it, or the settings or images are
            impossible.
    """
    settings = effective_settings(config, settings)
    sweep = gray_frames(sweep)
    compounder, summary = compound(
        sweep, config=config, settings=settings, poses=poses, progress=progress, threads=threads
    )
    voxels, _ = read_out(compounder, settings, progress=progress, threads=threads)
    return Volume(
        voxels, compounder.grid, compounding=summary, provenance=sweep.provenance, gray_range=sweep.gray_range
    )


def read_out(
    compounder: Compounder,
    settings: ReconstructionSettings,
    *,
    progress: Progress | None = None,
    threads: int | None = None,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The volume's voxels (D, H, W) with its holes filled as the settings say, and which were hit by a pixel."""
    voxels, weights = compounder.read()
    hit = weights > 0
    if settings.fill_holes:
        if progress:
            progress(0, 1, "filling holes")
        voxels = fill_holes(voxels, hit, settings.fill_holes, weights=weights, threads=threads)
        if progress:
            progress(1, 1, "filling holes")
    return voxels, hit


def compound(
    sweep: Sweep,
    *,
    config: PlusConfig | None = None,
    settings: ReconstructionSettings | None = None,
    poses: FramePoses | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> tuple[Compounder, CompoundingSummary]:
    """As `reconstruct`, before hole filling: the filled compounder, which knows what was hit, and the counts."""
    settings = effective_settings(config, settings)
    check_kernels(settings.fill_holes)
    sweep = gray_frames(sweep)
    if poses is None:
        poses = image_to_world(sweep, config=config, image=settings.image_frame, world=settings.world_frame)
    grid = sweep_grid(sweep, poses, settings)
    compounder = make_compounder(grid, settings, sweep.images.dtype, threads=threads)
    left_out = Counter[str]()
    chosen = []
    for index in range(len(sweep)):
        if index % settings.skip_interval:
            left_out["skip interval"] += 1
        elif not poses.usable[index]:
            left_out[poses.reasons[index]] += 1
        else:
            chosen.append(index)
    inserted = 0
    for start in range(0, len(chosen), _AT_ONCE):
        part = chosen[start : start + _AT_ONCE]
        boxes = compounder.insert_all(
            [sweep.images[index] for index in part], [poses.matrices[index] for index in part]
        )
        missed = boxes.count(None)
        inserted += len(part) - missed
        if missed:
            left_out[OUTSIDE] += missed
        if progress:
            progress(start + len(part), len(chosen), "compounding")
    if not inserted:
        raise _nothing_inserted(sweep, compounder, settings)
    summary = CompoundingSummary(
        frames_inserted=inserted,
        frames_left_out=left_out.total(),
        left_out_because="; ".join(f"{reason}: {count}" for reason, count in left_out.most_common()),
        interpolation=settings.interpolation,
        compounding=settings.compounding_text,
        warnings=tuple(warning.what for warning in lost_frames(left_out[OUTSIDE], inserted + left_out[OUTSIDE])),
        frames_outside=left_out[OUTSIDE],
    )
    return compounder, summary


def _nothing_inserted(sweep: Sweep, compounder: Compounder, settings: ReconstructionSettings) -> GeometryError:
    height, width = sweep.images.shape[1:3]
    clip = settings.clip
    if clip is not None and not (np.diff(clip.segments((height, width)))[:, ::2] > 0).any():
        return GeometryError(
            f"the clip region keeps no pixel of images of {width}×{height}",
            where=sweep.source,
            remedy="correct the clip rectangle, the fan's angles, origin and radii (pixels)",
        )
    size, origin = compounder.grid.shape[::-1], tuple(round(value, 1) for value in compounder.grid.origin)
    return GeometryError(
        f"no frame reaches the volume of {size} voxels at {origin} mm",
        where=sweep.source,
        remedy="leave out --grid saved, or correct OutputOrigin and OutputExtent",
    )


def make_compounder(
    grid: Grid, settings: ReconstructionSettings, pixel_type: DTypeLike = UINT8, *, threads: int | None = None
) -> Compounder:
    """An empty volume that takes frames of a pixel type as the settings say.

    Raises:
        FileFormatError: The importance mask cannot be read.
        GeometryError: The settings are impossible.
    """
    return Compounder(grid, **_insertion(settings), pixel_type=pixel_type, threads=threads)


def make_growing_compounder(
    origin: tuple[float, float, float],
    settings: ReconstructionSettings,
    pixel_type: DTypeLike = UINT8,
    *,
    threads: int | None = None,
) -> GrowingCompounder:
    """As `make_compounder`, without a grid; the first voxel lies at `origin`, mm (x, y, z).

    Raises:
        FileFormatError: The importance mask cannot be read.
        GeometryError: The settings are impossible, or a growing volume cannot follow them.
    """
    return GrowingCompounder(
        settings.spacing, origin=origin, **_insertion(settings), pixel_type=pixel_type, threads=threads
    )


class _Insertion(TypedDict):
    """What both compounders are told of how frames are inserted; see `Compounder`."""

    interpolation: Interpolation
    mode: Compounding
    mean: Mean
    plus_optimization: PlusOptimization | None
    clip: ClipRegion | None
    importance: NDArray[np.uint8] | None
    darkest: int


def _insertion(settings: ReconstructionSettings) -> _Insertion:
    mask = settings.importance_mask
    return {
        "interpolation": settings.interpolation,
        "mode": settings.compounding,
        "mean": settings.mean,
        "plus_optimization": settings.plus_optimization,
        "clip": settings.clip,
        "importance": None if mask is None else read_importance_mask(mask),
        "darkest": settings.darkest,
    }


def effective_settings(
    config: PlusConfig | None, settings: ReconstructionSettings | None = None
) -> ReconstructionSettings:
    """The caller's settings, else the configuration's, else the defaults."""
    return settings or (config and config.reconstruction) or DEFAULT_SETTINGS


def sweep_grid(sweep: Sweep, poses: FramePoses, settings: ReconstructionSettings) -> Grid:
    """The output grid: as the settings fix it, else around the usable frames.

    Raises:
        PoseError: The sweep has no images.
        GeometryError: They cannot be compounded (see `gray_frames`), or it would not fit in memory.
    """
    if sweep.images.size == 0:
        raise PoseError(
            "the recording holds tracking only, without images",
            where=sweep.source,
            remedy="give a recording with images",
        )
    try:
        return _grid(gray_frames(sweep), poses, settings)
    except GeometryError as error:
        raise GeometryError(error.what, where=sweep.source, remedy=error.remedy) from None


def _grid(sweep: Sweep, poses: FramePoses, settings: ReconstructionSettings) -> Grid:
    per_voxel = settings.bytes_per_voxel(sweep.images.dtype)
    if settings.extent is not None:
        if settings.origin is None:
            raise GeometryError("OutputExtent is given without OutputOrigin", remedy="give both or neither")
        grid = grid_from_extent(settings.extent, settings.spacing, settings.origin)
        check_memory(grid, bytes_per_voxel=per_voxel)
        return grid
    height, width = sweep.images.shape[1:3]
    usable = poses.matrices[poses.usable]
    grid = grid_for(
        usable, (height, width), settings.spacing, clip=settings.clip, bytes_per_voxel=per_voxel,
        reaching=settings.plus_optimization is None,
    )  # fmt: skip
    if settings.origin is None:
        return grid
    moved = _moved(grid, settings.origin)
    check_memory(moved, bytes_per_voxel=per_voxel)
    return moved


def _moved(grid: Grid, origin: tuple[float, float, float]) -> Grid:
    """`grid` with its first voxel at `origin`, still reaching as far."""
    last = [
        start + (count - 1) * step
        for start, count, step in zip(grid.origin, grid.shape[::-1], grid.spacing, strict=True)
    ]
    counts = [int((end - start) / step + 0.5) + 1 for end, start, step in zip(last, origin, grid.spacing, strict=True)]
    if min(counts) < 1:
        raise GeometryError(f"OutputOrigin {origin} lies behind all frames", remedy="correct or remove it")
    width, height, depth = counts
    return replace(grid, shape=(depth, height, width), origin=origin)
