"""CustusX acquisitions, written here from the layout that CustusX documents.

Where a pixel lies is computed by CustusX's own chain, prMt · tMu · uMv, from its rotations and translations.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation, Slerp

from apps.inputs import kind_of
from edge_sdk import read_sweep
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.image_geometry import recorded_clip
from edge_sdk.sweep.poses import image_to_world

WIDTH, HEIGHT, FRAMES = 40, 30, 4
SPACING = (0.2, 0.25)
ORIGIN_P = (19.0, 3.0)
BASE = "US-Acq_01_20130515T114444_ScanConverted"
FRAME_MS = 1_368_611_084_000.0 + np.array([50.0, 90, 130, 170])
TRACK_MS = 1_368_611_084_000.0 + np.arange(0, 240, 20.0)


def acquisition(folder: Path, *, color: bool = False, together: bool = False, kind: str = "2") -> Path:
    """A folder as CustusX writes it."""
    folder.mkdir()
    write_images(folder, color, together)
    (folder / f"{BASE}.fts").write_text("\n".join(f"{time:.4f}" for time in FRAME_MS) + "\n")
    (folder / f"{BASE}.tts").write_text("\n".join(f"{time:.4f}" for time in TRACK_MS) + "\n")
    (folder / f"{BASE}.tp").write_text(
        "\n".join(" ".join(f"{value:.12f}" for value in row) for pose in tracked() for row in pose[:3]) + "\n"
    )
    (folder / f"{BASE}.probedata.xml").write_text(
        f"""<navnet><tool toolID="probe"/>
        <configuration type="{kind}" depthStart="1" depthEnd="5.5" width="{6 if kind == "2" else 1.0}"
         temporalCalibration="-25" centerOffset="0" uid="ScanConverted">
        <image origin_p="{ORIGIN_P[0]} {ORIGIN_P[1]} 0" spacing="{SPACING[0]} {SPACING[1]} 1"
         clipRect_p="2 35 1 28 0 0" width="{WIDTH}" height="{HEIGHT}"/></configuration></navnet>"""
    )
    return folder


def images() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (FRAMES, HEIGHT, WIDTH), np.uint8)


def write_images(folder: Path, color: bool, together: bool) -> None:
    frames = np.repeat(images()[..., None], 3, -1) if color else images()
    if together:
        image = SimpleITK.GetImageFromArray(frames, isVector=color)
        image.SetSpacing((*SPACING, 1))
        SimpleITK.WriteImage(image, str(folder / f"{BASE}.mhd"))
        return
    for index, frame in enumerate(frames):
        image = SimpleITK.GetImageFromArray(frame, isVector=color)
        image.SetSpacing(SPACING)
        SimpleITK.WriteImage(image, str(folder / f"{BASE}_{index}.mhd"), useCompression=True)


def turns() -> Rotation:
    return Rotation.random(len(TRACK_MS), rng=2)


def tracked() -> np.ndarray:
    poses = np.tile(np.eye(4), (len(TRACK_MS), 1, 1))
    poses[:, :3, :3] = turns().as_matrix()
    poses[:, 0, 3] = np.arange(len(TRACK_MS))
    return poses


def turn(axis: str, degrees: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    return matrix


def shift(*by: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = by
    return matrix


def image_to_tool() -> np.ndarray:
    """CustusX's ProbeSector: tMu · uMv of pixels in mm."""
    x, y = SPACING
    origin_u = (ORIGIN_P[0] * x, (HEIGHT - ORIGIN_P[1] - 1) * y, 0)
    tool_from_lower_left = turn("x", -90) @ turn("y", 90) @ shift(*(-value for value in origin_u))
    lower_left_from_upper_left = turn("x", 180) @ shift(0, -(HEIGHT - 1) * y, 0)
    return tool_from_lower_left @ lower_left_from_upper_left @ np.diag([x, y, 1, 1])


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("together", [False, True])
def test_a_folder(tmp_path, color, together):
    folder = acquisition(tmp_path / "acq", color=color, together=together)
    sweep = read_sweep(folder)
    np.testing.assert_array_equal(sweep.images, images())
    np.testing.assert_allclose(sweep.timestamps, FRAME_MS / 1000)
    assert sweep.pixel_spacing == SPACING
    assert sweep.header["SourceFormat"] == "CustusX"
    assert sweep.header["TemporalCalibrationMs"] == "-25"
    assert kind_of(folder) == "sweep"


@pytest.mark.parametrize("name", [f"{BASE}.fts", f"{BASE}_0.mhd", f"{BASE}_2.mhd"])
def test_one_of_its_files_stands_for_all(tmp_path, name):
    folder = acquisition(tmp_path / "acq")
    assert kind_of(folder / name) == "sweep"
    np.testing.assert_array_equal(read_sweep(folder / name).images, images())


def test_where_pixels_lie_is_what_custusx_says(tmp_path):
    poses = image_to_world(read_sweep(acquisition(tmp_path / "acq")))
    assert poses.usable.all()
    rotations = Slerp(TRACK_MS - TRACK_MS[0], turns())(FRAME_MS - TRACK_MS[0]).as_matrix()
    for index in range(FRAMES):
        pose = np.eye(4)
        pose[:3, :3] = rotations[index]
        pose[0, 3] = (FRAME_MS[index] - TRACK_MS[0]) / 20
        for pixel in ([0, 0, 0, 1], [39, 0, 0, 1], [5, 29, 0, 1]):
            expected = pose @ image_to_tool() @ pixel
            np.testing.assert_allclose(
                poses.matrices[index] @ pixel, expected, atol=2e-4
            )  # seconds since 1970 have 2e-7
    assert np.linalg.det(poses.matrices[0]) > 0


def test_the_linear_probes_rectangle_is_kept(tmp_path):
    clip = recorded_clip(read_sweep(acquisition(tmp_path / "acq")))
    assert clip is not None
    # 6 mm wide around x = 19, from 1 to 5.5 mm below y = 3, inside the clip rectangle.
    assert clip.origin == (4, 7)
    assert clip.size == (30, 18)
    assert clip.fan is None


def test_the_sector_probes_fan_is_kept_where_pixels_are_square(tmp_path):
    folder = acquisition(tmp_path / "acq", kind="1")
    clip = recorded_clip(read_sweep(folder))
    assert clip is not None
    assert clip.fan is None  # in pixels of 0.2 × 0.25 mm the arcs are ellipses
    for path in folder.glob("*.mhd"):
        path.write_text(re.sub("ElementSpacing = .*", "ElementSpacing = 0.25 0.25", path.read_text()))
    clip = recorded_clip(read_sweep(folder))
    assert clip is not None
    assert clip.fan is not None
    half = math.degrees(0.5)
    assert clip.fan.angles == pytest.approx((-half, half))
    assert clip.fan.origin == ORIGIN_P
    assert clip.fan.radius == (4, 22)
    assert (clip.origin, clip.size) == ((2, 1), (33, 27))


def test_without_tracking_or_probe_there_are_images(tmp_path):
    folder = acquisition(tmp_path / "acq")
    for suffix in (".tp", ".tts", ".probedata.xml"):
        (folder / f"{BASE}{suffix}").unlink()
    sweep = read_sweep(folder)
    assert sweep.transforms == {}
    assert sweep.pixel_spacing == SPACING


def test_frames_after_the_tracking_are_not_usable(tmp_path):
    folder = acquisition(tmp_path / "acq")
    (folder / f"{BASE}.tts").write_text("\n".join(f"{time - 100:.4f}" for time in TRACK_MS))
    pose = read_sweep(folder).transforms["ProbeToReference"]
    assert pose.status == ("OK", "OK", "MISSING", "MISSING")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (".fts", "1\n2\n3\n", r"\.fts.*3 times for 4 images"),
        (".fts", "1\n2\n3\n4\n5\n", r"\.fts.*5 times for 4 images"),
        (".fts", "", r"\.fts.*0 numbers"),
        (".tts", "1\n2\n", r"\.tp.*12 positions, the \.tts 2 times"),
        (".tts", "one\n", r"\.tts.*no number"),
        (".tp", "1 2 3\n", r"\.tp.*3 numbers"),
        (".probedata.xml", "<navnet/>", r"probedata\.xml.*no configuration"),
        (".probedata.xml", "<navnet", r"probedata\.xml.*no probe definition"),
        (".probedata.xml", "<configuration><image/></configuration>", r"probedata\.xml.*origin_p"),
        (".probedata.xml", '<configuration width="w"><image origin_p="1 2 0"/></configuration>', "width"),
        ("_1.mhd", "not a metafile", r"_1\.mhd"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, text, words):
    folder = acquisition(tmp_path / "acq")
    (folder / f"{BASE}{name}").write_text(text)
    with pytest.raises(FileFormatError, match=words):
        read_sweep(folder)


def test_folders_of_no_or_of_several_acquisitions(tmp_path):
    folder = acquisition(tmp_path / "acq")
    (folder / "US-Acq_02.fts").write_text("1\n")
    with pytest.raises(FileFormatError, match="2 acquisitions"):
        read_sweep(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="empty"):
        read_sweep(tmp_path / "empty")
