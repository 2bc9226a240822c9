"""Prefixes and wrappers that frameworks put around the names of a network's tensors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.checkpoint_names import published_names, unwrapped
from edge_sdk.errors import TrainingError

NAMES = ("stem.weight", "stem.bias", "enc_block_0.0.norm.weight")


@given(st.lists(st.sampled_from(["_orig_mod.", "model.", "net.", "module.", "network.", "student."]), max_size=4))
def test_any_row_of_prefixes_is_dropped(prefixes: list[str]) -> None:
    stored = ["".join(prefixes) + name for name in NAMES]
    assert list(published_names(stored).values()) == list(NAMES)


def test_a_compiled_part_of_the_network_is_known() -> None:
    assert published_names(["stem.weight", "enc_block_0._orig_mod.0.norm.weight"]) == {
        "stem.weight": "stem.weight",
        "enc_block_0._orig_mod.0.norm.weight": "enc_block_0.0.norm.weight",
    }


def test_tensors_beside_the_network_are_left_out() -> None:
    assert published_names(["model.stem.weight", "loss.class_weights"]) == {"model.stem.weight": "stem.weight"}
    assert published_names(["state/stem.weight", "input"]) == {"state/stem.weight": "stem.weight"}


def test_without_a_network_all_names_stay() -> None:
    assert published_names(["conv.weight", "fc.bias"]) == {"conv.weight": "conv.weight", "fc.bias": "fc.bias"}


@pytest.mark.parametrize(
    "names", [["teacher.stem.weight", "student.stem.weight"], ["stem.weight", "_orig_mod.stem.weight"]]
)
def test_two_networks_are_refused(names: list[str]) -> None:
    with pytest.raises(TrainingError, match=r"c\.pt: holds more than one network"):
        published_names(names, where="c.pt")


def test_wrappers_may_be_nested() -> None:
    state = {"stem.weight": 1}
    assert unwrapped({"epoch": 3, "model": {"state_dict": state}}) is state
    assert unwrapped({"network_weights": state, "optimizer_state": {}}) is state
    assert unwrapped(state) is state
    assert unwrapped(3) == 3
