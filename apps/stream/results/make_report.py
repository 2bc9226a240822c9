"""Collects what is known about a stream that ended well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import edge_sdk
from apps.orientation_warnings import tracker_warnings
from apps.report.device_facts import device_facts
from apps.report.measured import NotMeasured
from apps.report.memory import peak_rss_mb
from apps.stream.core.board import DeviceState
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.results.groups import (
    MemoryReport,
    PackageReport,
    SensorReport,
    SessionReport,
    SourceReport,
    VolumeReport,
)
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.latency import latency_report
from apps.stream.results.report import StreamReport
from apps.stream.work.network_view import resampling_summary
from apps.stream.work.outcome import FinishedSweep
from apps.stream.work.recorder_stage import RecordingResult
from edge_sdk.gray_range import UINT8_RANGE
from edge_sdk.metrics import class_ml
from edge_sdk.packages.manifest import Manifest
from edge_sdk.volume.orientation import tracker_order


def stream_report(
    outcome: FinishedSweep,
    plan: VolumePlan,
    *,
    folder: Path,
    source: str,
    pacing: str,
    manifest: Manifest,
    package_digest: str,
    session: SessionReport,
    devices: Sequence[DeviceState] = (),
    comparison: LabelComparison | None = None,
    recording: RecordingResult | None = None,
) -> StreamReport:
    """Collect all that is known about a stream that ended well.

    Args:
        outcome: What the stream left.
        plan: How frames became a volume.
        folder: Where the files of the sweep will be.
        source: URI of the source.
        pacing: Speed of the replay, or that the source was live.
        manifest: Manifest of the package.
        package_digest: SHA-256 of the manifest, hexadecimal.
        session: Target that ran the network.
        devices: Cameras, trackers and peers of a live sweep.
        comparison: How the mask compares with known labels, or None where no labels are known.
        recording: What became of the recording, or None without one.
    """
    return StreamReport(
        status="ended early by the user" if outcome.ended_early else "ok",
        written_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        sdk_version=edge_sdk.__version__,
        folder=folder,
        source=_source(outcome, plan, source, pacing),
        devices=[SensorReport(name=each.name, losses=each.losses, errors=dict(each.errors)) for each in devices],
        warnings=[*tracker_warnings(manifest), *plan.warnings, *outcome.warnings],
        recording=recording or NotMeasured(why="not asked for (--record)"),
        volume=_volume(outcome, plan, manifest),
        package=_package(manifest, package_digest),
        session=session,
        device=device_facts(),
        frames=outcome.frames,
        tiles=outcome.tiles,
        latency_ms=latency_report(outcome),
        final_mask_s=round(outcome.final_mask_s, 4),
        stages=outcome.stages,
        queues=outcome.queues,
        timeline=outcome.timeline,
        memory=MemoryReport(
            peak_rss_mb=round(peak_rss_mb(), 1),
            streaming_peak_rss_mb=round(max(outcome.timeline.rss_mb), 1),
            stated_limit_mb=round(outcome.memory_limit_mb, 1),
        ),
        energy=NotMeasured(why="a stream reads no power counters; edge-sdk benchmark does where the device has them"),
        class_ml={
            name: round(amount, 4)
            for name, amount in class_ml(outcome.mask.voxels, outcome.volume.grid.voxel_ml, manifest.labels).items()
        },
        accuracy=comparison or NotMeasured(why="the labels of this sweep are not known"),
    )


def _source(outcome: FinishedSweep, plan: VolumePlan, uri: str, pacing: str) -> SourceReport:
    frames, seconds = outcome.frames, outcome.streaming_s
    return SourceReport(
        uri=uri,
        replayed=pacing,
        frames=frames.read if isinstance(frames.in_recording, NotMeasured) else frames.in_recording,
        frame_size=plan.frame_shape,
        rests_on=plan.provenance.summary() or {"poses": "the recording's own"},
        seconds=round(seconds, 3),
        frames_per_second=round(frames.inserted / seconds, 2)
        if seconds > 0
        else NotMeasured(why="all frames came at one moment"),
    )


def _volume(outcome: FinishedSweep, plan: VolumePlan, manifest: Manifest) -> VolumeReport:
    grid, settings = outcome.volume.grid, plan.settings
    x, y, z = grid.origin
    return VolumeReport(
        shape_dhw=grid.shape,
        spacing_mm_xyz=grid.spacing,
        origin_mm_xyz=(round(x, 4), round(y, 4), round(z, 4)),
        interpolation=settings.interpolation,
        compounding=settings.compounding,
        holes=", ".join(kernel.kernel for kernel in settings.fill_holes) or "left open",
        pixel_type=str(outcome.volume.voxels.dtype),
        gray_range=outcome.volume.gray_range or UINT8_RANGE,
        gray_from=plan.gray_from or "as the source gives them",
        seen_share=round(float(outcome.seen.mean()), 4),
        resampling=resampling_summary(tracker_order(manifest.orientation).grid(grid), manifest.spacing_mm),
    )


def _package(manifest: Manifest, digest: str) -> PackageReport:
    return PackageReport(
        name=manifest.name,
        manifest_sha256=digest,
        variant=manifest.variant,
        precision=dict(manifest.precision),
        patch_dhw=manifest.patch,
        spacing_mm_xyz=manifest.spacing_mm,
        training_data=manifest.training_data,
        gate=manifest.gate.verdict,
    )
