"""What a sweep holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.sweep_warnings import for_json, memory
from edge_sdk.errors import EdgeSdkError

if TYPE_CHECKING:
    from apps.sweeps import SweepOptions
    from edge_sdk.sweep.plus_config import PlusConfig
    from edge_sdk.sweep.poses import FramePoses
    from edge_sdk.sweep.sweep import Sweep
    from edge_sdk.sweep.timing import TimeReport
    from edge_sdk.sweep.warning import SweepWarning
    from edge_sdk.volume.settings import ReconstructionSettings

USUAL_SPACING_MM = 0.5
"""Spacing of the volume whose memory is estimated, mm."""


@dataclass(frozen=True)
class WorldBox:
    """A box along the world's axes: its least corner and its size (x, y, z), mm."""

    from_mm: list[float]
    size_mm: list[int]


@dataclass(frozen=True)
class SweepCoverage:
    """What the frames of a sweep reach.

    Attributes:
        usable_frames: Frames with an image and a pose; None where that is not known.
        left_out: Why a frame is not usable → how many are left out for that; None where that is not known.
        extent: The box around the usable frames, or why there is none.
        memory: What a volume of `USUAL_SPACING_MM` needs, and what there is; None without a box.
        warnings: What is probably wrong with the sweep.
    """

    usable_frames: int | None
    left_out: dict[str, int] | None
    extent: WorldBox | str
    memory: dict[str, str] | None
    warnings: list[SweepWarning]

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it; what is not known is left out."""
        left_out = {} if self.left_out is None else {"left_out": self.left_out}
        takes = {} if self.memory is None else {f"memory_at_{USUAL_SPACING_MM:g}_mm": self.memory}
        return {
            "usable_frames": self.usable_frames,
            **left_out,
            "extent": asdict(self.extent) if isinstance(self.extent, WorldBox) else self.extent,
            **takes,
            "warnings": for_json(self.warnings),
        }


@dataclass(frozen=True)
class SweepDescription:
    """What a recording holds.

    Attributes:
        format: Name of the file's format.
        sweep: The recording itself.
        times: Its frames' time stamps.
        compounding: Why its images cannot be compounded; None where they can.
        levels: What compounding takes of its gray levels; empty without images.
        coverage: What its frames reach.
        header: Fields of its header, or what a result from it rests on.
    """

    format: str
    sweep: Sweep
    times: TimeReport
    compounding: str | None
    levels: dict[str, str]
    coverage: SweepCoverage
    header: dict[str, str]

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        sweep, times, images = self.sweep, self.times, self.sweep.images
        compounding = {} if self.compounding is None else {"compounding": self.compounding}
        return {
            "kind": "sweep",
            "format": self.format,
            "frames": len(sweep),
            "image_size": list(images.shape[2:0:-1]) if images.size else None,
            "channels": images.shape[3] if images.ndim == 4 else 1,
            "pixel_type": str(images.dtype) if images.size else None,
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
            **compounding,
            **{name: text for name, text in self.levels.items() if name in ("gray_range", "gray_from")},
            **self.coverage.as_json(),
            "header": self.header,
        }


def describe_sweep(path: Path, config: PlusConfig | None, options: SweepOptions | None = None) -> SweepDescription:
    """What a recording is, its frames, times, transforms and the region they sweep.

    Args:
        path: The recording.
        config: Its calibration; None for what the recording holds.
        options: How it becomes a sweep with poses.

    Raises:
        EdgeSdkError: Not readable as a sweep.
    """
    from apps.sweeps import load_sweep
    from edge_sdk.errors import GeometryError
    from edge_sdk.sweep.formats import format_of
    from edge_sdk.sweep.gray_frames import gray_frames, levels_summary
    from edge_sdk.sweep.timing import examine_times

    sweep = load_sweep(path, options, config=config, need_poses=False)
    problem, levels = None, sweep
    try:
        levels = gray_frames(sweep)
    except GeometryError as error:
        problem = f"not possible: {error.what}"
    return SweepDescription(
        format=format_of(path).name,
        sweep=sweep,
        times=examine_times(sweep.timestamps),
        compounding=problem,
        levels={} if problem or not sweep.images.size else levels_summary(levels),
        coverage=_coverage(levels, config),
        header=_header(sweep),
    )


def _coverage(sweep: Sweep, config: PlusConfig | None) -> SweepCoverage:
    from edge_sdk.sweep.poses import image_to_world
    from edge_sdk.sweep.sanity import check_recording, check_sweep
    from edge_sdk.volume.reconstruct import effective_settings

    known = check_recording(sweep)
    if not sweep.transforms:
        why = "none: the recording has no poses; --poses gives it some"
        return SweepCoverage(None, None, why, None, known)
    settings = effective_settings(config)
    try:
        poses = image_to_world(sweep, config=config, image=settings.image_frame, world=settings.world_frame)
        usable, left_out = int(poses.usable.sum()), dict(Counter(filter(None, poses.reasons)))
        if not sweep.images.size:
            return SweepCoverage(usable, left_out, "none: the recording has no images", None, known)
        box, takes = _extent(sweep, poses, settings)
    except EdgeSdkError as error:
        return SweepCoverage(None, None, f"unknown: {error.what}; {error.remedy}", None, known)
    found = check_sweep(sweep, poses, config=config, image=settings.image_frame, world=settings.world_frame)
    notes = [] if config is None else config.notes
    return SweepCoverage(usable, left_out, box, takes, [*found, *notes])


def _extent(sweep: Sweep, poses: FramePoses, settings: ReconstructionSettings) -> tuple[WorldBox, dict[str, str]]:
    """The box of the usable frames, and the memory that its volume takes; nothing is allocated here."""
    from edge_sdk.volume.extent import grid_for

    height, width = sweep.images.shape[1:3]
    usable = poses.matrices[poses.usable]
    in_mm, usual = (grid_for(usable, (height, width), step, memory_limit=2**100) for step in (1.0, USUAL_SPACING_MM))
    return WorldBox([round(value, 2) for value in in_mm.origin], list(in_mm.shape[::-1])), memory(
        usual, settings, sweep.images.dtype
    )


def _header(sweep: Sweep) -> dict[str, str]:
    """The header of a recording whose format is known; of another program's sequence file, its provenance alone."""
    provenance = sweep.provenance
    return provenance.summary() if provenance.source_format is None else provenance.header_fields(sweep.header)
