"""The volume that every target segments: a case of the user's data, else a simulated sweep, compounded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.report.html import not_measured
from edge_sdk.packages.manifest import Manifest
from edge_sdk.volume.grid import Volume

SWEEP_FRAMES = 120


@dataclass(frozen=True)
class Workload:
    """A volume and where it comes from.

    Attributes:
        compounding_s: Seconds in which it was made from its sweep; None where it was read.
        described: For the report.
    """

    volume: Volume
    compounding_s: float | None
    described: dict[str, Any]


def make_workload(manifest: Manifest, data: Path | None, seed: int) -> Workload:
    """Read the first case of `data`, or simulate a sweep and compound it at the package's spacing.

    Raises:
        EdgeSdkError: The data cannot be used.
    """
    if data is not None:
        from edge_sdk.inference.cases import find_cases

        case = find_cases(data)[0]
        volume = case.read(manifest.labels)[0]
        return Workload(volume, None, _described(volume, manifest, {"data": "real", "which": str(case.image)}))
    from apps.stream.core.volume_plan import plan_volume
    from edge_sdk.simulation.simulate import simulate
    from edge_sdk.volume.reconstruct import reconstruct

    sweep = simulate(frames=SWEEP_FRAMES, seed=seed).sweep
    plan = plan_volume(sweep, None, manifest.spacing_mm)
    plan.warm_up()
    start = time.perf_counter()
    volume = reconstruct(sweep, settings=plan.settings)
    seconds = time.perf_counter() - start
    said = {
        "data": "synthetic",
        "which": f"simulated sweep of {SWEEP_FRAMES} frames, anatomy vascular, seed {seed}",
        "compounding_ms": 1000 * seconds,
        "compounded_frames_per_second": len(sweep) / seconds,
    }
    return Workload(volume, seconds, _described(volume, manifest, said))


def _described(volume: Volume, manifest: Manifest, said: dict[str, Any]) -> dict[str, Any]:
    read = not_measured("the volume was read from a file, not made from a sweep")
    return {
        "patch_shape": [1, manifest.in_channels, *manifest.patch],
        "patch_values": "uniformly random 8-bit voxels, normalized as the package says",
        "volume_shape_dhw": list(volume.grid.shape),
        "volume_spacing_mm_xyz": list(volume.grid.spacing),
        "network_spacing_mm_xyz": list(manifest.spacing_mm),
        "least_tile_overlap": manifest.inference.overlap,
        "blending": manifest.inference.blending,
        "compounding_ms": read,
        "compounded_frames_per_second": read,
        **said,
    }
