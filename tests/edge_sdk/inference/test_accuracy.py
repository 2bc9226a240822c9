"""Accuracy on a folder of labeled volumes, with a network whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import FileFormatError, GeometryError
from edge_sdk.inference.accuracy import compare_with_reference, recorded_reference, score_cases
from edge_sdk.inference.cases import Case, find_cases
from edge_sdk.packages.session import PackageSession
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.fakes import FakeSession, manifest

GRID = Grid((16, 16, 16), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def write_case(folder: Path, name: str, image: np.ndarray, label: np.ndarray, grid: Grid = GRID) -> None:
    for part, voxels, place in (("images", image, GRID), ("labels", label, grid)):
        (folder / part).mkdir(exist_ok=True, parents=True)
        write_volume(Volume(voxels.astype(np.uint8), place), folder / part / f"{name}.nii.gz")


def half_bright() -> np.ndarray:
    image = np.zeros((16, 16, 16))
    image[:8] = 255
    return image


def session() -> PackageSession:
    return PackageSession(FakeSession("alpha", 0.0), manifest())


def test_scores_are_the_masks_dice(tmp_path: Path) -> None:
    write_case(tmp_path, "right", half_bright(), half_bright() > 0)
    quarter = half_bright()
    quarter[4:] = 0
    write_case(tmp_path, "half", half_bright(), quarter > 0)
    cases = find_cases(tmp_path)
    assert [case.name for case in cases] == ["half", "right"]
    scores = score_cases(session(), cases)
    half, right = (case.identity for case in cases)
    assert scores == {right: {1: 1.0}, half: {1: pytest.approx(2 / 3)}}
    found = compare_with_reference(scores, {right: {1: 1.0}, half: {1: 2 / 3}})
    assert found.mean == pytest.approx(5 / 6)
    assert found.ratio == pytest.approx(1.0)
    assert found.passes is True


def test_without_a_reference_nothing_is_claimed() -> None:
    found = compare_with_reference({"a": {1: 0.9}}, None)
    assert (found.mean, found.ratio, found.ci95, found.passes) == (0.9, None, None, None)


def test_worse_than_the_threshold_fails() -> None:
    found = compare_with_reference({"a": {1: 0.88}, "b": {1: 0.9}}, {"a": {1: 0.9}, "b": {1: 0.9}})
    assert found.ratio == pytest.approx(1.78 / 1.8)
    assert found.passes is False


def two_cases(folder: Path) -> list[Case]:
    for name in "ab":
        write_case(folder, name, half_bright(), half_bright() > 0)
    return find_cases(folder)


@pytest.mark.parametrize("recorded_by", ["identity", "label_identity"])
def test_recorded_cases_are_taken_where_they_cover_all(tmp_path: Path, recorded_by: str) -> None:
    cases = two_cases(tmp_path)
    record = {getattr(case, recorded_by): {"1": dice} for case, dice in zip(cases, (0.9, None), strict=True)}
    found = recorded_reference(manifest(metrics={"reference_cases": record}), cases)
    assert found is not None
    assert found[0] == {cases[0].identity: {1: 0.9}, cases[1].identity: {1: None}}
    assert found.paired
    assert recorded_reference(manifest(), cases) is None


def test_another_case_of_the_same_name_is_another_case(tmp_path: Path) -> None:
    write_case(tmp_path / "ours", "case_000", half_bright(), half_bright() > 0)
    write_case(tmp_path / "theirs", "case_000", half_bright(), half_bright() < 1)
    (ours,), (theirs,) = find_cases(tmp_path / "ours"), find_cases(tmp_path / "theirs")
    said = manifest(metrics={"reference_cases": {theirs.identity: {"1": 0.9}}})
    found = recorded_reference(said, [ours])
    assert found is not None
    assert "not a paired comparison" in found[1]


def test_recorded_means_are_told_to_be_of_other_cases(tmp_path: Path) -> None:
    cases = two_cases(tmp_path)
    said = manifest(metrics={"reference_cases": {"a": {"1": 0.8}, "b": {"1": 1.0}}})
    found = recorded_reference(said, cases)
    assert found is not None
    scores, source, paired = found
    assert not paired
    assert scores is not None
    assert dict(scores) == {case.identity: {1: pytest.approx(0.9)} for case in cases}
    assert "2 other cases" in source


def test_bad_folders_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"images: there is no such folder"):
        find_cases(tmp_path)
    write_case(tmp_path, "a", half_bright(), half_bright() > 0)
    (tmp_path / "labels" / "a.nii.gz").rename(tmp_path / "labels" / "b.nii.gz")
    with pytest.raises(FileFormatError, match="has no labels"):
        find_cases(tmp_path)


def test_bad_cases_are_one_line(tmp_path: Path) -> None:
    write_case(tmp_path, "a", half_bright(), half_bright() > 0, Grid((16,) * 3, (1.0, 1.0, 2.0), (0.0,) * 3))
    with pytest.raises(GeometryError, match="spacing"):
        score_cases(session(), find_cases(tmp_path))
    write_case(tmp_path, "a", half_bright(), half_bright())
    with pytest.raises(FileFormatError, match=r"label 255 is none of the network's \[0, 1\]"):
        score_cases(session(), find_cases(tmp_path))
