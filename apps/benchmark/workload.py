"""The volume that every target segments: a case of the user's data, else a simulated sweep, compounded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from apps.benchmark.shared_groups import WorkloadGroup
from apps.report.measured import NotMeasured
from edge_sdk.packages.manifest import Manifest
from edge_sdk.volume.grid import Volume

SWEEP_FRAMES = 120


@dataclass(frozen=True)
class Workload:
    """A volume and where it comes from.

    Attributes:
        volume: What every target segments.
        compounding_s: Seconds in which it was made from its sweep; None where it was read.
        group: The group "workload" of the report.
    """

    volume: Volume
    compounding_s: float | None
    group: WorkloadGroup


def make_workload(manifest: Manifest, data: Path | None, seed: int) -> Workload:
    """Read the first case of `data`, or simulate a sweep and compound it at the package's spacing.

    Args:
        manifest: Manifest of the package that is measured.
        data: Folder of labeled volumes; None for a simulated sweep.
        seed: Seed of the simulated sweep.

    Raises:
        EdgeSdkError: The data cannot be used.
    """
    if data is not None:
        from edge_sdk.inference.cases import find_cases

        case = find_cases(data)[0]
        volume = case.read(manifest.labels)[0]
        read = NotMeasured(why="the volume was read from a file, not made from a sweep")
        return Workload(volume, None, _group(volume, manifest, "real", str(case.image), read, read))
    from apps.stream.core.volume_plan import plan_volume, warm_up
    from edge_sdk.simulation.simulate import simulate
    from edge_sdk.volume.orientation import tracker_spacing
    from edge_sdk.volume.reconstruct import reconstruct

    sweep = simulate(frames=SWEEP_FRAMES, seed=seed).sweep
    plan = plan_volume(sweep, None, tracker_spacing(manifest.spacing_mm, manifest.orientation))
    warm_up(plan)
    start = time.perf_counter()
    volume = reconstruct(sweep, settings=plan.settings)
    seconds = time.perf_counter() - start
    which = f"simulated sweep of {SWEEP_FRAMES} frames, anatomy vascular, seed {seed}"
    group = _group(volume, manifest, "synthetic", which, 1000 * seconds, len(sweep) / seconds)
    return Workload(volume, seconds, group)


def _group(
    volume: Volume,
    manifest: Manifest,
    data: str,
    which: str,
    compounding_ms: float | NotMeasured,
    compounded_frames_per_second: float | NotMeasured,
) -> WorkloadGroup:
    return WorkloadGroup(
        patch_shape=[1, manifest.in_channels, *manifest.patch],
        patch_values="uniformly random 8-bit voxels, normalized as the package says",
        volume_shape_dhw=list(volume.grid.shape),
        volume_spacing_mm_xyz=list(volume.grid.spacing),
        network_spacing_mm_xyz=list(manifest.spacing_mm),
        least_tile_overlap=manifest.inference.overlap,
        blending=manifest.inference.blending,
        compounding_ms=compounding_ms,
        compounded_frames_per_second=compounded_frames_per_second,
        data=data,
        which=which,
    )
