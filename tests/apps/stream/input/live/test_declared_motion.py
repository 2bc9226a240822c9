"""Declared motions from the start of a sweep."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from apps.stream.input.live.declared_motion import declared_pose, measured_pose
from apps.stream.input.uris.motions import parse_measured_motion, parse_motion


def test_a_probe_slides_by_time_or_by_frame() -> None:
    assert declared_pose(parse_motion("linear:speed=10mm/s,direction=-x"), 1.5, 7)[:3, 3] == pytest.approx([-15, 0, 0])
    assert declared_pose(parse_motion("linear:step=0.5mm"), 1.5, 7)[:3, 3] == pytest.approx([0, 0, 3.5])


def test_a_fan_begins_at_its_start() -> None:
    motion = parse_motion("fan:rate=10deg/s,radius=20mm")
    assert declared_pose(motion, 0.0, 0)[:3, :3] == pytest.approx(np.eye(3))
    turned = Rotation.from_euler("x", 30, degrees=True)
    assert declared_pose(motion, 3.0, 0)[:3, :3] == pytest.approx(turned.as_matrix())
    assert declared_pose(motion, 3.0, 0)[:3, 3] == pytest.approx(turned.apply([0, 20, 0]))


def test_a_sensor_turns_and_the_declaration_moves() -> None:
    rotation = Rotation.from_euler("xyz", [10, -20, 35], degrees=True)
    about = measured_pose(parse_measured_motion("fan:radius=20mm"), rotation.as_matrix(), 9.0, 0)
    assert about[:3, 3] == pytest.approx(rotation.apply([0, 20, 0]))
    along = measured_pose(parse_measured_motion("linear:speed=5,direction=y"), rotation.as_matrix(), 2.0, 0)
    assert along[:3, 3] == pytest.approx([0, 10, 0])
    assert along[:3, :3] == pytest.approx(rotation.as_matrix())
