"""Geometry of the probes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.errors import RecipeError
from edge_sdk.simulation.motion import face_to_probe
from edge_sdk.simulation.plus_xml import plus_configuration
from edge_sdk.simulation.probe import BEAM_STEP_MM, PROBES, probe_named
from edge_sdk.sweep.plus_config import read_plus_config


@given(st.sampled_from(list(PROBES)), st.floats(0, 1), st.floats(0, 1))
def test_beam_coordinates_undo_beam_rays(name: str, across: float, share: float) -> None:
    probe = probe_named(name)
    starts, directions = probe.beam_rays()
    beam = round(across * (probe.beams - 1))
    x, y, z = starts[beam] + share * probe.depth * directions[beam]
    position, depth = probe.beam_coordinates(np.array(x), np.array(y))
    assert np.isclose(position, 2 * beam / (probe.beams - 1) - 1)
    assert np.isclose(depth, share * probe.depth)
    assert z == 0
    assert np.isclose(np.linalg.norm(directions[beam]), 1)


@pytest.mark.parametrize("name", list(PROBES))
def test_image_frames_all_beams(name: str) -> None:
    probe = probe_named(name)
    starts, directions = probe.beam_rays()
    ends = np.concatenate([starts, starts + probe.depth * directions])
    pixels = (np.linalg.inv(probe.image_to_face) @ np.c_[ends, np.ones(len(ends))].T)[:2]
    rows, columns = probe.image_shape
    assert pixels.min() > -1e-6
    assert pixels[0].max() <= columns - 1 + 1e-6
    assert pixels[1].max() <= rows - 1 + 1e-6
    sample, beam, seen = probe.pixel_lookup()
    assert sample[seen].max() <= probe.depth / BEAM_STEP_MM + 1e-3
    assert beam[seen].min() >= 0
    assert beam[seen].max() <= probe.beams - 1
    # Area of the fan (or rectangle) from geometry.
    if probe.radius:
        area = probe.half_angle * ((probe.radius + probe.depth) ** 2 - probe.radius**2)
    else:
        area = 2 * probe.half_width * probe.depth
    assert np.isclose(seen.sum() * probe.pixel**2, area, rtol=0.01)


@pytest.mark.parametrize("name", list(PROBES))
def test_plus_configuration_clips_to_the_beams(name: str, tmp_path) -> None:
    probe = probe_named(name)
    image_to_probe = face_to_probe() @ probe.image_to_face
    path = tmp_path / "config.xml"
    path.write_text(plus_configuration(probe, image_to_probe))
    config = read_plus_config(path)
    assert np.allclose(config.transforms["ImageToProbe"], image_to_probe, atol=1e-6)
    assert config.reconstruction is not None
    assert config.reconstruction.spacing == (0.8, 0.8, 0.8)
    assert (config.reconstruction.interpolation, config.reconstruction.compounding) == ("linear", "mean")
    clip = config.reconstruction.clip
    assert clip is not None
    kept = np.zeros(probe.image_shape, bool)
    for row, (a, b, c, d) in zip(kept, clip.segments(probe.image_shape), strict=True):
        row[a:b] = row[c:d] = True
    seen = probe.pixel_lookup()[2]
    black = kept & ~seen
    assert not black.any()
    assert (kept & seen).sum() > 0.96 * seen.sum()


def test_unknown_probe_names_those_that_exist() -> None:
    with pytest.raises(RecipeError, match=r"'sector'.*convex, linear"):
        probe_named("sector")
