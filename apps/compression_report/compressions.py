"""Finished compressions, as a report reads them: one, or several that can be held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_sdk.errors import TrainingError
from edge_sdk.files import sha256
from quantization.forms import PUBLISHED, forms_of
from quantization.measurement import Measure
from quantization.run_folder import CHECKPOINT, RunFolder

NEEDED = ("metrics", "sizes", "comparison", "gate")


@dataclass(frozen=True)
class Compression:
    """One finished run.

    Attributes:
        name: Tells it from the other runs of the report.
        said: What run.json says.
        latency: {"conditions", "forms": {form: timing}}; None where nothing was measured.
    """

    name: str
    run: RunFolder
    said: Mapping[str, Any]
    latency: Mapping[str, Any] | None


@dataclass(frozen=True)
class SharedForm:
    """A form, and the runs in which it is the same one.

    Attributes:
        kind: One of `quantization.forms`.
    """

    kind: str
    runs: list[Compression]


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
        for kind in compression.said["sizes"]:
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
    timings = measure({key: loaded[form.runs[0].name][form.kind] for key, form in shared.items()}).described()

    def of(compression: Compression) -> dict[str, Any]:
        forms = {
            form.kind: timings["forms"][key]
            for key, form in shared.items()
            if compression in form.runs and key in timings["forms"]
        }
        return {"conditions": timings["conditions"], "forms": forms}

    return [replace(compression, latency=of(compression)) for compression in compressions]


def _read(path: Path, name: str) -> Compression:
    run = RunFolder(path)
    said = run.description
    if any(key not in said for key in NEEDED):
        raise TrainingError(
            "holds no finished compression", where=path, remedy="give its recipe to edge-sdk compress again, to its end"
        )
    return Compression(name, run, said, said.get("latency"))


def _check_agreement(first: Compression, other: Compression) -> None:
    theirs = _agreement(other)
    for difference, value in _agreement(first).items():
        if theirs[difference] != value:
            raise TrainingError(
                f"{difference} than {first.name}",
                where=other.run.path,
                remedy="compare compressions of one checkpoint, on the same data with the same seed",
            )


def _agreement(compression: Compression) -> dict[str, Any]:
    """What must be equal for numbers to be comparable, by what is said where it is not."""
    recipe = compression.run.recipe
    return {
        "was judged on other cases": sorted(compression.said["metrics"][PUBLISHED]["cases"]),
        "began with another checkpoint": sha256(compression.run.path / CHECKPOINT),
        "has patches of another size": recipe.data.patch,
        "segments volumes in another way": (recipe.data.spacing_mm, recipe.data.normalization, recipe.inference),
    }


def _is_same(form: SharedForm, kind: str, compression: Compression) -> bool:
    if form.kind != kind or kind == PUBLISHED:
        return form.kind == kind
    theirs, ours = form.runs[0].said, compression.said
    return all(theirs[part][kind] == ours[part][kind] for part in ("metrics", "sizes"))
