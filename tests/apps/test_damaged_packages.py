"""Packages that cannot be used: one line that says what is wrong, and never a crash, a hang or another target."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_sdk.errors import PackageError, TargetError
from edge_sdk.files import sha256
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import write_selftest
from edge_sdk.packages.writer import write_package
from tests.apps.commands_fixtures import bright_half, failure, run

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "models" / "phantom-s-int8.edgepkg"
FILES = [
    ("openvino", "openvino/model.xml"),
    ("openvino", "openvino/model.bin"),
    ("onnxruntime", "onnxruntime/model.onnx"),
    ("executorch", "executorch/model.pte"),
]
Damage = Callable[[bytes], bytes]


def resealed(folder: Path, target: str, damage: dict[str, Damage], **changes: Any) -> Path:
    """The shipped package for one target, its files damaged and sealed again with right hashes."""
    with Package(SHIPPED) as shipped:
        files = {path: shipped.folder / path for path in shipped.manifest.files if path.startswith(f"{target}/")}
        for path, spoil in damage.items():
            (place := folder / Path(path).name).write_bytes(spoil(files[path].read_bytes()))
            files[path] = place
        said = shipped.manifest.model_copy(
            update={"precision": {target: "int8"}, "files": {}, **changes.pop("manifest", {})}
        )
        bounds = {target: shipped.selftest_vector.bounds[target]}
        vector = replace(shipped.selftest_vector, **{"bounds": bounds, **changes})
        return write_package(folder / "p.edgepkg", manifest=said, files=files, selftest=vector)


@pytest.mark.parametrize("path", [path for _, path in FILES])
def test_file_cut_short_is_told_by_its_hash(path: str, tmp_path: Path) -> None:
    shutil.unpack_archive(SHIPPED, tmp_path, "zip")
    whole = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PackageError, match=rf"{path} was altered: its SHA-256 is not the manifest's; get the package"):
        Package(tmp_path)


@pytest.mark.parametrize(("target", "path"), FILES)
def test_artifact_cut_short_and_sealed_again_is_refused(target: str, path: str, tmp_path: Path) -> None:
    package = resealed(tmp_path, target, {path: lambda whole: whole[: len(whole) // 2]})
    volume = bright_half(tmp_path / "v.mha")
    told = failure("segment", volume, "--package", package, "--target", target, "-o", tmp_path / "mask.mha")
    assert "cannot load it" in told
    assert "export the package again" in told
    assert not (tmp_path / "mask.mha").exists()


def test_program_whose_second_half_is_gone_is_refused_by_auto(tmp_path: Path) -> None:
    """Of the right length, so that the runtime loads it and fails as it runs."""
    hollow = {"executorch/model.pte": lambda whole: whole[: len(whole) // 2].ljust(len(whole), b"\0")}
    told = (
        r"no target in this package passes its self-test on this device \(executorch: the runtime fails on a patch \("
    )
    with Package(resealed(tmp_path, "executorch", hollow)) as package, pytest.raises(TargetError, match=told):
        package.open()


def test_artifact_of_another_patch_is_refused(tmp_path: Path) -> None:
    with Package(SHIPPED) as shipped:
        vector = shipped.selftest_vector
    smaller = {"patch": vector.patch[..., :32], "reference": vector.reference[..., :16]}
    package = resealed(tmp_path, "openvino", {}, manifest={"patch": (48, 48, 32)}, **smaller)
    told = failure("verify", package, "--target", "openvino")
    assert "fails its self-test on openvino" in told
    with Package(package) as opened, pytest.raises(TargetError, match=r"48, 48, 32\) given, \(1, 1, 48, 48, 48\)"):
        opened.open("openvino")


def test_target_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    """As on a device whose instruction sets saturate; `verify` opens it all the same, to tell by how much."""
    with Package(SHIPPED) as shipped:
        reference = shipped.selftest_vector.reference + 20.0
    package = resealed(tmp_path, "openvino", {}, reference=reference, manifest={"isa_notes": "needs VNNI"})
    told = failure("segment", bright_half(tmp_path / "v.mha"), "--package", package, "-o", tmp_path / "mask.mha")
    assert "no target in this package passes its self-test on this device (openvino: self-test error 2" in told
    told = r"openvino: self-test error 2\d\.\d+ > 5\.723 \(the package's notes: needs VNNI\); this device"
    with Package(package) as opened:
        for _ in ("tried", "remembered"):
            with pytest.raises(TargetError, match=told):
                opened.open("openvino")
        result = opened.selftest("openvino")
        assert result.problem is None
        assert result.max_error == pytest.approx(20.0, abs=5.7)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            lambda vector, path: write_selftest(replace(vector, bounds={"other": 1.0}), path),
            "bounds were given for \\['other'\\]",
        ),
        (
            lambda vector, path: write_selftest(replace(vector, patch=vector.patch[..., :32]), path),
            "self-test has shap",
        ),
        (lambda _, path: path.write_bytes(path.read_bytes()[:5000]), "selftest.npz is not a self-test vector"),
    ],
)
def test_damaged_selftest_that_was_sealed_again_is_refused(damage: Any, told: str, tmp_path: Path) -> None:
    shutil.unpack_archive(SHIPPED, tmp_path, "zip")
    with Package(tmp_path) as shipped:
        manifest = shipped.manifest
        damage(shipped.selftest_vector, tmp_path / "selftest.npz")
    files = {**manifest.files, "selftest.npz": sha256(tmp_path / "selftest.npz")}
    (tmp_path / "manifest.json").write_bytes(manifest.model_copy(update={"files": files}).serialize())
    with pytest.raises(PackageError, match=told):
        Package(tmp_path)


def test_threads_below_one_are_wrong_usage(tmp_path: Path) -> None:
    volume = bright_half(tmp_path / "v.mha")
    for threads in ("0", "-2"):
        status, _, told = run("segment", volume, "--package", SHIPPED, "--threads", threads, "-o", tmp_path / "m.mha")
        assert status == 2
        assert "--threads" in told
