"""Poses of sensors and declarations, and the URIs that name them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from apps.stream.input.live.open_poses import OpenedPoses, open_poses
from apps.stream.input.live.poses import DeclaredPoses, ImuPoses, ToolNames, named
from apps.stream.input.uris.motions import parse_measured_motion, parse_motion
from apps.stream.input.uris.poses import live_poses, parse_poses
from edge_sdk.errors import DeviceError, EdgeSdkError
from edge_sdk.simulation.serial_devices.imu import SimulatedImu, bno08x_packet, witmotion_packet
from edge_sdk.simulation.serial_devices.ndi import SimulatedNdi
from edge_sdk.simulation.serial_devices.pseudo_port import PseudoPort
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE as PROBE
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.trackers.reading import Reading, without_pose


def opened(uri: str, timeline: PoseTimeline | None = None) -> OpenedPoses:
    wanted = live_poses(parse_poses(uri))
    return open_poses(wanted, timeline or PoseTimeline(), time.perf_counter, lambda _item, _arrival: None)


def test_a_reading_is_a_transform_as_scipy_says() -> None:
    rotation = Rotation.from_euler("xyz", [10, 20, 30], degrees=True)
    pose = named(Reading("0A", "OK", rotation.as_quat(), np.array([1.0, 2.0, 3.0])), PROBE, 5.0)
    assert pose.matrix[:3, :3] == pytest.approx(rotation.as_matrix())
    assert pose.matrix[:, 3] == pytest.approx([1, 2, 3, 1])
    lost = named(without_pose("0A", "MISSING"), PROBE, 5.0)
    assert (lost.status, np.isnan(lost.matrix).all()) == ("MISSING", True)


def test_an_imus_first_orientation_is_the_references() -> None:
    timeline = PoseTimeline()
    for moment, degrees in ((0.0, 40.0), (1.0, 40.0), (2.0, 70.0)):
        quaternion = Rotation.from_euler("x", degrees, degrees=True).as_quat()
        timeline.add(named(Reading("", "OK", quaternion, np.zeros(3)), PROBE, moment))
    poses = ImuPoses(timeline, parse_measured_motion("linear:speed=10mm/s,direction=z"))
    for _sweep in range(2):
        poses.begin()
        assert poses.at((PROBE,), 1.0, 0.5, 0)[PROBE].matrices[0][:3, 3] == pytest.approx([0, 0, 5])
        later = poses.at((PROBE,), 2.0, 1.5, 1)[PROBE].matrices[0]
        assert later[:3, :3] == pytest.approx(Rotation.from_euler("x", 30, degrees=True).as_matrix())
        assert later[:3, 3] == pytest.approx([0, 0, 15])
    assert poses.at((PROBE,), 9.0, 8.0, 2)[PROBE].status == ("MISSING",)
    stepping = ImuPoses(timeline, parse_measured_motion("linear:step=2mm"))
    assert stepping.at((PROBE,), 1.0, 0.0, 3)[PROBE].matrices[0][2, 3] == pytest.approx(6)


def test_a_declared_probe_stands_still_while_the_sweep_is_paused() -> None:
    poses = DeclaredPoses(parse_motion("linear:speed=10mm/s"))
    assert poses.at((PROBE,), 500.0, 3.0, 9)[PROBE].matrices[0][2, 3] == pytest.approx(30)


def test_the_tools_have_roles() -> None:
    alone = ToolNames("ndi:a", None, None)
    assert alone.name("0A") == PROBE
    with pytest.raises(DeviceError, match=r"tracks tools 0A, 0B; say which is the probe's, such as \?probe=0A"):
        alone.name("0B")
    both = ToolNames("ndi:a", None, "0B")
    assert [both.name(each) for each in ("0B", "0A")] == ["ReferenceToTracker", "ProbeToTracker"]
    said = ToolNames("ndi:a", "0A", None)
    assert [said.name(each) for each in ("0B", "0A")] == [None, PROBE]


def test_a_tool_definition_that_is_not_there_is_named() -> None:
    with pytest.raises(EdgeSdkError, match=r"/nowhere\.rom: cannot be read"):
        opened("ndi:/dev/tty0?rom=/nowhere.rom")


CASES = {
    "ndi": (SimulatedNdi, "?probe=0A&reference=0B", ("ProbeToTracker", "ReferenceToTracker")),
    "ndi-ascii": (SimulatedNdi, "?probe=0B&ascii=1", (PROBE,)),
    "witmotion": (lambda: SimulatedImu(witmotion_packet), "?motion=fan:radius=10mm", (PROBE,)),
    "bno08x": (lambda: SimulatedImu(bno08x_packet), "?motion=linear:speed=3mm/s", (PROBE,)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_sensor_gives_poses_at_the_moments_of_frames(case: str, tmp_path: Path) -> None:
    make, options, names = CASES[case]
    timeline = PoseTimeline()
    with PseudoPort(tmp_path / "tty", make().turn) as port:
        found = opened(f"{case.removesuffix('-ascii')}:{port.link}{options}", timeline)
        with found.followers[0]:
            assert timeline.wait_for(names, -np.inf, 10.0)
            moment = time.perf_counter()
            found.poses.begin()
            assert found.poses.wait(names, moment, 5.0)
            poses = found.poses.at(names, moment, 0.0, 0)
    assert {name: pose.status for name, pose in poses.items()} == dict.fromkeys(names, ("OK",))
    assert set(found.poses.names) == set(names)
