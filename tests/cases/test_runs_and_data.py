"""Labeled volumes and runs as people have them: each test is one situation; nibabel and SimpleITK write the files."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from edge_sdk.errors import FileFormatError
from edge_sdk.inference.accuracy import recorded_scores
from edge_sdk.inference.cases import find_cases, labels_without_image
from edge_sdk.inference.segment import segment
from edge_sdk.metrics import dice_per_class
from edge_sdk.packages.package import Package
from edge_sdk.volume.files import read_volume
from tests.apps.commands_fixtures import TINY_RECIPE, bright_half, failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

MODELS = Path(__file__).resolve().parents[2] / "models"
SHAPE = (20, 18, 16)


def write(path: Path, voxels: np.ndarray[Any, Any], slope: float | None = None) -> Path:
    """A NIfTI file of 1 mm; with `slope`, the stored integers times it are the values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(voxels, np.eye(4))
    if slope is not None:
        image.header.set_slope_inter(slope, 0.0)
    nibabel.save(image, path)
    return path


def labels() -> np.ndarray[Any, Any]:
    voxels = np.zeros(SHAPE, np.int16)
    voxels[4:12, 4:12, 4:12] = 1
    return voxels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four cases of a bright box in noise."""
    draw = np.random.default_rng(0)
    for number in range(4):
        image = draw.normal(60, 5, SHAPE) + 100 * labels()
        write(tmp_path / "data" / "images" / f"c{number}.nii.gz", image.astype(np.float32))
        write(tmp_path / "data" / "labels" / f"c{number}.nii.gz", labels())
    return tmp_path / "data"


@pytest.fixture
def train(data: Path, tmp_path: Path) -> list[object]:
    (tmp_path / "recipe.toml").write_text(TINY_RECIPE)
    return ["train", "--data", data, "--recipe", tmp_path / "recipe.toml", "-o", tmp_path / "run"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network that finds what is brighter than half."""
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    fake_targets(monkeypatch, FakeTarget("alpha"))
    return toy_package(tmp_path / "toy.edgepkg", "alpha")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["images", "labels"])
def test_a_case_corrected_under_the_same_name_is_refused_with_its_name(
    train: list[object], data: Path, part: str
) -> None:
    assert run(*train)[0] == 0
    assert run(*train)[0] == 0, "the same again resumes"
    path = data / part / "c2.nii.gz"
    voxels = np.asanyarray(nibabel.load(path).dataobj).copy()
    voxels[6, 6, 6] = 0
    write(path, voxels)
    assert "holds a run on another image or other labels of case 'c2'" in failure(*train)


@pytest.mark.slow
def test_a_case_that_was_only_compressed_again_is_the_same(train: list[object], data: Path) -> None:
    assert run(*train)[0] == 0
    path = data / "labels" / "c2.nii.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=12345))
    assert run(*train)[0] == 0


@pytest.mark.parametrize("name", ["c1.nii", "c1.mha", "C1.nii.gz", "c1.nrrd"])
@pytest.mark.parametrize("part", ["images", "labels"])
def test_two_files_of_one_name_are_refused(train: list[object], data: Path, part: str, name: str) -> None:
    import SimpleITK as sitk  # noqa: N813

    sitk.WriteImage(sitk.ReadImage(data / part / "c1.nii.gz"), data / part / name)
    line = failure(*train)
    assert "has the same name as" in line
    assert f"/{part}/" in line


def test_labels_without_an_image_are_told(data: Path, package: Path) -> None:
    write(data / "labels" / "c9.nii.gz", labels())
    assert [path.name for path in labels_without_image(data)] == ["c9.nii.gz"]
    _, _, stderr = run("verify", package, "--data", data)
    assert "c9.nii.gz: labels without an image of the same name, which are left out" in stderr


@pytest.mark.parametrize(("stored", "slope"), [(100, 0.01), (1, 1.0000001), (3, 1 / 3), (1, None)])
def test_labels_that_a_scale_makes_almost_whole_are_whole(data: Path, stored: int, slope: float | None) -> None:
    write(data / "labels" / "c0.nii.gz", (labels() * stored).astype(np.int16), slope)
    _, label = find_cases(data)[0].read([0, 1])
    assert np.array_equal(label.voxels.T, labels())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.5, "label 0.5 is no whole number"),
        (1.01, "label 1.01 is no whole number"),
        (-1, "label -1 is none of the network's [0, 1]"),
        (255, "label 255 is none of the network's [0, 1]"),
        (np.nan, "label nan is no whole number"),
    ],
)
def test_other_labels_are_refused_by_value(train: list[object], data: Path, value: float, message: str) -> None:
    path = write(data / "labels" / "c3.nii.gz", np.where(labels() == 1, value, 0).astype(np.float32))
    printed = failure(*train)
    assert f"{path}: {message}" in printed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_no_number_is_named(
    train: list[object], data: Path, package: Path, tmp_path: Path, value: float
) -> None:
    path = data / "images" / "c1.nii.gz"
    voxels = np.asanyarray(nibabel.load(path).dataobj).copy()
    voxels[3, 3, 3:5] = value
    write(path, voxels)
    mask = tmp_path / "mask.nii.gz"
    for command in (
        train,
        ["segment", path, "--package", package, "-o", mask],
        ["verify", package, "--data", data],
    ):
        assert f"{path}: 2 of 5760 voxels are not finite numbers" in failure(*command)
    assert not mask.exists()
    with pytest.raises(FileFormatError, match=r"c1\.nii\.gz: 2 of 5760"):
        find_cases(data)[1].read([0, 1])


@pytest.mark.parametrize("cases", [1, 5, 6])
def test_few_judged_cases_give_no_interval(tmp_path: Path, package: Path, cases: int) -> None:
    folder = tmp_path / "judged"
    for number in range(cases):
        for part in ("images", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        scan = bright_half(folder / "images" / f"c{number}.nii.gz", size=16)
        image = nibabel.load(scan)
        nibabel.save(nibabel.Nifti1Image((image.get_fdata() > 0).astype(np.uint8), image.affine),
                     folder / "labels" / f"c{number}.nii.gz")  # fmt: skip
    printed = run_json("verify", package, "--reference", package, "--data", folder)
    assert printed["ratio"] == 1.0
    if cases < 6:
        assert printed["ci95"] is printed["difference_ci95"] is None
        assert printed["no_interval"].startswith(f"no 95 % interval from {cases} case")
    else:
        assert printed["ci95"] == [1.0, 1.0]
        assert printed["no_interval"] is None


def test_outputs_in_a_package_are_refused(tmp_path: Path, package: Path) -> None:
    folder = toy_package(tmp_path / "folder.edgepkg", "alpha", as_directory=True)
    scan = bright_half(tmp_path / "scan.nii.gz")
    before = sorted(folder.rglob("*"))
    for command in (
        ["segment", scan, "--package", folder, "-o", folder / "mask.nii.gz"],
        ["segment", scan, "--package", package, "-o", package],
        ["segment", scan, "--package", package, "-o", scan],
        ["benchmark", folder, "-o", folder],
    ):
        status, _, stderr = run(*command)
        assert status == 1, command
        assert stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


def test_a_checkpoint_is_not_replaced_by_the_training_that_begins_with_it(train: list[object], tmp_path: Path) -> None:
    start = tmp_path / "run" / "checkpoint.safetensors"
    start.parent.mkdir()
    start.write_bytes(b"weights")
    assert "is an input, which the output would replace" in failure(*train, "--from", start)
    assert start.read_bytes() == b"weights"


@pytest.mark.slow
def test_written_weights_may_be_read_by_others(train: list[object], tmp_path: Path) -> None:
    assert run(*train)[0] == 0
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "run").iterdir() if path.is_file()}
    assert set(modes.values()) == {"0o644"}, modes


@pytest.mark.real
@pytest.mark.parametrize("change", ["bright", "dark", "padding", "blob"])
def test_extreme_levels_leave_the_mask(real_data: Path, tmp_path: Path, change: str) -> None:
    folder = real_data / "msd_hippocampus"
    name = sorted(path.name for path in (folder / "labels").glob("*.nii.gz"))[0]
    plain = nibabel.load(folder / "images" / name)
    truth = read_volume(folder / "labels" / name).voxels
    voxels = plain.get_fdata().astype(np.float32)
    top = float(voxels.max())
    if change == "padding":
        voxels[:2] = -32768
    elif change == "blob":
        voxels[2:7, 2:7, 2:7] = 30 * top
    else:
        at = tuple(np.argwhere(truth.T == 1)[40])
        voxels[at] = 100 * top * (1 if change == "bright" else -1)
    image = tmp_path / "image.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels, plain.affine), image)
    package, mask = MODELS / "hippocampus-s-int8.edgepkg", tmp_path / "mask.nii.gz"
    printed = run_json("segment", image, "--package", package, "--target", "openvino", "-o", mask)
    assert "far from all other levels" in printed["warnings"][0]["what"]
    with Package(package) as opened, opened.open("openvino") as session:
        before = segment(session, read_volume(folder / "images" / name)).voxels
    after = read_volume(mask).voxels
    ours, theirs = (dice_per_class(found, truth, (1, 2)) for found in (after, before))
    for label in (1, 2):
        assert ours[label] == pytest.approx(theirs[label], abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["_orig_mod.", "model.", "net.", "module.", "module._orig_mod.model."])
@pytest.mark.parametrize("suffix", [".pt", ".ckpt", ".safetensors"])
def test_a_prefixed_checkpoint_is_the_network_itself(
    train: list[object], tmp_path: Path, prefix: str, suffix: str
) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from edge_sdk.network import efficient_mednext

    state = {f"{prefix}{name}": value for name, value in efficient_mednext("T", 1, 2, 8, 8).state_dict().items()}
    path = tmp_path / f"start{suffix}"
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"model_state_dict": state, "epoch": 3}, path)
    described = run_json("inspect", path)
    assert (described["variant"], described["classes"], described["width"]) == ("T", 2, 8)
    assert run(*train, "--from", path)[0] == 0
    shutil.rmtree(tmp_path / "run")


@pytest.mark.real
def test_packages_of_earlier_schemas_know_their_cases(real_data: Path) -> None:
    """They recorded name and labels only; the shipped ones were judged on 40 cases."""
    cases = find_cases(real_data / "msd_hippocampus")
    with Package(MODELS / "hippocampus-s-int8.edgepkg") as package:
        for key in ("reference_cases", "graph_cases"):
            assert len(recorded_scores(package.manifest, key, cases)) == 40
