"""What a stream will build, decided before the first frame: poses, settings and the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from apps.sweep_warnings import look_at
from apps.sweeps import defaults_for, told
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import FramePoses, image_to_world
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.holes.filling import check_kernels, fill_holes
from edge_sdk.volume.reconstruct import effective_settings, make_compounder
from edge_sdk.volume.settings import ReconstructionSettings


@dataclass(frozen=True)
class VolumePlan:
    """How frames will become a volume.

    Attributes:
        settings: Of the reconstruction.
        grid: The volume's.
        frame_shape: (H, W) of every frame.
        warnings: What is probably wrong with the sweep.
        rests_on: What a result rests on beyond the frames and their own poses, for outputs.
    """

    settings: ReconstructionSettings
    grid: Grid
    frame_shape: tuple[int, int]
    warnings: tuple[SweepWarning, ...] = ()
    rests_on: Mapping[str, str] = field(default_factory=dict)

    def compounder(self) -> Compounder:
        """An empty volume to put frames into."""
        return make_compounder(self.grid, self.settings)

    def warm_up(self) -> None:
        """Compile insertion and hole filling (numba, cached on disk), so that the first frames do not wait for it."""
        compounder = make_compounder(Grid((2, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), self.settings)
        compounder.insert(np.zeros(self.frame_shape, np.uint8), np.eye(4))
        voxels, weights = compounder.read()
        fill_holes(voxels, weights > 0, self.settings.fill_holes, weights=weights)


@dataclass(frozen=True)
class Plan(VolumePlan):
    """All that is known of a replay before it starts.

    Attributes:
        sweep: Frames and time stamps.
        poses: Image to world, per frame.
    """

    sweep: Sweep = field(kw_only=True)
    poses: FramePoses = field(kw_only=True)


def plan_volume(
    sweep: Sweep,
    config: PlusConfig | None,
    package_spacing: tuple[float, float, float],
    *,
    spacing: tuple[float, float, float] | None = None,
) -> Plan:
    """Decide where the frames lie and what grid they fill.

    The configuration's VolumeReconstruction wins, so that the volume is the one `reconstruct` makes; without it,
    the volume has the spacing that the package was trained on, linear interpolation and the mean.

    Args:
        sweep: The recording.
        config: Calibration and reconstruction settings, or None where the recording holds all transforms.
        package_spacing: mm per voxel (x, y, z) that the package expects.
        spacing: mm per voxel (x, y, z) that someone asked for, whatever the configuration says.

    Raises:
        PoseError: ImageToReference cannot be resolved, or no frame is usable.
        GeometryError: The frames are not 8-bit gray images, or the volume would not fit in memory.
    """
    defaults = defaults_for(sweep, ReconstructionSettings(spacing=package_spacing))
    settings = effective_settings(config, None if config and config.reconstruction else defaults)
    if spacing is not None:
        settings = replace(settings, spacing=spacing)
    check_kernels(settings.fill_holes)
    poses = image_to_world(sweep, config=config, image=settings.image_frame, world=settings.world_frame)
    grid, warnings = look_at(sweep, poses, settings, config)
    shape = sweep.images.shape[1:3]
    return Plan(settings, grid, shape, tuple(warnings), told(sweep), sweep=sweep, poses=poses)
