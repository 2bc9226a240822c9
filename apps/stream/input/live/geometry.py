"""Where live frames lie, and the volume that they fill: decided when the sweep starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from apps.inputs import GridChoice
from apps.stream.core.volume_plan import FixedPlan, GrowingPlan, VolumePlan
from apps.sweeps import assumes_calibration
from edge_sdk.errors import GeometryError
from edge_sdk.gray_range import GrayRange
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.image_geometry import IMAGE_TO_PROBE, assumed_calibration, clip_rectangle_fields
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.poses import ImagePlacement
from edge_sdk.sweep.recording.template import RecordingTemplate
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.extent import check_memory, grid_from_extent
from edge_sdk.volume.holes.filling import check_kernels
from edge_sdk.volume.reconstruct import effective_settings
from edge_sdk.volume.settings import ReconstructionSettings

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class VolumeRegion:
    """The part of the world that becomes the volume; where neither is given and no configuration says, it grows.

    Attributes:
        box: First and last mm per axis (x0, x1, y0, y1, z0, z1), or None.
        around: Lengths in mm (x, y, z) of a box about the middle of the first frame with a pose, or None.
    """

    box: tuple[float, float, float, float, float, float] | None = None
    around: Triple | None = None


@dataclass(frozen=True)
class ImageGeometry:
    """What is known of the images beyond their pixels.

    Attributes:
        pixel_spacing: mm (x, y), where someone said so.
        crop: First pixel (x, y) and size of the ultrasound in the frame, or None for all of it.
    """

    pixel_spacing: tuple[float, float] | None = None
    crop: tuple[tuple[int, int], tuple[int, int]] | None = None


@dataclass(frozen=True)
class Calibration:
    """How live frames get to the world.

    Attributes:
        template: Frame shape, header and provenance of a recording of these frames.
        placement: Turns a frame's transforms into its pixel-to-world matrix.
        fixed: Transforms that neither the devices nor the configuration give.
        settings: Reconstruction settings: voxel size, interpolation, compounding.
    """

    template: RecordingTemplate
    placement: ImagePlacement
    fixed: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    settings: ReconstructionSettings = field(kw_only=True)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """(H, W) of the frames."""
        rows, columns = self.template.shape[:2]
        return rows, columns


def calibrate(
    image: TimedImage,
    names: tuple[str, ...],
    config: PlusConfig | None,
    geometry: ImageGeometry,
    package_spacing: Triple,
    provenance: Provenance,
    *,
    spacing: Triple | None = None,
) -> Calibration:
    """Find the way from the pixels to the world.

    Args:
        image: A frame like those that will come.
        names: Transforms that come with the frames.
        config: Calibration and reconstruction settings; those win over an assumed calibration and the defaults.
        geometry: What else is known of the images.
        package_spacing: mm per voxel (x, y, z), where the configuration does not say.
        provenance: Where the poses come from; the assumed calibration is added where there is one.
        spacing: mm per voxel (x, y, z) that someone asked for, whatever the configuration says.

    Raises:
        PoseError: There is no way from the image to the world.
        GeometryError: The settings or the crop are impossible.
    """
    provenance = replace(provenance, source_format="live")
    header: dict[str, str] = {}
    clip = None
    if geometry.crop is not None:
        (left, top), (width, height) = geometry.crop
        # PLUS counts the pixel at origin + size in.
        clip = ClipRegion((float(left), float(top)), (width - 1.0, height - 1.0))
        header = clip_rectangle_fields((left, top), (width - 1, height - 1))
    fixed: dict[str, NDArray[np.float64]] = {}
    pixel_spacing, (rows, columns) = geometry.pixel_spacing, image.image.shape[:2]
    if assumes_calibration(names, config, pixel_spacing) and pixel_spacing:
        assumed = assumed_calibration(pixel_spacing, (rows, columns), clip)
        fixed[IMAGE_TO_PROBE] = assumed.image_to_probe
        provenance = replace(provenance, image_to_probe_assumed=assumed.summary)
    template = RecordingTemplate(image.image.shape, image.image.dtype, header, pixel_spacing, provenance)
    known = {**fixed, **(config.transforms if config else {})}
    defaults = ReconstructionSettings(spacing=package_spacing, clip=clip)
    settings = effective_settings(config, None if config and config.reconstruction else defaults)
    if clip is not None:
        settings = replace(settings, clip=clip)
    if spacing is not None:
        settings = settings.with_spacing(spacing)
    check_kernels(settings.fill_holes)
    placement = ImagePlacement(names, known, image=settings.image_frame, world=settings.world_frame)
    return Calibration(template, placement, fixed, settings=settings)


def live_config(
    config: PlusConfig | None, grid: GridChoice | None, region: VolumeRegion
) -> tuple[PlusConfig | None, tuple[SweepWarning, ...]]:
    """A configuration for live frames, which nobody knows yet: as PLUS does live, with its saved grid.

    Args:
        config: The configuration as it was read, or None.
        grid: "frames" leaves the saved grid out, so that the volume grows; None: the saved grid is taken where a volume
            can have it.
        region: Extent of the volume, as far as it was given; it wins over the configuration's.

    Returns:
        The configuration, and what the operator should know of it.
    """
    if config is None:
        return None, ()
    saved = config.saved_grid
    if saved is None or grid is not None or region != VolumeRegion():
        return config, config.notes
    if not saved.fault:
        return config.with_saved_grid(), config.notes
    unused = SweepWarning(
        f"the configuration's saved grid is not used, and the volume grows: {saved.fault}",
        "the configuration was saved before a volume was reconstructed with it",
        "give --box or --around for a volume of known extent",
    )
    return config, (*config.notes, unused)


def live_plan(
    found: Calibration,
    region: VolumeRegion,
    first_pose: Callable[[], NDArray[np.float64]],
    warnings: tuple[SweepWarning, ...] = (),
    gray_range: GrayRange | None = None,
) -> VolumePlan:
    """The volume that the frames will fill.

    Args:
        found: Calibration of the frames, from `calibrate`.
        region: Extent of the volume, as far as it was given.
        first_pose: Gives image to world, 4×4, of the first frame that has one; called only where it decides.
        warnings: What is known of the sweep before its start.
        gray_range: Levels of black and white, for all of the sweep; None where they are 0 and 255 (uint8).

    Returns:
        A plan of known extent where the region or the configuration gives one, else one that grows.

    Raises:
        GeometryError: The volume would not fit in memory, or as `check_extent`.
        PoseError: No frame has a pose.
    """
    settings, shape, kind = found.settings, found.frame_shape, found.template.dtype
    box: tuple[float, ...] | None = region.box
    if box is None and region.around is not None:
        left, right, top, bottom = (settings.clip or ClipRegion()).bounds(shape)
        middle = (first_pose() @ [(left + right) / 2, (top + bottom) / 2, 0, 1])[:3]
        half = np.array(region.around) / 2
        box = tuple(np.stack([middle - half, middle + half], 1).reshape(-1))
    if box is not None:
        settings = replace(settings, origin=(box[0], box[2], box[4]), extent=_extent(box, settings.spacing))
    check_extent(settings)
    if settings.extent is None or settings.origin is None:
        return GrowingPlan(
            settings,
            first_pose(),
            shape,
            warnings,
            provenance=found.template.provenance,
            pixel_type=kind,
            gray_range=gray_range,
        )
    grid = grid_from_extent(settings.extent, settings.spacing, settings.origin)
    check_memory(grid, bytes_per_voxel=settings.bytes_per_voxel(kind))
    return FixedPlan(
        settings, grid, shape, warnings, provenance=found.template.provenance, pixel_type=kind, gray_range=gray_range
    )


def check_extent(settings: ReconstructionSettings) -> None:
    """Refuse settings that neither give the extent of a live volume nor let it grow.

    Raises:
        GeometryError: OutputOrigin or OutputExtent is given without the other, or positions are to be computed as only
            a volume of known extent can.
    """
    if (settings.extent is None) != (settings.origin is None):
        given, missing = (
            ("OutputOrigin", "OutputExtent") if settings.extent is None else ("OutputExtent", "OutputOrigin")
        )
        raise GeometryError(
            f"{given} is given without {missing}, so the extent of a live volume is not known",
            remedy=f"give both, --around or --box; or leave {given} out, and the volume grows with the sweep",
        )
    if settings.extent is None and settings.plus_optimization in ("PARTIAL", "NONE"):
        raise GeometryError(
            f"a volume that grows with the sweep does not follow PLUS's Optimization {settings.plus_optimization}",
            remedy="give --around, --box, or OutputOrigin and OutputExtent; or use Optimization FULL",
        )


def _extent(box: tuple[float, ...], spacing: Triple) -> tuple[int, int, int, int, int, int]:
    lengths = np.array(box[1::2]) - np.array(box[::2])
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise GeometryError(f"the box {box} ends before it begins", remedy="give X0,X1,Y0,Y1,Z0,Z1 in mm")
    x, y, z = (int(count) for count in np.floor(lengths / spacing + 0.5))
    return 0, x, 0, y, 0, z


def check_crop(crop: tuple[tuple[int, int], tuple[int, int]], shape: tuple[int, int]) -> None:
    """Refuse a crop that leaves the frame.

    Raises:
        GeometryError: The crop leaves the frame.
    """
    (x, y), (width, height) = crop
    rows, columns = shape
    if x < 0 or y < 0 or width < 2 or height < 2 or x + width > columns or y + height > rows:
        raise GeometryError(
            f"the crop of {width}×{height} pixels at ({x}, {y}) leaves the frame of {columns}×{rows}",
            remedy="give a rectangle inside the frame",
        )
