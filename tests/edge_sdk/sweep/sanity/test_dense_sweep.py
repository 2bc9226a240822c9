"""A sweep of very many frames: neighbors differ by the tracker's noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.simulation.simulate import simulate
from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sanity import check_sweep


@pytest.mark.slow
def test_what_is_right_is_not_warned_of(tmp_path: Path) -> None:
    made = simulate(frames=1000, seed=0)
    (tmp_path / "sweep.xml").write_text(made.plus_config_xml)
    config = read_plus_config(tmp_path / "sweep.xml")
    assert check_sweep(made.sweep, image_to_world(made.sweep, config=config), config=config) == []
