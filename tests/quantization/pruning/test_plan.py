from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import RecipeError
from edge_sdk.network.architecture import published_architecture
from quantization.pruning.cost import total_macs
from quantization.pruning.importance import Importance
from quantization.pruning.plan import Pruner, check_budget
from quantization.pruning.selection import Selection, all_groups
from quantization.recipe import PruneRecipe

PATCH = (32, 32, 32)
NETWORK = published_architecture("T", 1, 3, 16, 16, norm="batch", activation="relu").inference


def importance(seed: int) -> Importance:
    draw = np.random.default_rng(seed)
    everything = Selection.all_of(NETWORK)
    return Importance(
        {group: draw.random(len(everything.channels[group])) for group in all_groups()},
        {(*place, b): float(draw.random()) for place, kept in everything.branches.items() for b in kept},
        {place: float(draw.random()) for place in everything.branches},
    )


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.2, 0.95), seed=st.integers(0, 1000), multiple=st.sampled_from([4, 8]))
def test_the_budget_is_kept_and_nearly_used(share: float, seed: int, multiple: int) -> None:
    plan = PruneRecipe(macs=share, width_multiple=multiple, minimum_width=multiple)
    pruner = Pruner(NETWORK, PATCH, plan)
    left = pruner.chosen(importance(seed), int(share * pruner.macs())).applied_to(NETWORK)
    assert 0.55 * share < total_macs(left, PATCH) / pruner.macs() <= share
    assert all(width % multiple == 0 for width in (*left.encoder_widths, *left.decoder_widths))
    assert all(1 in left.stages[f"up_{i}"][0] for i in (1, 2, 3))


def test_the_least_important_goes_first() -> None:
    found = importance(0)
    for group in all_groups():
        found.channels[group][:] = 1e9
    for key in found.branches:
        found.branches[key] = 1e9
    for place in found.blocks:
        found.blocks[place] = 1e9
    cheap = [0, 2, 5, 6, 9, 11, 12, 13]
    found.channels["encoder", 1][cheap] = 1e-9
    pruner = Pruner(NETWORK, PATCH, PruneRecipe(macs=0.99))
    left = pruner.chosen(found, pruner.macs() - 1)
    assert set(range(32)) - set(left.channels["encoder", 1]) == set(cheap)


def test_only_the_parts_that_the_recipe_names_go() -> None:
    pruner = Pruner(NETWORK, PATCH, PruneRecipe(macs=0.9, parts=("branches",)))
    left = pruner.chosen(importance(1), int(0.9 * pruner.macs())).applied_to(NETWORK)
    assert left.encoder_widths == NETWORK.encoder_widths
    assert {name: len(blocks) for name, blocks in left.stages.items()} == {
        name: len(blocks) for name, blocks in NETWORK.stages.items()
    }


def test_the_fewest_are_always_reached() -> None:
    pruner = Pruner(NETWORK, PATCH, PruneRecipe(macs=0.5))
    fewest = pruner.fewest()
    assert total_macs(pruner.chosen(importance(2), fewest).applied_to(NETWORK), PATCH) <= fewest
    with pytest.raises(RecipeError, match="cannot go below"):
        pruner.chosen(importance(2), fewest // 4)


def test_more_pruning_than_the_widths_allow_is_told() -> None:
    with pytest.raises(RecipeError, match=r"prune\.macs = 0\.3 asks for more pruning than the widths allow"):
        check_budget(NETWORK, PATCH, PruneRecipe(macs=0.3, parts=("encoder",), minimum_width=16))


def test_levels_joined_by_an_identity_lose_the_same_channels() -> None:
    full = published_architecture("L", 1, 3, 16, 16, norm="batch", activation="relu")
    assert not full.projected[0]
    pruner = Pruner(full, PATCH, PruneRecipe(macs=0.3))
    draw = np.random.default_rng(3)
    found = Importance({g: draw.random(300) for g in all_groups()}, {}, {})
    left = pruner.chosen(found, pruner.fewest())
    assert left.channels["encoder", 0] == left.channels["decoder", 0]
