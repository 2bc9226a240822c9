"""What a run records of each form: its accuracy, its size, and its latency on the machine that compressed it."""

from __future__ import annotations

from pydantic import Field

from quantization.records.part import RecordPart, RecordRow

PUBLISHED, DEPLOY, PRUNED_FORM, INT8 = "published_fp32", "deploy_fp32", "pruned_fp32", "int8"
"""Names of the forms, in run.json and everywhere else; the pruned one is there only where a run pruned."""
ClassScores = dict[int, float | None]
"""Class number to Dice, or to a distance in mm; None where the class is neither in the mask nor in the labels."""


class FormAccuracy(RecordPart):
    """Dice and HD95 of a form on the held-out cases.

    Attributes:
        dice: Class name to mean Dice over the cases that have the class.
        mean: Dice averaged over the classes of a case, then over the cases.
        cases: Case identity to the Dice of its classes.
        hd95_mm: Class name to mean 95th percentile of the Hausdorff distance, mm.
        hd95_mean_mm: HD95 averaged over the classes of a case, then over the cases, mm.
        hd95_cases: Case identity to the HD95 of its classes, mm; None in runs of versions that measured no distances.
    """

    dice: dict[str, float | None]
    mean: float | None
    cases: dict[str, ClassScores]
    hd95_mm: dict[str, float | None] = Field(default_factory=dict)
    hd95_mean_mm: float | None = None
    hd95_cases: dict[str, ClassScores] | None = None


class FormSize(RecordPart):
    """A form's inference graph, without what only training runs.

    Attributes:
        parameters: Number of weights and biases.
        macs: Multiply-accumulates of the convolutions for one patch.
    """

    parameters: int
    macs: int


class FormTiming(RecordPart):
    """A form's latency for one patch.

    Attributes:
        median_ms: Median of the samples, ms.
        samples_ms: Every measurement in order of time, ms.
        artifact_bytes: Size of the files that the runtime loads.
    """

    median_ms: float
    samples_ms: list[float]
    artifact_bytes: int = Field(validation_alias="artefact_bytes", serialization_alias="artefact_bytes")


class LatencyConditions(RecordRow):
    """How latencies were measured.

    Attributes:
        runtime: Runtime with its version.
        threads: Threads of the runtime.
        patch: (D, H, W) voxels of the patch.
        protocol: Order of the measurements, and what was taken from them.
        cpu: Name of the processor.
        isa: Instruction sets of the processor.
        machine: Kind of the machine, such as a virtual one.
        rounds: Rounds in which every form was measured once.
        load_average_at_start: Load of the machine over the minute before.
    """

    runtime: str | None = None
    threads: int | str | None = None
    patch: tuple[int, ...] = ()
    protocol: str | None = None
    cpu: str | None = None
    isa: list[str] | str | None = None
    machine: str | None = None
    rounds: int | None = None
    load_average_at_start: float | None = None


class FormLatencies(RecordPart):
    """Latencies of forms that were measured together.

    Attributes:
        conditions: How they were measured.
        forms: Name of the form to its timing.
    """

    conditions: LatencyConditions
    forms: dict[str, FormTiming]
