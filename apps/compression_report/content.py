"""What the report of a compression says, before it becomes a page or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from apps.compression_report.compressions import Compression
from apps.compression_report.evaluated_forms import EvaluatedForm, evaluated_forms
from apps.compression_report.figure import Point, accuracy_latency
from apps.compression_report.form_tables import comparison_rows, form_rows
from apps.compression_report.stage_sections import StageSection, stage_sections
from edge_sdk.metrics import no_interval
from quantization.records.forms import INT8, PUBLISHED
from quantization.records.part import Cell

CURVES = "*-curves.png"
NOT_MEASURED = "Latency was not measured: OpenVINO is not installed here."
SEPARATELY = (
    "The latencies of different runs were measured at different moments; times faster is against the published form in "
    "the same measurement."
)


@dataclass(frozen=True)
class Verdict:
    """What the gate of a run says.

    Attributes:
        run: Name of the run.
        verdict: "passed", "failed" or "not run".
        reason: Why, in one line.
    """

    run: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Content:
    """The parts of a report.

    Attributes:
        title, subtitle: Name of the report, and what was compressed.
        tiles: Name to value of the few numbers that matter most; only in the report of a single run.
        verdicts: One a run.
        rows: One a form, heading to text.
        notes: How the numbers of the table came about.
        comparison: Rows under the headings `form_tables.AGAINST_PUBLISHED`.
        figure: Accuracy against latency; None where accuracy or latency is missing.
        facts: Title to names and values.
        stages: One a finished stage; only in the report of a single run.
        curves: PNG files of the fits; only in the report of a single run.
    """

    title: str
    subtitle: str
    tiles: dict[str, str]
    verdicts: list[Verdict]
    rows: list[dict[str, str]]
    notes: list[str]
    comparison: list[dict[str, str]]
    figure: Figure | None
    facts: dict[str, dict[str, Cell]]
    stages: list[StageSection]
    curves: list[Path]


def report_content(compressions: Sequence[Compression], *, together: bool) -> Content:
    """The report of one run, or of several side by side.

    Args:
        together: Whether the latencies come from one measurement.
    """
    first, single = compressions[0], len(compressions) == 1
    names = ", ".join(compression.name for compression in compressions)
    forms = evaluated_forms(compressions)
    data = first.recipe.data
    return Content(
        title=f"Compression {names}" if single else f"Compressions {names}",
        subtitle=f"{_network(first)} on {data.name}",
        tiles=_tiles(forms, first) if single else {},
        verdicts=[Verdict(run.name, run.gate.verdict, run.gate.reason) for run in compressions],
        rows=form_rows(forms),
        notes=_notes(first, together=together or single),
        comparison=comparison_rows(forms),
        figure=_figure(forms, {run.recipe.gate.minimum_ratio for run in compressions}),
        facts=_facts(compressions, together=together),
        stages=stage_sections(first.stages) if single else [],
        curves=sorted(first.run.path.glob(CURVES)) if single else [],
    )


def _network(compression: Compression) -> str:
    network = compression.recipe.network
    return f"EfficientMedNeXt {network.variant}, width {network.width}"


def _tiles(forms: Sequence[EvaluatedForm], compression: Compression) -> dict[str, str]:
    int8 = next(form for form in forms if form.kind == INT8)
    tiles: dict[str, str] = {"gate": compression.gate.verdict}
    if int8.accuracy.mean is not None:
        tiles["mean Dice of INT8"] = f"{int8.accuracy.mean:.4f}"
    if int8.comparison is not None:
        tiles["of the published Dice"] = f"{100 * int8.comparison.ratio:.2f} %"
    if int8.speedup is not None:
        tiles["faster than published"] = f"{int8.speedup:.2f}×"
    return {**tiles, "fewer multiplications": f"{int8.macs_ratio:.2f}×"}


def _notes(first: Compression, *, together: bool) -> list[str]:
    cases, patch = first.cases, _crossed(first.recipe.data.patch)
    evaluated = f"the validation cases ({len(cases.validation)}), which also guided choices"
    if cases.test:
        evaluated = f"the test cases ({len(cases.test)}), on which nothing was tuned"
    notes = [
        f"Dice and HD95: means over {evaluated}.",
        f"Parameters and GMAC: of the inference graph, for one patch of {patch} voxels; times fewer: multiplications.",
    ]
    if few := no_interval(len(cases.test or cases.validation)):
        notes.append(f"There is {few}.")
    if first.latency is None:
        return [*notes, NOT_MEASURED]
    conditions = first.latency.conditions
    notes.append(
        f"MB and ms: what OpenVINO loads, and its median time of one such patch over {conditions.rounds} interleaved "
        f"rounds (threads: {conditions.threads}; {conditions.cpu or 'processor not known'})."
    )
    return notes if together else [*notes, SEPARATELY]


def _figure(forms: Sequence[EvaluatedForm], minimum_ratios: set[float]) -> Figure | None:
    points = [
        Point(form.label, form.family, form.precision, form.median_ms, dice, form.dice_interval)
        for form in forms
        if form.median_ms is not None and (dice := form.accuracy.mean) is not None
    ]
    published = next(form for form in forms if form.kind == PUBLISHED).accuracy.mean
    if not points or published is None:
        return None
    gates = {f"gate: {100 * ratio:g} % of published": ratio * published for ratio in sorted(minimum_ratios)}
    return accuracy_latency(points, gates)


def _facts(compressions: Sequence[Compression], *, together: bool) -> dict[str, dict[str, Cell]]:
    facts: dict[str, dict[str, Cell]] = {}
    for compression in compressions:
        facts[_titled("Run", compression, compressions)] = _identity(compression)
    for compression in compressions[:1] if together else compressions:
        if compression.latency is not None:
            title = "Latency" if together else _titled("Latency", compression, compressions)
            conditions = compression.latency.conditions
            facts[title] = {**conditions.cells(), "patch": _crossed(conditions.patch)}
    return facts


def _titled(title: str, compression: Compression, compressions: Sequence[Compression]) -> str:
    return title if len(compressions) == 1 else f"{title} {compression.name}"


def _crossed(sizes: Sequence[float]) -> str:
    return "×".join(f"{size:g}" for size in sizes)


def _identity(compression: Compression) -> dict[str, Cell]:
    recipe, versions = compression.recipe, compression.versions
    return {
        "folder": str(compression.run.path),
        "network": _network(compression),
        "data": f"{recipe.data.name} ({recipe.data.license})",
        "cases": ", ".join(f"{len(names)} {part}" for part, names in compression.cases.by_part().items()),
        "patch": _crossed(recipe.data.patch),
        "spacing_mm": _crossed(recipe.data.spacing_mm),
        "seed": recipe.seed,
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded",
    }
