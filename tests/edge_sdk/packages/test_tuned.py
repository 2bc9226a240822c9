"""Artifacts that a device keeps for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.packages.package import Package
from edge_sdk.packages.tuned import find_tuned, forget_tuned, keep_tuned, tuned_place
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))


def artifact(folder: Path, content: bytes = b"tuned") -> Path:
    folder.mkdir()
    (folder / "model.bin").write_bytes(content)
    return folder


def test_what_is_kept_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    place = tuned_place("digest", "alpha", "1.0", 2)
    assert find_tuned(place) is None
    kept = keep_tuned(place, artifact(tmp_path / "new"), "fp32 (tuned)", {"gain": 0.1})
    assert find_tuned(place) == kept
    assert [file.read_bytes() for file in kept.artifacts] == [b"tuned"]
    keep_tuned(place, artifact(tmp_path / "newer", b"newer"), "int8", {})
    assert [file.read_bytes() for file in kept.artifacts] == [b"newer"]
    forget_tuned(place)
    assert find_tuned(place) is None


@pytest.mark.parametrize("damage", ["model.bin", "plan.json"])
def test_damage_counts_as_absent(damage: str, tmp_path: Path) -> None:
    place = tuned_place("digest", "alpha", "1.0", None)
    keep_tuned(place, artifact(tmp_path / "new"), "int8", {})
    file = place / damage
    file.write_bytes(file.read_bytes()[:-2])
    assert find_tuned(place) is None


def test_another_circumstance_is_another_place() -> None:
    places = {
        tuned_place(*circumstances)
        for circumstances in (("a", "t", "1", 1), ("b", "t", "1", 1), ("a", "u", "1", 1), ("a", "t", "2", 1))
    }
    assert len(places | {tuned_place("a", "t", "1", None)}) == 5


def test_a_package_opens_what_was_tuned_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    with Package(toy_package(tmp_path / "toy.edgepkg", "alpha")) as package:
        assert package.artifact("alpha", 2) == (package.folder / "alpha", package.manifest.precision["alpha"])
        place = tuned_place(package.digest, "alpha", package.target("alpha").version(), 2)
        keep_tuned(place, artifact(tmp_path / "new"), "fp32 (tuned)", {})
        assert package.artifact("alpha", 2) == (place, "fp32 (tuned)")
        assert package.artifact("alpha", 1)[0] == package.folder / "alpha"
