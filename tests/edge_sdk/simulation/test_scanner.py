"""Frames of one echo field: agreement, attenuation, shadow, compression."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_sdk.simulation.motion import rigid
from edge_sdk.simulation.phantom import TISSUE, Material, Phantom, Structure
from edge_sdk.simulation.probe import BEAM_STEP_MM, Probe
from edge_sdk.simulation.scanner import TGC_SHARE, TISSUE_LEVEL, EchoField, Scanner, Settings, echo_field
from edge_sdk.simulation.shapes import Ellipsoid, Plate, Shape
from edge_sdk.simulation.speckle import PSF_SIGMA_MM
from edge_sdk.volume.grid import Grid

GRID = Grid((70, 130, 70), (0.4, 0.25, 0.4), (-14.0, -1.0, -14.0))
LINEAR = Probe("linear", 0.0, 0.0, 10.0, depth=28.0, beams=81)
CONVEX = Probe("convex", 40.0, np.deg2rad(10.0), 7.0, depth=28.0, beams=81)
STRAIGHT = np.eye(4)


def field_with(*bodies: tuple[Material, Shape]) -> EchoField:
    phantom = Phantom(tuple(Structure(m, (s,)) for m, s in bodies), np.zeros(3), 0.0, 7)
    return echo_field(phantom, GRID)


@pytest.fixture(scope="module")
def tissue() -> EchoField:
    return field_with()


@pytest.mark.parametrize("probe", [LINEAR, CONVEX])
def test_the_same_place_twice_gives_the_same_frame(tissue: EchoField, probe: Probe) -> None:
    pose = rigid(np.array([0.05, 0.1, -0.04]), np.array([0.3, 0.2, 1.0]))
    first, again = Scanner(tissue, probe).frame(pose), Scanner(tissue, probe).frame(pose)
    assert first.any()
    assert np.array_equal(first, again)


@pytest.mark.parametrize("probe", [LINEAR, CONVEX])
def test_crossing_frames_agree_where_they_cross(tissue: EchoField, probe: Probe) -> None:
    across = rigid(np.array([0.0, np.deg2rad(90), 0.0]), np.zeros(3))
    scanner = Scanner(tissue, probe)
    middle = probe.beams // 2
    one, other = scanner.beams(STRAIGHT), scanner.beams(across)
    assert np.corrcoef(one[middle], other[middle])[0, 1] > 0.99
    assert abs(np.corrcoef(one[middle - 30], other[middle - 30])[0, 1]) < 0.4


def test_neighboring_frames_decorrelate_slowly(tissue: EchoField) -> None:
    scanner = Scanner(tissue, LINEAR)
    beams = [scanner.beams(rigid(np.zeros(3), np.array([0, 0, z]))).ravel() for z in (0.0, 0.1, 3.0)]
    assert np.corrcoef(beams[0], beams[1])[0, 1] > 0.9
    assert abs(np.corrcoef(beams[0], beams[2])[0, 1]) < 0.1


def test_beams_keep_the_rayleigh_ratio(tissue: EchoField) -> None:
    scanner = Scanner(tissue, LINEAR)
    frames = [scanner.beams(rigid(np.zeros(3), np.array([0, 0, z])))[:, :60] for z in np.arange(-12.0, 12.0)]
    amplitude = 10 ** (np.array(frames) / 20)
    assert np.isclose(amplitude.mean() / amplitude.std(), 1.913, rtol=0.03)


def test_tissue_loses_what_the_compensation_leaves(tissue: EchoField) -> None:
    scanner = Scanner(tissue, LINEAR)
    places = np.linspace(-12.0, 12.0, 14)
    beams = np.mean([scanner.beams(rigid(np.zeros(3), np.array([0.03, 0, z]))) for z in places], axis=(0, 1))
    depth = np.arange(LINEAR.samples) * BEAM_STEP_MM
    slope, surface = np.polyfit(depth, beams, 1)
    assert np.isclose(slope, (TGC_SHARE - 1) * TISSUE.attenuation, atol=0.03)
    # The mean logarithm of Rayleigh power lies 2.51 dB below that of its mean (Euler's constant · 10 / ln 10), and
    # interpolating between the field's nodes leaves 1 - (1 - r) / 3 per axis, r the correlation of neighbors.
    kept = [1 - (1 - np.exp(-((h / s) ** 2) / 4)) / 3 for h, s in zip(GRID.spacing, PSF_SIGMA_MM, strict=True)]
    assert np.isclose(surface, -2.51 + 10 * np.log10(np.prod(kept)), atol=0.4)


def test_shadow_behind_a_reflector_and_brightness_behind_a_cyst() -> None:
    plate = Plate(np.array([-5.0, 10.0, 0.0]), np.array([2.5, 0.6, 2.5]), np.eye(3))
    cyst = Ellipsoid(np.array([5.0, 10.0, 0.0]), np.full(3, 3.5), np.eye(3))
    field = field_with((Material(0, 24.0, 22.0), plate), (Material(2, -48.0, 0.02), cyst))
    beams = Scanner(field, LINEAR).beams(STRAIGHT)
    lateral, _ = LINEAR.beam_rays()
    x, behind = lateral[:, 0], slice(round(17 / BEAM_STEP_MM), round(27 / BEAM_STEP_MM))
    aside = beams[np.abs(x) < 1, behind].mean()
    assert beams[np.abs(x + 5) < 1.2, behind].mean() < aside - 15
    # 7 mm of fluid spare 7 · (0.5 - 0.02) dB.
    assert np.isclose(beams[np.abs(x - 5) < 1, behind].mean() - aside, 3.4, atol=1.5)
    at_plate = slice(round(9.6 / BEAM_STEP_MM), round(10 / BEAM_STEP_MM))
    assert beams[np.abs(x + 5) < 1.2, at_plate].mean() > aside + 10


def test_compression_maps_decibels_to_gray(tissue: EchoField) -> None:
    scanner = Scanner(tissue, LINEAR, Settings(gain_db=6.0, dynamic_range_db=50.0))
    level = np.clip(TISSUE_LEVEL + (scanner.beams(STRAIGHT) + 6.0) / 50.0, 0, 1) * 255
    frame = scanner.frame(STRAIGHT)
    sample, beam, seen = LINEAR.pixel_lookup()
    expected = cv2.remap(level.astype(np.float32), sample, beam, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(frame[seen] - expected[seen]).max() <= 1
    brighter = Scanner(tissue, LINEAR, Settings(gain_db=12.0, dynamic_range_db=50.0)).frame(STRAIGHT)
    assert brighter.mean() > frame.mean() + 15


def test_nothing_outside_the_beams_or_the_field(tissue: EchoField) -> None:
    assert not Scanner(tissue, CONVEX).frame(STRAIGHT)[~CONVEX.pixel_lookup()[2]].any()
    far = rigid(np.zeros(3), np.array([500.0, 0, 0]))
    assert not Scanner(tissue, LINEAR).frame(far).any()
