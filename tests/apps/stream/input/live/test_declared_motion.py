"""Declared motions from the start of a sweep."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from apps.stream.input.live.motion import Motion
from edge_sdk.errors import PoseError


def test_a_probe_slides_by_time_or_by_frame() -> None:
    assert Motion.parse("linear:speed=10mm/s,direction=-x").at(1.5, 7)[:3, 3] == pytest.approx([-15, 0, 0])
    assert Motion.parse("linear:step=0.5mm").at(1.5, 7)[:3, 3] == pytest.approx([0, 0, 3.5])


def test_a_fan_begins_at_its_start() -> None:
    motion = Motion.parse("fan:rate=10deg/s,radius=20mm")
    assert motion.at(0.0, 0)[:3, :3] == pytest.approx(np.eye(3))
    turned = Rotation.from_euler("x", 30, degrees=True)
    assert motion.at(3.0, 0)[:3, :3] == pytest.approx(turned.as_matrix())
    assert motion.at(3.0, 0)[:3, 3] == pytest.approx(turned.apply([0, 20, 0]))


def test_a_sensor_turns_and_the_declaration_moves() -> None:
    rotation = Rotation.from_euler("xyz", [10, -20, 35], degrees=True)
    about = Motion.parse("fan:radius=20mm", turned_by_sensor=True).turned(rotation.as_matrix(), 9.0, 0)
    assert about[:3, 3] == pytest.approx(rotation.apply([0, 20, 0]))
    along = Motion.parse("linear:speed=5,direction=y", turned_by_sensor=True).turned(rotation.as_matrix(), 2.0, 0)
    assert along[:3, 3] == pytest.approx([0, 10, 0])
    assert along[:3, :3] == pytest.approx(rotation.as_matrix())


@pytest.mark.parametrize(
    ("uri", "by_sensor"),
    [
        ("linear:", False),
        ("linear:speed=0", False),
        ("fan:radius=2", False),
        ("fan:rate=1,step=1", False),
        ("linear:speed=1,direction=w", False),
        ("csv:a.csv", False),
        ("fan:rate=1", True),
        ("fan:axis=y", True),
        ("linear:direction=x", True),
    ],
)
def test_impossible_declarations_are_refused_before_the_start(uri: str, by_sensor: bool) -> None:
    with pytest.raises(PoseError) as caught:
        Motion.parse(uri, turned_by_sensor=by_sensor)
    assert "\n" not in str(caught.value)
