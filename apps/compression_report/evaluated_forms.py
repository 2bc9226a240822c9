"""The forms of compressions with all that is known of each: what tables and the figure show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.compression_report.compressions import Compression, SharedForm, distinct_forms
from edge_sdk.metrics import no_interval
from quantization.records.comparison import FormComparison
from quantization.records.forms import DEPLOY, INT8, PRUNED_FORM, PUBLISHED, FormAccuracy

FORM_LABELS = {
    PUBLISHED: "published FP32",
    DEPLOY: "deploy form FP32",
    PRUNED_FORM: "pruned FP32",
    INT8: "INT8",
}


@dataclass(frozen=True)
class EvaluatedForm:
    """A form and its numbers.

    Attributes:
        kind: Name of the form, one of `quantization.forms`.
        label: In tables and beside points; names the runs where not all have it.
        family: Equal for the float and the INT8 form of one network.
        accuracy: Dice and HD95.
        comparison: The form beside the published one; None for the published form, and without cases.
        parameters: Number of weights and biases.
        macs: Multiply-accumulates for one patch.
        macs_ratio: Multiply-accumulates of the published form over those of this one.
        median_ms: Latency of one patch, ms; None where it was not measured.
        artifact_bytes: Size of the files that the runtime loads; None where the latency was not measured.
        speedup: Latency of the published form over that of this one in the same measurement; None where it was not
            measured.
    """

    kind: str
    label: str
    family: str
    accuracy: FormAccuracy
    comparison: FormComparison | None
    parameters: int
    macs: int
    macs_ratio: float
    median_ms: float | None
    artifact_bytes: int | None
    speedup: float | None

    @property
    def precision(self) -> str:
        """ "FP32" or "INT8"."""
        return "INT8" if self.kind == INT8 else "FP32"

    @property
    def dice_interval(self) -> tuple[float, float] | None:
        """The mean Dice, moved to the ends of the 95 % interval of its paired difference to the published form's.

        None without an interval, as from few cases.
        """
        comparison, mean = self.comparison, self.accuracy.mean
        if comparison is None or mean is None or comparison.difference_ci95 is None or no_interval(comparison.cases):
            return None
        low, high = (mean - comparison.difference + end for end in comparison.difference_ci95)
        return low, high


def evaluated_forms(compressions: Sequence[Compression]) -> list[EvaluatedForm]:
    """Every form once, from the published one to the last run's INT8."""
    shared = distinct_forms(compressions)
    deploys = {run.name: form for form in shared if form.kind == DEPLOY for run in form.runs}
    return [_evaluated(form, compressions, deploys[form.runs[0].name]) for form in shared]


def _evaluated(form: SharedForm, compressions: Sequence[Compression], deploy: SharedForm) -> EvaluatedForm:
    owner, kind = form.runs[0], form.kind
    size, published = owner.sizes[kind], owner.sizes[PUBLISHED]
    timings = {} if owner.latency is None else owner.latency.forms
    timing, reference = timings.get(kind), timings.get(PUBLISHED)
    names = ", ".join(run.name for run in form.runs)
    return EvaluatedForm(
        kind=kind,
        label=FORM_LABELS[kind] if len(form.runs) == len(compressions) else f"{names}: {FORM_LABELS[kind]}",
        family=_family(form, deploy),
        accuracy=owner.metrics[kind],
        comparison=owner.comparison.get(kind),
        parameters=size.parameters,
        macs=size.macs,
        macs_ratio=published.macs / size.macs,
        median_ms=None if timing is None else timing.median_ms,
        artifact_bytes=None if timing is None else timing.artifact_bytes,
        speedup=None if timing is None or reference is None else reference.median_ms / timing.median_ms,
    )


def _family(form: SharedForm, deploy: SharedForm) -> str:
    """INT8 is of the pruned network where its run pruned, else of the deploy form."""
    owner = form.runs[0]
    if form.kind == PUBLISHED:
        return PUBLISHED
    if form.kind != DEPLOY and PRUNED_FORM in owner.sizes:
        return f"{PRUNED_FORM} {owner.name}"
    return f"{DEPLOY} {deploy.runs[0].name}"
