"""A stream's report with made-up numbers."""

from __future__ import annotations

from typing import Any

from apps.stream.results.report import StreamReport

LATENCY = {
    **{"n": 2, "p50": 150.0, "p90": 190.0, "p95": 195.0, "p99": {"value": None, "why": "fewer than 100 samples"}},
    **{"mean": 150.0, "std": 50.0, "min": 100.0, "max": 200.0, "samples": [100.0, 200.0]},
}
REPORT: dict[str, Any] = {
    "schema": 1,
    "status": "ok",
    "written_utc": "2026-11-30T18:54:16+00:00",
    "sdk_version": "0.1.0",
    "folder": "/out",
    "source": {
        "uri": "replay:/sweep.igs.mha",
        "replayed": "1 × recorded speed",
        "frames": 3,
        "frame_size": [24, 30],
        "rests_on": {"poses": "the recording's own"},
        "seconds": 0.1,
        "frames_per_second": 20.0,
    },
    "devices": [{"name": "camera:0", "losses": 1, "errors": {}}],
    "warnings": [{"what": "the poses jump", "likely_cause": "a loose marker", "remedy": "fix it"}],
    "recording": {"value": None, "why": "not asked for (--record)"},
    "volume": {
        "shape_dhw": [10, 12, 14],
        "spacing_mm_xyz": [0.5, 0.5, 1.0],
        "origin_mm_xyz": [1.0, 2.0, 3.0],
        "interpolation": "linear",
        "compounding": "mean",
        "holes": "left open",
        "pixel_type": "uint8",
        "gray_range": [0.0, 255.0],
        "gray_from": "as the source gives them",
        "seen_share": 0.5,
        "resampling": "none: the volume has the package's spacing",
    },
    "package": {
        "name": "phantom",
        "manifest_sha256": "ab" * 32,
        "variant": "S",
        "precision": {"openvino": "int8"},
        "patch_dhw": [16, 16, 16],
        "spacing_mm_xyz": [0.5, 0.5, 1.0],
        "training_data": {"name": "phantom", "licence": "Apache-2.0", "cases": 54},
        "gate": "passed",
    },
    "session": {"target": "openvino", "open_s": 1.5, "threads": 2, "patch_shape": [1, 1, 16, 16, 16]},
    "device": {
        **{"cpu": "a CPU", "architecture": "x86_64", "isa": ["avx2"], "cores": 2, "threads": 2, "ram_mb": 1000},
        **{"os": "Linux", "kernel": "Linux 6", "python": "3.11.7", "machine": "a PC", "container": "none seen"},
        **{name: {"value": None, "why": f"no {name} here"} for name in ("governor", "turbo", "power")},
    },
    "frames": {"in_recording": 3, "read": 3, "inserted": 2, "dropped": 0, "left_out": {"a bad pose": 1}},
    "tiles": {"in_volume": 1, "inferred_live": 2, "inferred_final": 1},
    "latency_ms": {
        "whole_frame_in_mask": LATENCY,
        "first_part_in_mask": LATENCY,
        "displayed": {"value": None, "why": "no viewer was open"},
    },
    "final_mask_s": 0.25,
    "stages": [{"name": "warm up", "items": 1, "total_s": 0.1, "p50_ms": 100.0, "p95_ms": 100.0, "max_ms": 100.0}],
    "queues": [{"name": "frames", "capacity": 32, "when_full": "drop oldest", "peak": 1, "dropped": 0}],
    "timeline": {
        "time_s": [0.0, 0.1],
        "queue_depth": {"frames": [0, 1]},
        "frames_dropped": [0, 0],
        "rss_mb": [500.0, 501.0],
        "sweep_from_s": 0.0,
        "sweep_to_s": 0.1,
        "final_mask_at_s": 0.35,
    },
    "memory": {"peak_rss_mb": 502.0, "streaming_peak_rss_mb": 501.0, "stated_limit_mb": 800.0},
    "energy": {"value": None, "why": "a stream reads no power counters"},
    "class_ml": {"vessel": 3.25},
    "accuracy": {"value": None, "why": "the labels of this sweep are not known"},
}
COMPARISON = {
    "against": "known labels",
    "dice": {"vessel": 0.9},
    "mean_dice": 0.9,
    "mask_equals_segment_on_final_volume": True,
}


def small_report(**groups: Any) -> StreamReport:
    """The report, with some groups replaced."""
    return StreamReport.model_validate(REPORT | groups)
