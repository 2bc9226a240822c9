from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apps.pose_uri import recorded_poses, with_declared_poses
from edge_sdk.errors import EdgeSdkError, PoseError
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.sweep import Sweep


def sweep() -> Sweep:
    return Sweep(np.zeros((3, 4, 5), np.uint8), np.array([0.0, 0.5, 1.0]))


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("linear:speed=10mm/s", "linear, 10 mm/s along z of the probe"),
        ("linear:speed=10", "linear, 10 mm/s along z of the probe"),
        ("linear:step=.5mm,direction=-x", "linear, 0.5 mm/frame along -x of the probe"),
        ("linear:direction=y,speed=-1e1 mm/s", "linear, -10 mm/s along y of the probe"),
        ("fan:rate=12deg/s", "fan, 12 °/s about x of the probe"),
        ("fan:step=2deg,radius=20mm", "fan, 2 °/frame about x of the probe at 20 mm"),
        ("fan:step=2,axis=y", "fan, 2 °/frame about y of the probe"),
    ],
)
def test_declared_sweeps(uri, said):
    assert recorded_poses(uri) is None
    assert with_declared_poses(sweep(), uri).provenance.poses_declared == said


@pytest.mark.parametrize(
    "uri",
    [
        "linear:", "linear:speed", "linear:speed=", "linear:speed=fast", "linear:speed=10cm/s", "linear:rate=1",
        "linear:speed=1,speed=2", "linear:speed=1.2.3", "linear:speed=1,direction=w", "fan:rate=1,axis=z",
        "fan:speed=1", "fan:rate=1deg/s,step=1deg",
    ],
)  # fmt: skip
def test_impossible_declarations(uri):
    with pytest.raises(PoseError):
        with_declared_poses(sweep(), uri)


@pytest.mark.parametrize("uri", ["", "csv:", "sweep:", "poses.csv", "ndi:/dev/ttyUSB0"])
def test_other_uris_name_what_works(uri):
    with pytest.raises(PoseError, match="use csv:FILE"):
        recorded_poses(uri)


def test_files(tmp_path: Path):
    table = tmp_path / "a:b.csv"
    table.write_text("timestamp,tx,ty,tz,qx,qy,qz,qw\n0,1,2,3,0,0,0,1\n")
    read = recorded_poses(f"csv:{table}")
    assert read is not None
    assert read.transforms["ProbeToReference"].matrices[0, :3, 3].tolist() == [1, 2, 3]
    tracker = Sweep(np.zeros((1, 0, 0), np.uint8), np.zeros(1), read.transforms)
    write_sweep(tracker, tmp_path / "t.igs.mha")
    assert recorded_poses(f"sweep:{tmp_path / 't.igs.mha'}") is not None
    with pytest.raises(EdgeSdkError, match=r"none\.csv"):
        recorded_poses(f"csv:{tmp_path / 'none.csv'}")
