"""What a stream reports: one dictionary, written as JSON and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edge_sdk
from apps.report.html import not_measured
from apps.report.memory import peak_rss_mb
from apps.report.statistics import summary_ms
from apps.stream.core.board import DeviceState
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.work.network_view import resampling_said
from apps.stream.work.outcome import StreamOutcome
from apps.stream.work.recorder_stage import Recording
from apps.sweep_warnings import for_json
from edge_sdk.device import describe_device
from edge_sdk.metrics import class_ml
from edge_sdk.packages.manifest import Manifest

SCHEMA = 1


@dataclass(frozen=True)
class Accuracy:
    """How the final mask compares with known labels, where voxels were seen.

    Attributes:
        dice: Class name → Dice; None where neither the mask nor the labels hold the class.
        mean_dice: Over the classes.
        equals_segment: Whether the mask equals `edge_sdk.segment` on the final volume, voxel for voxel.
        against: What the labels are.
    """

    dice: dict[str, float | None]
    mean_dice: float
    equals_segment: bool
    against: str


def stream_report(
    outcome: StreamOutcome,
    plan: VolumePlan,
    *,
    folder: Path,
    source: str,
    pacing: str,
    manifest: Manifest,
    package_digest: str,
    session: Mapping[str, Any],
    devices: Sequence[DeviceState] = (),
    accuracy: Accuracy | None = None,
    recording: Recording | None = None,
) -> dict[str, Any]:
    """All that is known about a stream that ended well; every field is a value or says why it is not.

    Args:
        outcome: What `RunningStream.run` returned.
        plan: What was asked for.
        folder: Where it will lie.
        source: The URI.
        pacing: How it was replayed, or that it was live.
        manifest: Of the package.
        package_digest: The package's identity.
        session: Target, open time and description of the session.
        devices: Of a live sweep.
        accuracy: Where labels are known.
        recording: Where it was recorded.
    """
    assert outcome.mask is not None
    grid, frames = plan.grid, outcome.frames
    seconds = outcome.streaming_s
    rate = frames["inserted"] / seconds if seconds > 0 else not_measured("all frames came at one moment")
    return {
        "schema": SCHEMA,
        "status": "ended early by the user" if outcome.ended_early else "ok",
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "sdk_version": edge_sdk.__version__,
        "folder": str(folder),
        "source": {
            "uri": source,
            "replayed": pacing,
            "frames": frames["read"] if frames["in_recording"] is None else frames["in_recording"],
            "frame_size": list(plan.frame_shape),
            "rests_on": dict(plan.rests_on) or {"poses": "the recording's own"},
            "seconds": round(seconds, 3),
            "frames_per_second": round(rate, 2) if isinstance(rate, float) else rate,
        },
        "devices": [{"name": each.name, "losses": each.losses, "errors": dict(each.errors)} for each in devices],
        "warnings": for_json(plan.warnings),
        "recording": recording.described() if recording else not_measured("not asked for (--record)"),
        "volume": {
            "shape_dhw": list(grid.shape),
            "spacing_mm_xyz": list(grid.spacing),
            "origin_mm_xyz": [round(value, 4) for value in grid.origin],
            "interpolation": plan.settings.interpolation,
            "compounding": plan.settings.compounding,
            "holes": ", ".join(kernel.kernel for kernel in plan.settings.fill_holes) or "left open",
            "seen_share": round(float(outcome.seen.mean()), 4),
            "resampling": resampling_said(grid, manifest.spacing_mm),
        },
        "package": {
            "name": manifest.name,
            "manifest_sha256": package_digest,
            "variant": manifest.variant,
            "precision": dict(manifest.precision),
            "patch_dhw": list(manifest.patch),
            "spacing_mm_xyz": list(manifest.spacing_mm),
            "training_data": manifest.training_data.model_dump(by_alias=True),
            "gate": manifest.gate.verdict,
        },
        "session": dict(session),
        "device": {
            name: not_measured(fact.reason or "not known") if fact.value is None else fact.value
            for name, fact in describe_device().items()
        },
        "frames": {
            **frames,
            "in_recording": not_measured("a live sweep ends when someone ends it")
            if frames["in_recording"] is None
            else frames["in_recording"],
        },
        "tiles": outcome.tiles,
        "latency_ms": {
            "whole_frame_in_mask": summary_ms(outcome.latency_whole_s),
            "first_part_in_mask": summary_ms(outcome.latency_first_s),
            "displayed": summary_ms(outcome.latency_displayed_s)
            if outcome.latency_displayed_s
            else not_measured("no viewer was open"),
        },
        "final_mask_s": round(outcome.final_mask_s, 4),
        "stages": outcome.stages,
        "queues": outcome.queues,
        "timeline": outcome.timeline,
        "memory": {
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "streaming_peak_rss_mb": round(max(outcome.timeline["rss_mb"]), 1),
            "stated_limit_mb": round(outcome.memory_limit_mb, 1),
        },
        "energy": not_measured("a stream reads no power counters; edge-sdk benchmark does where the device has them"),
        "class_ml": {
            name: round(amount, 4)
            for name, amount in class_ml(outcome.mask.voxels, grid.voxel_ml, manifest.labels).items()
        },
        "accuracy": not_measured("the labels of this sweep are not known")
        if accuracy is None
        else {
            "against": accuracy.against,
            "dice": {
                name: not_measured("neither the mask nor the labels hold it") if value is None else round(value, 5)
                for name, value in accuracy.dice.items()
            },
            "mean_dice": round(accuracy.mean_dice, 5),
            "mask_equals_segment_on_final_volume": accuracy.equals_segment,
        },
    }


def stream_summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of `summary.json`."""
    latency = report["latency_ms"]["whole_frame_in_mask"]
    summary = {
        "frames_inserted": report["frames"]["inserted"],
        "frames_dropped": report["frames"]["dropped"],
        "latency_ms_p50": latency["p50"],
        "latency_ms_p95": latency["p95"],
        "final_mask_s": report["final_mask_s"],
        "peak_rss_mb": report["memory"]["peak_rss_mb"],
        "class_ml": report["class_ml"],
        "frames_left_out": report["frames"]["left_out"],
        "warnings": report["warnings"],
    }
    if "mean_dice" in report["accuracy"]:
        summary |= {"mean_dice": report["accuracy"]["mean_dice"], "dice": report["accuracy"]["dice"]}
    return summary
