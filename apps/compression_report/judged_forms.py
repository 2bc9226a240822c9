"""The forms of compressions with all that is known of each: what tables and the figure show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.compression_report.compressions import Compression, SharedForm, distinct_forms
from quantization.forms import DEPLOY, INT8, PRUNED_FORM, PUBLISHED

WORDS = {
    PUBLISHED: "published FP32",
    DEPLOY: "deploy form FP32",
    PRUNED_FORM: "pruned FP32",
    INT8: "INT8",
}


@dataclass(frozen=True)
class JudgedForm:
    """A form and its numbers.

    Attributes:
        label: In tables and beside points; names the runs where not all have it.
        family: Equal for the float and the INT8 form of one network.
        metrics: What `quantization.evaluation.evaluate` returned.
        against_published: The numbers of `quantization.gate.judge`; empty for the published form, and without cases.
        macs_ratio: Multiplications of the published form over those of this one.
        median_ms, artifact_bytes, speedup: None where the latency was not measured; the speed-up is against the
            published form in the same measurement.
    """

    kind: str
    label: str
    family: str
    metrics: Mapping[str, Any]
    against_published: Mapping[str, Any]
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
        """The mean Dice, moved to the ends of the 95 % interval of its paired difference to the published form's."""
        numbers, mean = self.against_published, self.metrics["mean"]
        if not numbers or mean is None:
            return None
        low, high = (mean - numbers["difference"] + end for end in numbers["difference_ci95"])
        return low, high


def judged_forms(compressions: Sequence[Compression]) -> list[JudgedForm]:
    """Every form once, from the published one to the last run's INT8."""
    shared = distinct_forms(compressions)
    deploys = {run.name: form for form in shared if form.kind == DEPLOY for run in form.runs}
    return [_judged(form, compressions, deploys[form.runs[0].name]) for form in shared]


def _judged(form: SharedForm, compressions: Sequence[Compression], deploy: SharedForm) -> JudgedForm:
    owner, kind = form.runs[0], form.kind
    size, published = owner.said["sizes"][kind], owner.said["sizes"][PUBLISHED]
    timings = owner.latency["forms"] if owner.latency else {}
    timing, reference = timings.get(kind), timings.get(PUBLISHED)
    names = ", ".join(run.name for run in form.runs)
    return JudgedForm(
        kind=kind,
        label=WORDS[kind] if len(form.runs) == len(compressions) else f"{names}: {WORDS[kind]}",
        family=_family(form, deploy),
        metrics=owner.said["metrics"][kind],
        against_published=owner.said["comparison"].get(kind, {}),
        parameters=size["parameters"],
        macs=size["macs"],
        macs_ratio=published["macs"] / size["macs"],
        median_ms=timing and timing["median_ms"],
        artifact_bytes=timing and timing["artifact_bytes"],
        speedup=reference["median_ms"] / timing["median_ms"] if timing and reference else None,
    )


def _family(form: SharedForm, deploy: SharedForm) -> str:
    """INT8 is of the pruned network where its run pruned, else of the deploy form."""
    owner = form.runs[0]
    if form.kind == PUBLISHED:
        return PUBLISHED
    if form.kind != DEPLOY and PRUNED_FORM in owner.said["sizes"]:
        return f"{PRUNED_FORM} {owner.name}"
    return f"{DEPLOY} {deploy.runs[0].name}"
