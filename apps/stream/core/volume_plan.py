"""What a stream will build, decided before the first frame: poses, settings and the grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.growing_volume import Fits, GrowingVolume, first_grid
from apps.stream.core.stream_volume import FixedVolume, StreamVolume
from apps.sweep_warnings import look_at
from apps.sweeps import defaults_for
from edge_sdk.gray_range import GrayRange
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.gray_frames import GRAY_FROM, gray_frames
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import FramePoses, image_to_world
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.holes.filling import check_kernels, fill_holes
from edge_sdk.volume.pixel_types import UINT8
from edge_sdk.volume.reconstruct import effective_settings, make_compounder, make_growing_compounder
from edge_sdk.volume.settings import ReconstructionSettings


class VolumePlan(Protocol):
    """How frames will become a volume, of known extent or growing."""

    @property
    def settings(self) -> ReconstructionSettings:
        """Of the reconstruction."""

    @property
    def frame_shape(self) -> tuple[int, int]:
        """(H, W) of every frame."""

    @property
    def pixel_type(self) -> np.dtype[Any]:
        """Type of the frames' pixels, and of the volume's voxels."""

    @property
    def gray_range(self) -> GrayRange | None:
        """Levels of black and white; None where they are 0 and 255 (uint8)."""

    @property
    def gray_from(self) -> str:
        """How the gray levels came about, such as by luma; "" where they are as the source gives them."""

    @property
    def warnings(self) -> tuple[SweepWarning, ...]:
        """What is probably wrong with the sweep."""

    @property
    def provenance(self) -> Provenance:
        """Where the poses, the calibration and the frames come from."""

    @property
    def remedy(self) -> str:
        """What to look at where no frame reaches the volume."""

    @property
    def grows(self) -> bool:
        """Whether the volume takes more memory as the sweep goes on."""

    def open(self, lattice: TileLattice, fits: Fits) -> StreamVolume:
        """An empty volume to insert frames into.

        Args:
            lattice: Lattice of the network's tiles, in voxels of the volume.
            fits: Asked before the volume grows.
        """


@dataclass(frozen=True)
class FixedPlan:
    """A volume whose extent is known before the first frame; see `VolumePlan`.

    Attributes:
        grid: Grid of the volume.
    """

    settings: ReconstructionSettings
    grid: Grid
    frame_shape: tuple[int, int]
    warnings: tuple[SweepWarning, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    pixel_type: np.dtype[Any] = UINT8
    gray_range: GrayRange | None = None
    gray_from: str = ""

    remedy = "check the poses, and where the volume lies (--box, --around, --grid and the saved grid)"
    grows = False

    def open(self, lattice: TileLattice, fits: Fits) -> FixedVolume:  # noqa: ARG002 (it does not grow)
        return FixedVolume(make_compounder(self.grid, self.settings, self.pixel_type))


@dataclass(frozen=True)
class GrowingPlan:
    """A volume that grows from the first frame on; see `VolumePlan`.

    Attributes:
        image_to_world: 4×4, pixel (x, y, 0, 1) to mm, of a frame at the start.
    """

    settings: ReconstructionSettings
    image_to_world: NDArray[np.float64]
    frame_shape: tuple[int, int]
    warnings: tuple[SweepWarning, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    pixel_type: np.dtype[Any] = UINT8
    gray_range: GrayRange | None = None
    gray_from: str = ""

    remedy = "check the poses, and the memory that the volume may take (--max-memory)"
    grows = True

    def open(self, lattice: TileLattice, fits: Fits) -> GrowingVolume:
        corners = (self.settings.clip or ClipRegion()).corners(self.frame_shape)
        pixels = np.column_stack([corners, np.zeros(4), np.ones(4)])
        first = first_grid((pixels @ self.image_to_world.T)[:, :3], self.settings.spacing, lattice)
        compounder = make_growing_compounder(first.origin, self.settings, self.pixel_type)
        return GrowingVolume(compounder, first, lattice, fits)


def warm_up(plan: VolumePlan) -> None:
    """Compile insertion and hole filling (numba, cached on disk), so that the first frames do not wait for it."""
    settings = plan.settings
    compounder = make_compounder(Grid((2, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), settings, plan.pixel_type)
    compounder.insert(np.zeros(plan.frame_shape, plan.pixel_type), np.eye(4))
    voxels, weights = compounder.read()
    fill_holes(voxels, weights > 0, settings.fill_holes, weights=weights)


@dataclass(frozen=True)
class RecordingPlan(FixedPlan):
    """All that is known of a replay before it starts.

    Attributes:
        sweep: Frames and time stamps.
        poses: Pixel-to-world matrix of each frame.
    """

    sweep: Sweep = field(kw_only=True)
    poses: FramePoses = field(kw_only=True)


def plan_volume(
    sweep: Sweep,
    config: PlusConfig | None,
    package_spacing: tuple[float, float, float],
    *,
    spacing: tuple[float, float, float] | None = None,
) -> RecordingPlan:
    """Decide where the frames lie and what grid they fill.

    The configuration's VolumeReconstruction wins, so that the volume is the one `reconstruct` makes; its saved grid
    counts only where the configuration was read with it. Without a configuration, the volume has the spacing that the
    package was trained on, linear interpolation and the mean.

    Args:
        sweep: The recording.
        config: Calibration and reconstruction settings, or None where the recording holds all transforms.
        package_spacing: mm per voxel (x, y, z) that the package expects.
        spacing: mm per voxel (x, y, z) that someone asked for, whatever the configuration says.

    Raises:
        PoseError: ImageToReference cannot be resolved, or no frame is usable.
        GeometryError: The frames cannot be compounded (see `gray_frames`), or the volume would not fit in memory.
    """
    sweep = gray_frames(sweep)
    defaults = defaults_for(sweep, ReconstructionSettings(spacing=package_spacing))
    settings = effective_settings(config, None if config and config.reconstruction else defaults)
    if spacing is not None:
        settings = settings.with_spacing(spacing)
    check_kernels(settings.fill_holes)
    poses = image_to_world(sweep, config=config, image=settings.image_frame, world=settings.world_frame)
    grid, warnings = look_at(sweep, poses, settings, config)
    shape = sweep.images.shape[1:3]
    return RecordingPlan(
        settings,
        grid,
        shape,
        tuple(warnings),
        sweep.provenance,
        sweep.images.dtype,
        sweep.gray_range,
        sweep.header.get(GRAY_FROM, ""),
        sweep=sweep,
        poses=poses,
    )
