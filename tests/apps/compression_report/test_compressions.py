"""Several runs side by side: what is shared, what is refused, and one measurement for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from apps.compression_report import compressions
from apps.compression_report.compressions import distinct_forms, measured_together, read_compressions
from apps.compression_report.evaluated_forms import evaluated_forms
from edge_sdk.errors import TrainingError
from quantization.measurement import Timing, Timings
from quantization.records.forms import FormSize, LatencyConditions
from quantization.run_folder import RunFolder

MakeRun = Callable[..., RunFolder]


def test_equal_forms_appear_once_and_others_name_their_run(make_run: MakeRun) -> None:
    runs = read_compressions([make_run("plain").path, make_run("half", pruned=True).path])
    assert [form.label for form in evaluated_forms(runs)] == [
        "published FP32", "deploy form FP32", "plain: INT8", "half: pruned FP32", "half: INT8",
    ]  # fmt: skip


def test_a_form_that_came_out_otherwise_is_not_shared(make_run: MakeRun) -> None:
    first, second, third = make_run("a"), make_run("b"), make_run("c")
    with third.update() as record:
        record.sizes = {**record.sizes, "deploy_fp32": FormSize(parameters=1, macs=1)}
    found = evaluated_forms(read_compressions([first.path, second.path, third.path]))
    assert {"a, b: deploy form FP32", "c: deploy form FP32", "published FP32"} <= {form.label for form in found}


def test_forms_of_one_network_are_one_family(make_run: MakeRun) -> None:
    found = evaluated_forms(read_compressions([make_run("plain").path, make_run("half", pruned=True).path]))
    family = {form.label: form.family for form in found}
    assert family["plain: INT8"] == family["deploy form FP32"]
    assert family["half: INT8"] == family["half: pruned FP32"]
    assert len(set(family.values())) == 3


def test_a_folder_given_twice_is_one_run_and_equal_names_become_paths(make_run: MakeRun) -> None:
    first, second = make_run("a/run"), make_run("b/run")
    assert [run.name for run in read_compressions([first.path, first.path])] == ["run"]
    assert [run.name for run in read_compressions([first.path, second.path])] == [str(first.path), str(second.path)]


@pytest.mark.parametrize(
    ("other", "words"),
    [({"cases": 30}, "evaluated on other cases than plain"), ({"checkpoint": b"x"}, "another checkpoint than plain")],
)
def test_runs_that_cannot_be_compared_are_refused(make_run: MakeRun, other: dict[str, Any], words: str) -> None:
    folders = [make_run("plain").path, make_run("other", **other).path]
    with pytest.raises(TrainingError, match=words):
        read_compressions(folders)


def test_an_unfinished_run_is_refused(make_run: MakeRun) -> None:
    run = make_run("plain")
    with run.update() as record:
        record.metrics = {}
    with pytest.raises(TrainingError, match="no finished compression"):
        read_compressions([run.path])
    (run.path / "run.json").write_text('{"metrics": {}}')
    with pytest.raises(TrainingError, match="holds no valid recipe"):
        read_compressions([run.path])


def test_all_forms_are_measured_at_once_each_once(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressions, "forms_of", lambda run: dict.fromkeys(run.record.sizes, run.path.name))
    runs = read_compressions([make_run("plain").path, make_run("half", pruned=True).path])
    seen: list[Mapping[str, Any]] = []

    def measure(forms: Mapping[str, Any], /) -> Timings:
        seen.append(forms)
        return Timings({name: Timing([10.0 + int(name)], 5) for name in forms}, LatencyConditions(rounds=1))

    measured = measured_together(runs, measure)
    assert [list(forms.values()) for forms in seen] == [["plain", "plain", "plain", "half", "half"]]
    assert len(distinct_forms(measured)) == 5
    assert [form.median_ms for form in evaluated_forms(measured)] == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert evaluated_forms(measured)[4].speedup == pytest.approx(10 / 14)
