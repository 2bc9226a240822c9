"""Usual mistakes in a sweep, told from its data: direction of transforms, mirrored images, units, jumps, times."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import FramePoses
from edge_sdk.sweep.sanity.alternatives import (
    in_meters,
    links,
    mirrored,
    poses_in_meters,
    wrong_directions,
    wrong_units,
)
from edge_sdk.sweep.sanity.frames import frame_warnings, transform_warnings
from edge_sdk.sweep.sanity.image_evidence import ImageEvidence
from edge_sdk.sweep.sanity.levels import level_warnings
from edge_sdk.sweep.sanity.path import corner_points, path_warnings
from edge_sdk.sweep.sanity.pixels import pixel_warnings
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.timing import examine_times
from edge_sdk.sweep.transforms import pixel_frame
from edge_sdk.sweep.warning import SweepWarning

__all__ = ["SweepWarning", "check_recording", "check_sweep"]

_FEWEST = 8
"""Usable frames below which images and poses are not compared."""


def check_sweep(
    sweep: Sweep,
    poses: FramePoses,
    *,
    config: PlusConfig | Mapping[str, NDArray[np.float64]] | None = None,
    image: str | None = None,
    world: str = "Reference",
) -> list[SweepWarning]:
    """What is probably wrong with a sweep's file, geometry, levels or time stamps; empty where nothing shows.

    The sweep's own remarks come first.

    Not every mistake shows in every sweep: images that move only out of their plane look the same mirrored. The
    check takes some tenths of a second, whatever the sweep's length; pixels and frames are sampled.

    Args:
        sweep: The recording.
        poses: Of `image_to_world` for it.
        config: What `poses` was made with.
        image, world: Likewise.
    """
    pixels = pixel_frame(sweep.transforms)
    return [
        *sweep.remarks,
        *transform_warnings(sweep),
        *frame_warnings(sweep, poses, image or pixels),
        *_geometry(sweep, poses, config, image or pixels, world),
        *level_warnings(sweep),
        *examine_times(sweep.timestamps).problems(),
    ]


def check_recording(sweep: Sweep) -> list[SweepWarning]:
    """What is probably wrong with a recording as it is, whatever its calibration; empty where nothing shows.

    These are the sweep's own remarks, transforms that nobody can use, the unit of its poses, and its time stamps.
    """
    units = poses_in_meters(sweep)
    found = [] if units is None else [units]
    return [*sweep.remarks, *transform_warnings(sweep), *found, *examine_times(sweep.timestamps).problems()]


def _geometry(
    sweep: Sweep,
    poses: FramePoses,
    config: PlusConfig | Mapping[str, NDArray[np.float64]] | None,
    image: str,
    world: str,
) -> list[SweepWarning]:
    usable = poses.usable
    matrices = poses.matrices[usable]
    if not sweep.images.size or not len(matrices):
        return []
    fixed = config.transforms if isinstance(config, PlusConfig) else config or {}
    shape = (sweep.images.shape[1], sweep.images.shape[2])
    found = pixel_warnings(matrices, shape, sweep.pixel_spacing)
    chain = links(sweep, fixed, usable, image, world)
    # Of declared poses nothing was tracked that could be stored wrongly.
    meters = in_meters(chain) if sweep.provenance.tracked else None
    if meters is not None:
        return [*found, meters]
    path = path_warnings(corner_points(matrices, shape), np.flatnonzero(usable))
    if found or len(matrices) < _FEWEST:
        return [*found, *path]
    tracked = (*wrong_directions(chain), *wrong_units(chain)) if sweep.provenance.tracked else ()
    alternatives = [*mirrored(matrices, shape), *tracked]
    # A mistake that the images tell makes the path wrong, too.
    return ImageEvidence(sweep.images, usable, matrices).warnings(alternatives) or path
