"""Pose tables; SciPy's rotations are the reference."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from edge_sdk import read_sweep
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.pose_table import read_pose_table, write_pose_table
from edge_sdk.sweep.sweep import Sweep, TrackedTransform

QUATERNIONS = "timestamp,tx,ty,tz,qx,qy,qz,qw"
MATRIX = [f"m{row}{column}" for row in range(3) for column in range(4)]


def put(folder: Path, *lines: str) -> Path:
    path = folder / "poses.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_quaternions_scalar_last(tmp_path):
    rotations = Rotation.random(5, rng=3)
    rows = [
        ",".join(map(repr, [0.1 * index, 1.0, 2.0, float(index), *map(float, quaternion)]))
        for index, quaternion in enumerate(rotations.as_quat())
    ]
    sweep = read_sweep(put(tmp_path, QUATERNIONS, *rows))
    pose = sweep.transforms["ProbeToReference"]
    np.testing.assert_allclose(pose.matrices[:, :3, :3], rotations.as_matrix(), atol=1e-12)
    np.testing.assert_array_equal(pose.matrices[:, :3, 3], [[1, 2, index] for index in range(5)])
    np.testing.assert_array_equal(pose.matrices[:, 3], [[0, 0, 0, 1]] * 5)
    np.testing.assert_allclose(sweep.timestamps, np.arange(5) * 0.1)
    assert pose.status == ("OK",) * 5
    assert sweep.images.shape == (5, 0, 0)


def test_quaternions_of_few_digits_are_normalized(tmp_path):
    pose = read_pose_table(put(tmp_path, QUATERNIONS, "0,0,0,0,0.71,0,0,0.7")).transforms["ProbeToReference"]
    expected = Rotation.from_quat([0.71, 0, 0, 0.7]).as_matrix()  # SciPy normalizes too
    np.testing.assert_allclose(pose.matrices[0, :3, :3], expected, atol=1e-12)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_comments_order_case_and_byte_order_mark(tmp_path, separator):
    path = tmp_path / "poses.tsv"
    lines = ["# by hand", "", separator.join(["Status", *MATRIX, " Timestamp "]), "  # more"]
    lines.append(separator.join(["OK", *map(str, range(12)), "1.5"]))
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    sweep = read_pose_table(path)
    np.testing.assert_array_equal(sweep.transforms["ProbeToReference"].matrices[0, :3].ravel(), range(12))
    assert sweep.timestamps.tolist() == [1.5]


def test_several_transforms_statuses_and_own_columns(tmp_path):
    path = put(
        tmp_path,
        QUATERNIONS + ",transform,status,note",
        "1,0,0,0,0,0,0,1,ProbeToTracker,OK,first",
        "1,5,0,0,0,0,0,1,ReferenceToTracker,,",
        "2,,,,,,,,ProbeToTracker,OUT_OF_VIEW,second",
        "2,6,0,0,0,0,0,1,ProbeToTracker,OK,third",
    )
    sweep = read_pose_table(path)
    assert sweep.timestamps.tolist() == [1, 2, 2]
    assert sweep.transforms["ProbeToTracker"].status == ("OK", "OUT_OF_VIEW", "OK")
    assert sweep.transforms["ReferenceToTracker"].status == ("OK", "MISSING", "MISSING")
    assert np.isnan(sweep.transforms["ProbeToTracker"].matrices[1]).all()
    assert [frame["note"] for frame in sweep.fields] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "empty"),
        (["0,1,2,3,0,0,0,1"], "no column timestamp"),
        ([QUATERNIONS], "no poses"),
        (["timestamp,tx,ty,tz,qx,qy,qz", "0,0,0,0,0,0,0"], "no column qw"),
        (["timestamp,m00,tx", "0,0,0"], "quaternion and of a matrix"),
        (["timestamp,tx,tx", "0,0,0"], "'tx' twice"),
        ([QUATERNIONS, "0,0,0,0,0,0,0,1", "1,0,0,zero,0,0,0,1"], "line 3 column tz is 'zero'"),
        ([QUATERNIONS, "# a comment", "1,0,0,0,0,0,0"], "line 3 has 7 columns"),
        ([QUATERNIONS, "nan,0,0,0,0,0,0,1"], "line 2 column timestamp"),
        ([QUATERNIONS, "0,0,0,0,0,0,0,2"], "line 2 columns qx, qy, qz, qw.*length 2"),
        ([QUATERNIONS, "0,0,0,0,0,0,0,0"], "length 0"),
        ([QUATERNIONS, "0,inf,0,0,0,0,0,1"], "column tx is 'inf'"),
        ([QUATERNIONS.replace(",", ";"), "0;0,5;0;0;0;0;0;1"], "column tx is '0,5'.*decimal point"),
        ([QUATERNIONS + ",transform", "0,0,0,0,0,0,0,1,probe"], "line 2 column transform"),
    ],
)
def test_errors_name_line_and_column(tmp_path, lines, words):
    with pytest.raises(FileFormatError, match=rf"poses\.csv.*{words}"):
        read_pose_table(put(tmp_path, *lines))


def test_a_missing_file(tmp_path):
    with pytest.raises(FileFormatError, match=r"none\.csv"):
        read_pose_table(tmp_path / "none.csv")


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
words = st.sampled_from(["OK", "INVALID", "OUT_OF_VIEW", "MISSING"])


@st.composite
def tracking(draw: st.DrawFn) -> Sweep:
    count = draw(st.integers(1, 4))
    transforms = {}
    for name in draw(st.lists(st.sampled_from(["ProbeToTracker", "AToB", "TrackerToX1"]), min_size=1, unique=True)):
        status = draw(st.lists(words, min_size=count, max_size=count))
        matrices = np.tile(np.eye(4), (count, 1, 1))
        matrices[:, :3] = np.array(draw(st.lists(finite, min_size=12 * count, max_size=12 * count))).reshape(-1, 3, 4)
        for index, word in enumerate(status):
            if word != "OK" and draw(st.booleans()):
                matrices[index] = np.nan
        transforms[name] = TrackedTransform(matrices, tuple(status))
    times = draw(st.lists(finite, min_size=count, max_size=count))
    fields = tuple({"note": draw(st.sampled_from(["", "a", 'b,"c";']))} for _ in range(count))
    return Sweep(np.zeros((count, 0, 0), np.uint8), np.array(times), transforms, fields=fields)


@given(tracking())
def test_written_tables_read_back_as_the_same_numbers(tmp_path_factory, sweep):
    path = tmp_path_factory.mktemp("table") / "poses.csv"
    write_pose_table(sweep, path)
    read = read_pose_table(path)
    np.testing.assert_array_equal(read.timestamps, sweep.timestamps)
    assert set(read.transforms) == set(sweep.transforms)
    for name, transform in sweep.transforms.items():
        np.testing.assert_array_equal(read.transforms[name].matrices, transform.matrices)
        assert read.transforms[name].status == transform.status
    assert [dict(frame) for frame in read.fields] == [dict(frame) for frame in sweep.fields]


def test_poses_that_a_table_cannot_hold_are_not_written(tmp_path):
    wrong = TrackedTransform(np.full((1, 4, 4), np.nan), ("OK",))
    with pytest.raises(FileFormatError, match="ProbeToTracker of frame 0"):
        write_pose_table(
            Sweep(np.zeros((1, 0, 0), np.uint8), np.zeros(1), {"ProbeToTracker": wrong}), tmp_path / "p.csv"
        )
    assert not list(tmp_path.iterdir())


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", QUATERNIONS.encode() + b"\n", b"timestamp;" + b";".join(m.encode() for m in MATRIX) + b"\n"]),
)
def test_any_bytes_end_in_a_table_or_a_clear_error(tmp_path_factory, data, head):
    path = tmp_path_factory.mktemp("bytes") / "poses.csv"
    path.write_bytes(head + data)
    with contextlib.suppress(FileFormatError):
        assert len(read_pose_table(path)) > 0
