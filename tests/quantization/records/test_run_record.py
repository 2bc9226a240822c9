"""The record of a run: files of every version are read, and writing one again changes nothing in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_sdk.errors import TrainingError
from quantization.recipe import Recipe
from quantization.records.part import Cell
from quantization.records.run_record import CaseNames, read_record
from quantization.run_folder import RunFolder

LOG = Path(__file__).resolve().parents[3] / "models" / "hippocampus-log"
RUNS = sorted(LOG.glob("*/run.json"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.parent.name)
def test_a_committed_run_is_written_as_it_was_read(path: Path) -> None:
    text = path.read_text()
    written = json.dumps(read_record(path.parent).to_json(), indent=2) + "\n"
    assert json.loads(written) == json.loads(text)
    assert len(written) == len(text)


def test_the_numbers_of_a_committed_run() -> None:
    record = read_record(LOG / "half")
    assert record.recipe.data.normalization.kind == "zscore"
    assert record.recipe.data.license == "CC BY-SA 4.0"
    assert record.cases is not None
    assert [len(part) for part in record.cases.by_part().values()] == [160, 10, 40]
    assert list(record.stages.by_key()) == ["distil", "prune", "quantise"]
    assert record.stages.prune is not None
    assert record.stages.prune.summary.parameters == 1_021_787
    assert record.stages.quantize is not None
    assert record.stages.quantize.tables.layers[0].layer == "up_1.phase111.res"
    assert record.metrics["int8"].cases["hippocampus_008:6947d90475e3d520"][1] == 0.9142526071842411
    int8 = record.comparison["int8"]
    assert int8 is not None
    assert (int8.cases, int8.levels["0.999"].kept, int8.levels["0.999"].surely) == (40, True, False)
    assert record.latency is not None
    assert record.latency.forms["int8"].artifact_bytes == 3_142_829
    assert record.gate is not None
    assert record.gate.verdict == "passed"


def test_the_file_keeps_its_keys(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    stored = json.loads((tmp_path / "run.json").read_text())
    assert list(stored) == ["recipe"]
    assert stored["recipe"]["data"]["normalisation"] == {"kind": "affine", "shift": 96.0, "scale": 64.0}
    assert stored["recipe"]["data"]["licence"] == "not stated"
    assert run.recipe == recipe


def test_what_another_version_wrote_is_kept(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "later": {"x": [1, None]}}))
    with run.update() as record:
        record.versions = {"torch": "2"}
    stored = json.loads(path.read_text())
    assert (stored["later"], stored["versions"]) == ({"x": [1, None]}, {"torch": "2"})


def test_a_form_without_cases_to_compare_on_is_an_empty_object(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    with run.update() as record:
        record.comparison = {"int8": None}
    assert json.loads((tmp_path / "run.json").read_text())["comparison"] == {"int8": {}}
    assert run.record.comparison == {"int8": None}


def test_a_change_that_fails_is_not_written(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    with pytest.raises(ZeroDivisionError), run.update() as record:
        record.rewrite_error = 1 / 0
    assert run.record.rewrite_error is None


def test_a_run_is_resumed_with_the_same_cases_and_the_same_origin(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    cases = CaseNames(training=["a"], validation=[], test=["b"])
    for _ in range(2):
        run.require_same_cases(cases, {"a": "1:2", "b": "3:4"})
        run.require_same_origin(None)
    assert json.loads((tmp_path / "run.json").read_text())["from_sha256"] is None
    with pytest.raises(TrainingError, match="holds a run on other data; give the same again"):
        run.require_same_cases(CaseNames(training=["a"], validation=["b"], test=[]), {"a": "1:2", "b": "3:4"})
    with pytest.raises(TrainingError, match=r"on another image or other labels of case 'b'; give the same again"):
        run.require_same_cases(cases, {"a": "1:2", "b": "3:5"})
    with pytest.raises(TrainingError, match="began with another checkpoint"):
        run.require_same_origin("00")


def test_a_record_that_cannot_be_understood_names_its_part(recipe: Recipe, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, recipe)
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sizes": {"int8": {"parameters": 1}}}))
    with pytest.raises(TrainingError, match=r"no valid record \(sizes\.int8\.macs: Field required\)"):
        _ = run.record


def test_rows_and_summaries_have_the_keys_of_the_file() -> None:
    stages = read_record(LOG / "unpruned").stages
    assert stages.swaps is not None
    first: dict[str, Cell] = stages.swaps.tables.titled()["What each swap costs and gains"][0]
    assert list(first) == ["swap", "dice", "dice_change", "latency_ms", "speedup"]
    assert stages.quantize is not None
    assert stages.quantize.tables.layers[0].cells()["float"] == "no"
    assert list(stages.quantize.summary.cells())[:3] == ["observer", "weight_limit", "isa"]
