"""Finished compressions, as a report reads them: one, or several that can be compared with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_sdk.errors import TrainingError
from edge_sdk.files import sha256
from edge_sdk.packages.manifest import Gate
from quantization.forms import forms_of
from quantization.measurement import Measure
from quantization.recipe import Recipe
from quantization.records.comparison import FormComparison
from quantization.records.forms import PUBLISHED, FormAccuracy, FormLatencies, FormSize
from quantization.records.run_record import CaseNames, StageReports
from quantization.run_folder import CHECKPOINT, RunFolder


@dataclass(frozen=True)
class Compression:
    """One finished run.

    Attributes:
        name: Tells it from the other runs of the report.
        run: Its folder.
        recipe, cases, versions, stages: As in `RunRecord`.
        metrics, sizes, comparison: Name of a form to its accuracy, its size, and its comparison with the published one.
        gate: The verdict on INT8.
        latency: Latencies of the forms; None where nothing was measured.
    """

    name: str
    run: RunFolder
    recipe: Recipe
    cases: CaseNames
    versions: Mapping[str, str]
    stages: StageReports
    metrics: Mapping[str, FormAccuracy]
    sizes: Mapping[str, FormSize]
    comparison: Mapping[str, FormComparison | None]
    gate: Gate
    latency: FormLatencies | None


@dataclass(frozen=True)
class SharedForm:
    """A form, and the runs in which it is the same one.

    Attributes:
        kind: One of the names in `quantization.forms`.
        runs: The runs, at least one.
    """

    kind: str
    runs: list[Compression]


@dataclass(frozen=True)
class _Requirement:
    """Something that must be equal for numbers to be comparable.

    Attributes:
        difference: Text for the error where it is not.
        value: The value of a run.
    """

    difference: str
    value: object


def read_compressions(folders: Sequence[Path]) -> list[Compression]:
    """The runs in these folders.

    Raises:
        TrainingError: One is not finished, or cannot be compared with the first.
    """
    paths = list(dict.fromkeys(folder.resolve() for folder in folders))
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    found = [_read(path, name) for path, name in zip(paths, names, strict=True)]
    for other in found[1:]:
        _check_agreement(found[0], other)
    return found


def distinct_forms(compressions: Sequence[Compression]) -> list[SharedForm]:
    """Every form once: the published one belongs to all, and so does any that came out equal."""
    found: list[SharedForm] = []
    for compression in compressions:
        for kind in compression.sizes:
            same = next((form for form in found if _is_same(form, kind, compression)), None)
            if same is None:
                found.append(SharedForm(kind, [compression]))
            else:
                same.runs.append(compression)
    return found


def measured_together(compressions: Sequence[Compression], measure: Measure) -> list[Compression]:
    """The compressions with latencies of one measurement of all their forms.

    Raises:
        EdgeSdkError: A file of a run is missing or damaged, or a form cannot be run.
    """
    loaded = {compression.name: forms_of(compression.run) for compression in compressions}
    shared = {str(number): form for number, form in enumerate(distinct_forms(compressions))}
    timings = measure({key: loaded[form.runs[0].name][form.kind] for key, form in shared.items()}).recorded()

    def latencies_of(compression: Compression) -> FormLatencies:
        forms = {
            form.kind: timings.forms[key]
            for key, form in shared.items()
            if compression in form.runs and key in timings.forms
        }
        return FormLatencies(conditions=timings.conditions, forms=forms)

    return [replace(compression, latency=latencies_of(compression)) for compression in compressions]


def _read(path: Path, name: str) -> Compression:
    run = RunFolder(path)
    record = run.record
    if record.cases is None or record.gate is None or not (record.metrics and record.sizes and record.comparison):
        raise TrainingError(
            "holds no finished compression", where=path, remedy="give its recipe to edge-sdk compress again, to its end"
        )
    return Compression(
        name,
        run,
        record.recipe,
        record.cases,
        record.versions,
        record.stages,
        record.metrics,
        record.sizes,
        record.comparison,
        record.gate,
        record.latency,
    )


def _check_agreement(first: Compression, other: Compression) -> None:
    for ours, theirs in zip(_requirements(first), _requirements(other), strict=True):
        if ours.value != theirs.value:
            raise TrainingError(
                f"{ours.difference} than {first.name}",
                where=other.run.path,
                remedy="compare compressions of one checkpoint, on the same data with the same seed",
            )


def _requirements(compression: Compression) -> list[_Requirement]:
    recipe = compression.recipe
    segmentation = (recipe.data.spacing_mm, recipe.data.normalization, recipe.inference)
    return [
        _Requirement("was evaluated on other cases", sorted(compression.metrics[PUBLISHED].cases)),
        _Requirement("began with another checkpoint", sha256(compression.run.path / CHECKPOINT)),
        _Requirement("has patches of another size", recipe.data.patch),
        _Requirement("segments volumes in another way", segmentation),
    ]


def _is_same(form: SharedForm, kind: str, compression: Compression) -> bool:
    if form.kind != kind or kind == PUBLISHED:
        return form.kind == kind
    other = form.runs[0]
    return (other.metrics[kind], other.sizes[kind]) == (compression.metrics[kind], compression.sizes[kind])
