"""What is said of images whose axes are only taken for those of the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apps.orientation_warnings import case_warnings, orientation_warnings, tracker_warnings
from apps.stream.core.stream_volume import FixedVolume
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.cases import find_cases
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.fakes import manifest

RAS = manifest(orientation="RAS")
GRID = Grid((2, 3, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
PLAIN = Volume(np.zeros((2, 3, 4), np.uint8), GRID)


def turned(degrees: float) -> Volume:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return replace(PLAIN, grid=replace(GRID, direction=np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])))


def test_a_plain_image_and_a_package_without_orientation_need_no_word() -> None:
    assert orientation_warnings(PLAIN, RAS) == []
    assert orientation_warnings(turned(20), RAS) == []
    assert orientation_warnings(replace(PLAIN, located=False), manifest()) == []
    assert tracker_warnings(manifest()) == []


def test_an_image_without_geometry_is_told() -> None:
    (warning,) = orientation_warnings(replace(PLAIN, located=False), RAS, "a.nii")
    assert warning.what.startswith("a.nii does not say how its axes lie")
    assert "sform_code 0" in warning.likely_cause


@pytest.mark.parametrize(("degrees", "letters"), [(40, "LPS"), (50, "PRS")])
def test_an_oblique_image_is_told_with_the_orientation_that_it_is_taken_for(degrees: float, letters: str) -> None:
    (warning,) = orientation_warnings(turned(degrees), RAS)
    assert "40° off" in warning.what
    assert letters in warning.what


def test_a_streams_own_volume_is_known_from_its_file(tmp_path: Path) -> None:
    volume = SharedVolume(FixedVolume(Compounder(GRID))).whole()
    write_volume(volume, tmp_path / "volume.nii.gz")
    (warning,) = orientation_warnings(read_volume(tmp_path / "volume.nii.gz"), RAS)
    assert "a tracker's frame has no anatomy" in warning.what


def test_cases_are_named(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        write_volume(turned(40), tmp_path / part / "one.nii.gz")
    (warning,) = case_warnings(find_cases(tmp_path), RAS)
    assert warning.what.startswith("one lies oblique")
    assert case_warnings(find_cases(tmp_path), manifest()) == []
