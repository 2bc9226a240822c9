"""The demo: a simulated sweep, whose labels are known, through the whole of `stream`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from apps.report.memory import forget_peak
from apps.shipped import shipped_package
from apps.stream.job import stream_to_folder
from apps.stream.results.report import Accuracy
from apps.stream.results.sinks import check_folder, write_text
from apps.stream.work.outcome import StreamOutcome
from edge_sdk.errors import PackageError, StreamError
from edge_sdk.inference.segment import segment
from edge_sdk.metrics import dice_per_class, mean_over_classes
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress
from edge_sdk.simulation.dataset import visible_labels
from edge_sdk.simulation.simulate import Simulation, labels_on, simulate
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.volume.files import write_volume

HELD_OUT_SEED = 424_242
"""Far from the seeds that training data are made with (scripts/phantom_dataset.py counts up from 1000)."""


def run_demo(folder: Path, *, from_scratch: bool, progress: Progress) -> dict[str, Any]:
    """Make the sweep, stream it at its recorded speed, and compare the mask with the labels.

    Args:
        folder: Gets sweep.igs.mha, sweep.xml and labels.nii.gz besides what `stream` leaves.
        from_scratch: Make the package too.
        progress: Called with (done, total, what).

    Returns:
        The stream's report.

    Raises:
        PackageError: The package is not one for the simulated anatomy, or cannot be used here.
        StreamError: A stage of the stream failed, or the final mask is not what `segment` makes of the final volume.
    """
    check_folder(folder)
    if from_scratch:
        from apps.from_scratch import build_package

        package = build_package(folder, progress)
    else:
        package = shipped_package()
    simulation = simulate(seed=HELD_OUT_SEED, progress=progress)
    sweep, config = folder / "sweep.igs.mha", folder / "sweep.xml"
    write_sweep(simulation.sweep, sweep)
    write_text(config, simulation.plus_config_xml)

    def judge(outcome: StreamOutcome, session: PackageSession) -> Accuracy:
        write_volume(visible_labels(labels_on(simulation, outcome.volume.grid), outcome.seen), folder / "labels.nii.gz")
        return compare_with_labels(outcome, session, simulation, progress)

    forget_peak()  # The simulation's memory is not the stream's.
    report = stream_to_folder(
        f"replay:{sweep}",
        package,
        folder,
        config=[config],
        title=f"Simulated sweep · {package.stem}",
        judge=judge,
        progress=progress,
    )
    if not report["accuracy"]["mask_equals_segment_on_final_volume"]:
        raise StreamError(
            "the final mask differs from what segment makes of the final volume",
            where=folder / "mask.nii.gz",
            remedy="this runtime does not repeat its own results here; report it with report.json",
        )
    return report


def compare_with_labels(
    outcome: StreamOutcome, session: PackageSession, simulation: Simulation, progress: Progress
) -> Accuracy:
    """Dice against the simulation's labels where something was seen, and whether the mask is what `segment` gives."""
    assert outcome.mask is not None
    again = segment(
        session, outcome.volume, progress=lambda done, total, _: progress(done, total, "check with segment")
    )
    labels = labels_on(simulation, outcome.volume.grid)
    if session.manifest.labels != simulation.label_names:
        raise PackageError(
            f"labels {session.manifest.labels}, the simulation has {simulation.label_names}",
            where=session.manifest.name,
            remedy="use a package trained on the simulated anatomy",
        )
    names = {label: name for label, name in simulation.label_names.items() if label != 0}
    scores = dice_per_class(outcome.mask.voxels[outcome.seen], labels.voxels[outcome.seen], names)
    mean = mean_over_classes(scores)
    assert mean is not None, "a simulated sweep always holds labeled voxels"
    return Accuracy(
        dice={name: scores[label] for label, name in names.items()},
        mean_dice=mean,
        equals_segment=bool(np.array_equal(again.voxels, outcome.mask.voxels)),
        against="the simulation's labels, where a frame reached",
    )
