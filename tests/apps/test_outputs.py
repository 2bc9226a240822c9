"""The formats of a result, and what is left of outputs of which some cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK
import trimesh

from apps.outputs import FORMATS, Segmented, check_formats, mask_writer, write_each
from edge_sdk.errors import EdgeSdkError, FileFormatError
from edge_sdk.volume.files import read_volume
from edge_sdk.volume.grid import Grid, Volume

ROOT = Path(__file__).resolve().parents[2]
LABELS = {0: "background", 1: "vessel", 2: "cyst"}


@pytest.fixture
def done() -> Segmented:
    grid = Grid((12, 14, 16), (0.5, 0.7, 1.1), (1.0, 2.0, 3.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[3:8, 3:8, 3:8] = 1
    labels[8:10, 9:12, 9:13] = 2
    gray = np.random.default_rng(0).integers(0, 255, grid.shape).astype(np.uint8)
    return Segmented(Volume(gray, grid), Volume(labels, grid), LABELS, "phantom")


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_read_by_others(done: Segmented, name: str, tmp_path: Path) -> None:
    check_formats([name])
    for file, write in FORMATS[name].items():
        write(done, tmp_path / file)
    there = {path.name for path in tmp_path.iterdir()}
    if name == "stl":
        assert there == {"mask-vessel.stl", "mask-cyst.stl"}
        assert trimesh.load_mesh(tmp_path / "mask-vessel.stl").is_watertight
    elif name == "dcm":
        assert there == {"mask.dcm", "volume.dcm"}
        mask = highdicom.seg.segread(tmp_path / "mask.dcm").get_volume(combine_segments=True)
        np.testing.assert_array_equal(mask.array[::-1], done.mask.voxels)
    else:
        assert there == set(FORMATS[name])
        image = SimpleITK.ReadImage(str(tmp_path / f"mask.{name}"))
        np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), done.mask.voxels)
        assert image.GetSpacing() == pytest.approx(done.mask.grid.spacing)


@pytest.mark.parametrize("name", ["m.nii.gz", "m.mha", "m.nrrd", "m.seg.nrrd"])
def test_a_masks_format_follows_its_name(done: Segmented, name: str, tmp_path: Path) -> None:
    mask_writer(tmp_path / name).write(done)
    np.testing.assert_array_equal(read_volume(tmp_path / name).voxels, done.mask.voxels)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="is not a volume by its name"):
        mask_writer(tmp_path / "m.png")
    (tmp_path / "m-volume.dcm").mkdir()
    with pytest.raises(EdgeSdkError, match=r"m-volume\.dcm: a directory is in the way"):
        mask_writer(tmp_path / "m.dcm")


def test_unknown_formats_and_missing_libraries_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    check_formats([])
    check_formats(FORMATS)
    with pytest.raises(EdgeSdkError, match=r"'png' is not a known .*; use one of mha, seg\.nrrd, dcm, stl"):
        check_formats(["mha", "png"])
    for name, module in (("dcm", "edge_sdk.volume.dicom.files"), ("stl", "edge_sdk.volume.surface")):
        monkeypatch.setattr(f"{module}.missing_module", lambda *_: "it is not installed: pip install 'edge-sdk[x]'")
        check_formats(["mha", "seg.nrrd"])
        with pytest.raises(EdgeSdkError, match="it is not installed: pip install"):
            check_formats([name])


def test_what_fails_does_not_keep_the_others_from_being_written(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    files = {"a": full, "b": lambda path: path.write_text("b"), "c": lambda _path: 1 / 0}
    with pytest.raises(EdgeSdkError) as caught:
        write_each(tmp_path, files)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}: 2 of 3 outputs could not be written (a: OSError: [Errno 28] No space left")
    assert "c: ZeroDivisionError: division by zero); written are b; choose a writable place" in said
    assert "\n" not in said
    assert isinstance(caught.value.__cause__, OSError)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_that_cannot_be_made_is_one_error(done: Segmented, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EdgeSdkError, match=r"1 of 1 outputs could not be written .*; written are none"):
        write_each(tmp_path / "file" / "out", {"mask.mha": lambda path: FORMATS["mha"]["mask.mha"](done, path)})


FULL = """
import resource, sys
from functools import partial
from pathlib import Path
import numpy as np
from apps.outputs import FORMATS, Segmented, write_each
from edge_sdk.errors import EdgeSdkError
from edge_sdk.volume.grid import Grid, Volume

grid = Grid((40, 40, 40), (1, 1, 1), (0, 0, 0))
gray = Volume(np.random.default_rng(0).integers(0, 255, grid.shape).astype(np.uint8), grid)
done = Segmented(gray, Volume(np.ones(grid.shape, np.uint8), grid), {0: "background", 1: "all"}, "p")
files = {name: partial(write, done) for kind in FORMATS.values() for name, write in kind.items()}
folder = Path(sys.argv[1])
for write in files.values():  # the libraries are loaded before the limit, which would also be theirs
    write(folder / "warm" / next(name for name in files if files[name] is write))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_each(folder / "out", files)
except EdgeSdkError as error:
    print(error)
"""


def test_a_disk_that_takes_no_more_leaves_whole_files_only(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert told.count("\n") == 1
    assert "3 of 5 outputs could not be written" in told
    assert "volume.mha: cannot be written (File too large)" in told
    assert "mask.dcm: cannot be written (File too large)" in told
    assert "written are mask.mha, mask.seg.nrrd" in told
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"mask.mha", "mask.seg.nrrd"}
    for name in ("mask.mha", "mask.seg.nrrd"):
        assert (SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "out" / name))) == 1).all()
