from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.errors import PoseError
from edge_sdk.sweep.transforms import TransformGraph, carries_pixels, is_transform_name, pixel_frame, split_name


def rigid(seed):
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3], _ = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix[:3, 3] = rng.normal(size=3) * 50
    return matrix


def test_image_to_reference_as_plus_composes_it():
    image, probe, reference = rigid(1), rigid(2), rigid(3)
    graph = TransformGraph({"ImageToProbe": image, "ProbeToTracker": probe, "ReferenceToTracker": reference})
    np.testing.assert_allclose(graph.resolve("Image", "Reference"), np.linalg.inv(reference) @ probe @ image)
    np.testing.assert_allclose(graph.resolve("Reference", "Image"), np.linalg.inv(graph.resolve("Image", "Reference")))
    np.testing.assert_array_equal(graph.resolve("Image", "Image"), np.eye(4))


@given(st.integers(2, 9), st.randoms(use_true_random=False))
def test_a_chain_of_any_direction_and_order_gives_the_known_placement(length, random):
    placement = [rigid(seed) for seed in range(length)]  # frame i to world
    links = list(range(length - 1))
    random.shuffle(links)
    graph = TransformGraph()
    for i in links:
        a, b = (i, i + 1) if random.random() < 0.5 else (i + 1, i)
        graph.add(f"F{a}ToF{b}", np.linalg.inv(placement[b]) @ placement[a])
    expected = np.linalg.inv(placement[-1]) @ placement[0]
    np.testing.assert_allclose(graph.resolve("F0", f"F{length - 1}"), expected, atol=1e-9)


def test_a_missing_link_is_named_with_a_remedy():
    graph = TransformGraph({"ProbeToTracker": rigid(0), "ReferenceToTracker": rigid(1)})
    with pytest.raises(PoseError, match=r"no transform starts or ends at Image.*--config PLUS\.xml"):
        graph.resolve("Image", "Reference")
    with pytest.raises(PoseError, match="nothing leads from Probe, Reference, Tracker to Stylus"):
        TransformGraph({"ProbeToTracker": rigid(0), "ReferenceToTracker": rigid(1), "StylusToTip": rigid(2)}).resolve(
            "Probe", "Stylus"
        )


def test_the_shortest_path_wins_and_adding_replaces():
    graph = TransformGraph({"AToB": rigid(0), "BToC": rigid(1), "AToC": rigid(2)})
    np.testing.assert_allclose(graph.resolve("A", "C"), rigid(2))
    graph.add("AToC", rigid(3))
    np.testing.assert_allclose(graph.resolve("A", "C"), rigid(3))


@pytest.mark.parametrize("name", ["ProbeTracker", "To", "ProbeTo", "AToBToC", "probetotracker", ""])
def test_names_that_are_no_transform(name):
    with pytest.raises(PoseError, match="<From>To<To>"):
        split_name(name)


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        # Each as igsioTransformName::SetTransformName of IGSIO divides it.
        ("Probe-1ToTracker", ("Probe-1", "Tracker")),
        ("Left ProbeToTracker", ("Left Probe", "Tracker")),
        ("probeToTracker", ("Probe", "Tracker")),
        ("ProbeTo3D", ("Probe", "3D")),
        ("449-ReferenceTo339-Probe", ("449-Reference", "339-Probe")),
        ("Device:1ToTracker", ("Device:1", "Tracker")),
        ("ProbeTo_world", ("Probe", "_world")),
        ("1ToA", ("1", "A")),
    ],
)
def test_names_as_plus_takes_them(name, ends):
    assert split_name(name) == ends


@pytest.mark.parametrize("name", ["ProbeTotracker", "ToTracker", "ATo1ToB"])
def test_names_that_plus_refuses(name):
    assert not is_transform_name(name)


@given(st.text(), st.text())
def test_any_name_is_divided_in_one_place_or_refused(start, end):
    name = f"{start}To{end}"
    if is_transform_name(name):
        first, second = split_name(name)
        assert f"{first}To{second}".casefold() == name.casefold()
        assert split_name(f"{first}To{second}") == (first, second)


def test_the_frame_of_the_pixels():
    assert pixel_frame(["ProbeToTracker", "ImageToProbe"]) == "Image"
    assert pixel_frame(["ImageToCroppedImage", "ProbeToTracker"]) == "CroppedImage"
    assert pixel_frame(["ImageToCroppedImage", "ImageToFlippedImage"]) == "Image"
    assert carries_pixels("ImageToProbe", "CroppedImage")
    assert carries_pixels("UsToProbe", "Us")
    assert not carries_pixels("ProbeToTracker", "Image")


def test_names_with_small_to_inside():
    assert split_name("ToolToTracker") == ("Tool", "Tracker")
    assert split_name("StylusTipToStylus") == ("StylusTip", "Stylus")


@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.eye(3), np.full((4, 4), np.nan)])
def test_impossible_matrices(matrix):
    with pytest.raises(PoseError, match="inverse"):
        TransformGraph({"AToB": matrix})
