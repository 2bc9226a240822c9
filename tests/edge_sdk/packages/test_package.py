"""Packages: written, read back, and refused by name when anything is wrong with them."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge_sdk import load_package
from edge_sdk.errors import GeometryError, PackageError, TargetError
from edge_sdk.packages.manifest import SCHEMA_VERSION, Manifest, Normalization, parse_manifest
from edge_sdk.packages.package import Package
from tests.edge_sdk.fakes import SIZE, FakeTarget, fake_targets, manifest, network, toy_package


@pytest.fixture(params=[False, True], ids=["zip", "directory"])
def package(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return toy_package(tmp_path / "toy.edgepkg", as_directory=request.param)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_package(tmp_path_factory.mktemp("sealed") / "toy.edgepkg")


def as_directory(tmp_path: Path) -> Path:
    return toy_package(tmp_path / "toy.edgepkg", as_directory=True)


def test_reads_back_what_was_written(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    with load_package(package) as opened:
        assert opened.manifest.labels == {0: "background", 1: "bright"}
        assert opened.manifest.patch == (SIZE, SIZE, SIZE)
        assert opened.targets == ("alpha", "beta")
        with opened.open("alpha", threads=1) as session:
            patch = opened.selftest_vector.patch
            assert session.target == "alpha"
            np.testing.assert_array_equal(session.infer(patch), network(patch))


def test_zip_and_directory_are_the_same_package(tmp_path: Path) -> None:
    packed, flat = toy_package(tmp_path / "a"), toy_package(tmp_path / "b", as_directory=True)
    with Package(packed) as one, Package(flat) as two:
        assert one.digest == two.digest
        assert one.manifest == two.manifest


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    assert toy_package(tmp_path / "a").read_bytes() == toy_package(tmp_path / "b").read_bytes()


def test_zip_made_by_hand_is_read(tmp_path: Path) -> None:
    flat = as_directory(tmp_path)
    archive = shutil.make_archive(str(tmp_path / "by-hand"), "zip", flat)
    with Package(archive) as opened:
        assert opened.manifest.name == "toy"


def test_unpacked_files_go_with_the_package(tmp_path: Path) -> None:
    with Package(toy_package(tmp_path / "toy.edgepkg")) as opened:
        folder = opened.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("inner", ["alpha/weights.bin", "beta/weights.bin", "selftest.npz", "manifest.json"])
def test_one_byte_changed_is_refused_by_name(tmp_path: Path, inner: str) -> None:
    flat = as_directory(tmp_path)
    content = bytearray((flat / inner).read_bytes())
    content[len(content) // 2] ^= 1
    (flat / inner).write_bytes(content)
    with pytest.raises(PackageError, match=inner) as told:
        Package(flat)
    assert str(flat) in str(told.value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@example(place=0.9921875, flip=1)  # the directory then lies before the file's beginning
def test_any_byte_of_the_zip_changed_is_refused(sealed: Path, place: float, flip: int) -> None:
    content = bytearray(sealed.read_bytes())
    content[int(place * len(content))] ^= flip
    damaged = sealed.with_name("damaged.edgepkg")
    damaged.write_bytes(content)
    with pytest.raises(PackageError, match=r"damaged\.edgepkg"):
        Package(damaged)


@pytest.mark.parametrize("keep", [0, 10, 500, -1, -100])
def test_truncated_zip_is_refused(tmp_path: Path, sealed: Path, keep: int) -> None:
    short = tmp_path / "short.edgepkg"
    short.write_bytes(sealed.read_bytes()[:keep])
    with pytest.raises(PackageError, match=r"short\.edgepkg"):
        Package(short)


def test_missing_and_unknown_files_are_named(tmp_path: Path) -> None:
    flat = as_directory(tmp_path)
    (flat / "beta" / "extra.txt").write_text("x")
    with pytest.raises(PackageError, match=r"beta/extra\.txt is not in the manifest"):
        Package(flat)
    (flat / "beta" / "extra.txt").unlink()
    (flat / "alpha" / "weights.bin").unlink()
    with pytest.raises(PackageError, match=r"alpha/weights\.bin is missing"):
        Package(flat)
    (flat / "manifest.json").unlink()
    with pytest.raises(PackageError, match=r"manifest\.json is missing"):
        Package(flat)


def rewrite(flat: Path, **changes: object) -> None:
    path = flat / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": SCHEMA_VERSION + 1}, f"schema {SCHEMA_VERSION + 1}, this version .* update edge-sdk"),
        ({"color": "blue"}, "color: Extra inputs"),
        ({"normalization": {"shift": 1.0}}, "normalization: Extra inputs"),
        ({"training_data": {"name": "a", "license": "b", "cases": 1}}, "training_data.licence: Field required"),
        ({"in_channels": "1"}, "in_channels"),
        ({"labels": {"1": "a", "2": "b"}}, "numbered 0, 1, 2"),
        ({"patch": [8, 16, 16]}, "multiple of the network's stride 16"),
        ({"name": "other"}, "altered"),
        ({"files": {"../../etc/passwd": "0" * 64}}, "not allowed"),
        ({"schema_version": None}, "schema_version"),
    ],
)
def test_manifest_that_is_not_ours_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    flat = as_directory(tmp_path)
    rewrite(flat, **changes)
    with pytest.raises(PackageError, match=message):
        Package(flat)


@pytest.mark.parametrize("name", ["../escape.txt", "/tmp/escape.txt", "a/../../escape.txt", "a\\..\\escape.txt"])
def test_zip_does_not_write_outside(tmp_path: Path, name: str) -> None:
    bad = tmp_path / "bad.edgepkg"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(PackageError, match=r"not allowed"):
        Package(bad)
    assert not (tmp_path / "escape.txt").exists()


def test_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.edgepkg"
    link = zipfile.ZipInfo("alpha")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr(link, "/etc")
    with pytest.raises(PackageError, match="alpha is a link"):
        Package(bad)


def test_what_is_no_package_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path / "text", tmp_path, tmp_path / "absent"):
        with pytest.raises(PackageError, match=str(path)) as told:
            Package(path)
        assert "\n" not in str(told.value)


def test_nothing_is_written_when_the_parts_disagree(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="self-test has shapes"):
        toy_package(tmp_path / "toy.edgepkg", labels={0: "a", 1: "b", 2: "c"})
    assert not (tmp_path / "toy.edgepkg").exists()


def test_existing_package_directory_is_replaced_and_another_is_not(tmp_path: Path) -> None:
    flat = as_directory(tmp_path)
    shutil.rmtree(tmp_path / "toy.edgepkg-weights")
    assert toy_package(flat, as_directory=True) == flat
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("x")
    with pytest.raises(Exception, match="in the way"):
        toy_package(tmp_path / "thesis", as_directory=True)
    assert (tmp_path / "thesis" / "chapter").exists()


def test_named_target_is_never_replaced_by_another(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = fake_targets(
        monkeypatch,
        FakeTarget("alpha", missing="alpha is not installed; pip install 'edge-sdk[alpha]'"),
        FakeTarget("beta"),
    )
    with Package(package) as opened:
        with pytest.raises(TargetError, match=r"pip install 'edge-sdk\[alpha\]'"):
            opened.open("alpha")
        with pytest.raises(TargetError, match=r"gamma.* not in the package.*choose one of alpha, beta"):
            opened.open("gamma")
    assert targets["beta"].opened == 0


def test_old_runtime_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    told = r"needs alpha 1\.10 or newer, 1\.2\.3 is installed.*pip install -U"
    source = toy_package(tmp_path / "toy", "alpha", runtime_minimum={"alpha": "1.10"})
    with Package(source) as opened, pytest.raises(TargetError, match=told):
        opened.open("alpha")


def test_patch_of_another_size_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"))
    patch = np.zeros((1, 1, 8, 16, 16), np.float32)
    with (
        Package(package) as opened,
        opened.open("alpha") as session,
        pytest.raises(GeometryError, match="expected"),
    ):
        session.infer(patch)


def test_selftest_tells_errors_and_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", error=0.75), FakeTarget("gamma", missing="no"))
    with Package(toy_package(tmp_path / "toy", "alpha", "beta", "gamma", bound=0.5)) as opened:
        good, far, absent = (opened.selftest(name) for name in opened.targets)
    assert good.passes
    assert good.max_error == pytest.approx(0.0, abs=0.005)  # the reference is stored in half precision
    assert good.class_change == 0.0
    assert not far.passes
    assert far.max_error == pytest.approx(0.75, abs=0.005)
    assert far.mean_error == pytest.approx(0.75, abs=0.005)
    assert not absent.passes
    assert "no" in str(absent.problem)


def test_reference_that_half_precision_would_spoil_is_kept_whole(tmp_path: Path) -> None:
    with Package(toy_package(tmp_path / "fine", bound=1e-4)) as opened:
        vector = opened.selftest_vector
        np.testing.assert_array_equal(vector.reference, network(vector.patch))


def test_manifest_is_json_that_others_read(tmp_path: Path) -> None:
    raw = json.loads((as_directory(tmp_path) / "manifest.json").read_text())
    assert set(raw) == {field.serialization_alias or name for name, field in Manifest.model_fields.items()}
    assert set(raw["files"]) == {"alpha/weights.bin", "beta/weights.bin", "selftest.npz"}
    assert manifest().patch == tuple(raw["patch"])


def test_keys_of_the_file_differ_from_the_attributes(tmp_path: Path) -> None:
    content = (as_directory(tmp_path) / "manifest.json").read_bytes()
    raw, found = json.loads(content), parse_manifest(content, where="toy")
    assert raw["normalisation"] == {"kind": "affine", "shift": 128.0, "scale": 64.0, "full_scale": None}
    assert raw["training_data"] == {"name": "none", "licence": "none", "cases": 0}
    assert (found.normalization.shift, found.training_data.license) == (128.0, "none")
    assert found.serialize() == content


def test_zscore_is_not_applied_before_it_is_resolved() -> None:
    voxels = np.array([[[1.0, 3.0]]])
    with pytest.raises(ValueError, match="must be resolved"):
        Normalization(kind="zscore").apply(voxels)
    np.testing.assert_array_equal(Normalization(kind="zscore").resolved(voxels).apply(voxels), [[[-1, 1]]])


def test_a_package_of_schema_1_is_cropped_at_the_center(tmp_path: Path) -> None:
    about = json.loads((as_directory(tmp_path) / "manifest.json").read_text())
    about["schema_version"] = 1
    del about["inference"], about["gate"]["allowed_failing"]
    blank = json.dumps({**about, "checksum": "0" * 64}).encode()
    content = blank.replace(b"0" * 64, hashlib.sha256(blank).hexdigest().encode())
    found = parse_manifest(content, where="old")
    assert (found.inference.blending, found.inference.overlap) == ("centre-crop", 0.25)
    assert not found.gate.allowed_failing
