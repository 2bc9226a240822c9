"""Images stored in another axis order, or at another spacing, than the network learned on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_sdk.closing import Closing
from edge_sdk.errors import TrainingError
from edge_sdk.inference.cases import find_cases
from edge_sdk.inference.segment import segment
from edge_sdk.packages.manifest import Inference, Manifest
from edge_sdk.packages.package import Package, load_package
from edge_sdk.packages.writer import write_package
from edge_sdk.session import Patch, SessionDescription
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.probability_file import probability_file
from tests.cases.orders import ALL_48, store_as, stored_as
from tests.edge_sdk.fakes import manifest

MODELS = Path(__file__).resolve().parents[2] / "models"
QUICK = "hippocampus-s-pruned-4x-int8.edgepkg"
BLENDINGS = ("centre-crop", "gaussian")


class Threshold(Closing):
    """An ideal network of stride 1: class 1 where a voxel is brighter than 128."""

    target = "threshold"
    description = SessionDescription("threshold 1")

    def infer(self, patch: Patch) -> Patch:
        return np.concatenate([-patch, patch], axis=1)

    def close(self) -> None:
        pass


class FirstCorner(Threshold):
    """Knows the direction of its axes: class 1 in the lower half of x, 2 in the upper half of z, 0 elsewhere."""

    def infer(self, patch: Patch) -> Patch:
        depth, _, width = patch.shape[2:]
        one, two = np.zeros_like(patch), np.zeros_like(patch)
        one[..., : width // 2] = 2
        two[:, :, depth // 2 :] = 3
        return np.concatenate([np.ones_like(patch), one, two], axis=1)


def ideal(spacing: tuple[float, float, float], blending: str, **changes: Any) -> Manifest:
    return manifest(
        spacing_mm=spacing, output_stride=1, patch=(32, 32, 32),
        inference=Inference(blending=blending, overlap=0.25), **changes,
    )  # fmt: skip


def ball(spacing: tuple[float, float, float], center: tuple[float, float, float], radius: float) -> Volume:
    """Gray levels that fall by 10 per mm, 128 on the ball's surface; x, y, z mm in a box of 60 mm."""
    shape = tuple(round(60 / step) for step in reversed(spacing))
    direction = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # left-handed, permuted
    grid = Grid(shape, spacing, (5.0, 6.0, 7.0), direction)  # type: ignore[arg-type]
    return Volume(np.clip(128 + 10 * (radius - distances(grid, center)), 0, 255).astype(np.float32), grid)


def distances(grid: Grid, center: tuple[float, float, float]) -> NDArray[np.float64]:
    """mm from every voxel's center to a point, given along the grid's own axes (x, y, z) from its first corner."""
    z, y, x = (
        (np.arange(size) + 0.5) * step - at
        for size, step, at in zip(grid.shape, reversed(grid.spacing), reversed(center), strict=True)
    )
    return np.asarray(np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2))


def middle(mask: NDArray[Any], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Center of mass, mm (z, y, x)."""
    return np.argwhere(mask).mean(0) * spacing[::-1]


ONE = (1.0, 1.0, 1.0)
COARSE_IMAGES = [((r, r, r), ONE) for r in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)]
COARSE_NETWORKS = [(ONE, (r, r, r)) for r in (0.75, 1.5, 2.0, 3.0, 4.0, 8.0)]
ANISOTROPIC = [
    ((1.0, 1.0, 2.0), ONE),
    ((1.0, 1.0, 2.0), (2.0, 2.0, 2.0)),
    ((0.8, 0.8, 5.0), ONE),
    ((0.8, 0.8, 5.0), (1.5, 1.5, 3.0)),
]


@pytest.mark.parametrize("blending", BLENDINGS)
@pytest.mark.parametrize(("image", "network"), [*COARSE_IMAGES, *COARSE_NETWORKS, *ANISOTROPIC])
def test_the_middle_of_a_ball_stays_at_every_ratio_of_spacings(
    image: tuple[float, float, float], network: tuple[float, float, float], blending: str
) -> None:
    """The voxels of the image in the ball are known by arithmetic."""
    center, radius = (31.3, 29.2, 30.4), 17.0
    scan = ball(image, center, radius)
    mask = segment(Threshold(), scan, ideal(network, blending)).voxels
    expected = distances(scan.grid, center) < radius
    assert np.abs(middle(mask, image) - middle(expected, image)).max() < 0.1
    if max(network) <= 2:  # one with larger voxels rounds the ball off
        assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.98


@pytest.mark.parametrize("blending", BLENDINGS)
@pytest.mark.parametrize("stored", ["RAS", "LPS", "PIL", "RSP", "SLA"])
def test_an_image_stored_in_another_order_gets_the_same_mask_in_its_own_order(stored: str, blending: str) -> None:
    """The network knows left from right; nibabel reorders the image, and the mask must be the same in space."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    plain = nibabel.Nifti1Image(np.random.default_rng(0).integers(0, 99, (20, 24, 28)).astype(np.int16), affine)
    about = ideal((1.0, 1.0, 1.0), blending, orientation="RAS", labels={0: "a", 1: "b", 2: "c"})
    expected = np.zeros((20, 24, 28), np.uint8)
    expected[:16] = 1
    expected[:, :, 16:] = 2
    image = stored_as(plain, stored)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    spacing = (1.0, 1.0, 1.0)
    scan = Volume(
        np.asarray(image.dataobj).T,
        Grid(image.shape[::-1], spacing, tuple(lps[:3, 3]), lps[:3, :3]),
    )
    seen = np.full((3, *scan.voxels.shape), np.nan, np.float32)

    def sink(box: Any, part: Any) -> None:
        seen[(slice(None), *box.slices)] = part

    mask = segment(FirstCorner(), scan, about, probabilities=sink)
    assert mask.grid is scan.grid
    back = stored_as(nibabel.Nifti1Image(mask.voxels.T, image.affine), "RAS")
    np.testing.assert_array_equal(np.asarray(back.dataobj), expected)
    np.testing.assert_array_equal(seen.argmax(0), mask.voxels)
    np.testing.assert_allclose(seen.sum(0), 1.0, atol=1e-5)
    np.testing.assert_array_equal(segment(FirstCorner(), scan, about).voxels, mask.voxels)


def test_an_image_that_is_not_located_is_taken_as_it_is_stored() -> None:
    about = ideal((1.0, 1.0, 1.0), "centre-crop", orientation="LAS", labels={0: "a", 1: "b", 2: "c"})
    grid = Grid((28, 24, 20), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    scan = Volume(np.zeros(grid.shape, np.uint8), grid, located=False)
    mask = segment(FirstCorner(), scan, about).voxels
    assert mask[0, 0].tolist() == [1] * 16 + [0] * 4


@pytest.mark.parametrize("name", ["p.nii.gz", "p.nii"])
@pytest.mark.parametrize("blending", BLENDINGS)
def test_probabilities_are_read_by_nibabel_and_simpleitk(tmp_path: Path, name: str, blending: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    scan = ball((1.0, 2.0, 3.0), (30.0, 31.0, 29.0), 15.0)
    about = ideal((1.5, 1.5, 3.0), blending, orientation="RAS")
    with probability_file(tmp_path / name, scan, 2) as sink:
        mask = segment(Threshold(), scan, about, probabilities=sink).voxels
    write_volume(scan, tmp_path / "image.nii.gz")
    image, read = nibabel.load(tmp_path / "image.nii.gz"), nibabel.load(tmp_path / name)
    assert read.shape == (*image.shape, 2)
    np.testing.assert_allclose(read.affine, image.affine)
    assert (read.header["qform_code"], read.header["sform_code"]) == (1, 1)
    assert read.header.get_xyzt_units()[0] == "mm"
    values = np.asarray(read.dataobj)
    np.testing.assert_allclose(values.sum(-1), 1.0, atol=2 / 255)
    sure = np.abs(values[..., 0] - values[..., 1]) > 2 / 255
    assert sure.mean() > 0.99
    np.testing.assert_array_equal(values.argmax(-1).T[sure.T], mask[sure.T])
    theirs = sitk.ReadImage(str(tmp_path / name))
    np.testing.assert_allclose(sitk.GetArrayFromImage(theirs), np.moveaxis(values.T, 0, 0), atol=1e-6)
    np.testing.assert_allclose(theirs.GetSpacing()[:3], scan.grid.spacing)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"image.nii.gz", name})


def test_probabilities_of_a_failed_run_leave_nothing_behind(tmp_path: Path) -> None:
    scan = ball((3.0, 3.0, 3.0), (30.0, 30.0, 30.0), 10.0)
    with pytest.raises(RuntimeError), probability_file(tmp_path / "p.nii.gz", scan, 2):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def case(folder: Path, name: str, orientation: str, located: bool = True) -> None:
    """A case of the same anatomy, stored in an order."""
    noise = np.random.default_rng(7)
    image = nibabel.Nifti1Image(noise.integers(0, 200, (40, 36, 32)).astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))
    label = nibabel.Nifti1Image((np.asarray(image.dataobj) > 100).astype(np.uint8), image.affine)
    for part, plain in (("images", image), ("labels", label)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        stored = stored_as(plain, orientation)
        if not located:
            stored.header["qform_code"] = stored.header["sform_code"] = 0
        nibabel.save(stored, folder / part / f"{name}.nii.gz")


def recipe(orientation: str) -> Any:
    from quantization.recipe import DataRecipe, Recipe

    return Recipe(data=DataRecipe(labels={"0": "no", "1": "yes"}, patch=(32, 32, 32), orientation=orientation))


def test_mixed_orientations_in_one_training_folder_become_one(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    from quantization.data import load_items
    from quantization.draft_manifest import draft_manifest

    for name, stored in (("a", "RAS"), ("b", "LPS"), ("c", "PIL")):
        case(tmp_path, name, stored)
    for wanted in ("RAS", "SPL"):
        first, *others = load_items(find_cases(tmp_path), recipe(wanted))
        for other in others:
            for key in ("image", "label"):
                np.testing.assert_array_equal(first[key].numpy(), other[key].numpy())
        about = draft_manifest(recipe(wanted), name="n", precision={"torch": "fp32"}, cases=3)
        assert about.orientation == wanted
    assert draft_manifest(recipe("none"), name="n", precision={"torch": "fp32"}, cases=3).orientation is None


def test_mixed_orientations_taken_as_they_are_stored_are_refused_by_name(tmp_path: Path) -> None:
    pytest.importorskip("monai")
    from quantization.data import load_split
    from quantization.split import split_cases

    case(tmp_path, "a", "RAS")
    case(tmp_path, "b", "LPS")
    plan = recipe("none")
    with pytest.raises(TrainingError, match=r'LPS.*RAS.*"none".*data.orientation = "'):
        load_split(split_cases(find_cases(tmp_path), plan.data, 0), plan)


def run(*words: str | Path) -> tuple[dict[str, Any], str]:
    """The JSON and stderr of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "apps", *map(str, words), "--json"], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found, done.stderr


@pytest.fixture(scope="session")
def oriented_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hippocampus package that knows that its cases were stored RAS."""
    with Package(MODELS / QUICK) as package:
        about = package.manifest.model_copy(update={"orientation": "RAS", "files": {}})
        return write_package(
            tmp_path_factory.mktemp("package") / QUICK,
            manifest=about,
            files=package.artifact_files(),
            selftest=package.selftest_vector,
        )


@pytest.mark.real
@pytest.mark.slow
def test_hippocampi_in_all_48_orders_have_one_dice(real_data: Path, oriented_package: Path, tmp_path: Path) -> None:
    """The mask, brought back by nibabel, is the same in all orders; so every Dice is."""
    package = load_package(oriented_package)
    with package.open() as session:
        for source in sorted((real_data / "msd_hippocampus" / "images").iterdir())[:2]:
            plain = nibabel.load(source)
            expected = segment(session, read_volume(source)).voxels.T
            assert len(np.unique(expected)) == 3
            for stored in ALL_48:
                path = store_as(source, stored, tmp_path / "image.nii")
                mask = segment(session, read_volume(path)).voxels.T
                there = stored_as(nibabel.Nifti1Image(mask, nibabel.load(path).affine), "RAS")
                np.testing.assert_allclose(there.affine, plain.affine, atol=1e-4)
                np.testing.assert_array_equal(np.asarray(there.dataobj), expected, err_msg=stored)


@pytest.mark.real
@pytest.mark.slow
def test_the_command_brings_the_mask_back_into_the_images_own_array(
    real_data: Path, oriented_package: Path, tmp_path: Path
) -> None:
    source = sorted((real_data / "msd_hippocampus" / "images").iterdir())[0]
    masks = []
    for stored in ("RAS", "LPS", "RSP", "PIL"):
        image, mask = store_as(source, stored, tmp_path / f"{stored}.nii.gz"), tmp_path / f"mask-{stored}.nii.gz"
        likely = tmp_path / f"p-{stored}.nii.gz"
        found, stderr = run("segment", image, "--package", oriented_package, "-o", mask, "--probabilities", likely)
        assert found["warnings"] == []
        assert "warning" not in stderr
        assert "1/255" in found["probabilities_encoding"]
        here, there = nibabel.load(mask), nibabel.load(image)
        assert here.shape == there.shape
        np.testing.assert_allclose(here.affine, there.affine, atol=1e-4)
        masks.append(np.asarray(stored_as(here, "RAS").dataobj))
        np.testing.assert_array_equal(masks[0], masks[-1])
        values = np.asarray(nibabel.load(likely).dataobj)
        assert (values.argmax(-1) == np.asarray(here.dataobj)).mean() > 0.998


@pytest.mark.real
@pytest.mark.slow
def test_hippocampi_of_2_mm_have_the_dice_that_interpolated_logits_give(real_data: Path) -> None:
    """0.81 with the nearest of the fine labels; scipy's map_coordinates of image and logits reaches 0.88."""
    cases = find_cases(real_data / "msd_hippocampus")[:12]
    package = load_package(MODELS / "hippocampus-s-int8.edgepkg")
    scores = []
    with package.open() as session:
        for item in cases:
            image, label = item.read(package.manifest.labels)
            coarse = np.ascontiguousarray(image.voxels[::2, ::2, ::2])
            grid = Grid(coarse.shape, (2.0, 2.0, 2.0), image.grid.origin, image.grid.direction)
            mask, truth = segment(session, Volume(coarse, grid)).voxels, label.voxels[::2, ::2, ::2]
            scores += [
                2 * ((mask == k) & (truth == k)).sum() / ((mask == k).sum() + (truth == k).sum()) for k in (1, 2)
            ]
    assert np.mean(scores) > 0.87
