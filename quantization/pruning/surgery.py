"""Cutting channels, branches and blocks out of a network: its tensors become smaller."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_sdk.errors import RecipeError, TrainingError
from edge_sdk.network.architecture import channel_groups
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.pruning.selection import Place, Selection, block_name, output_first

State = dict[str, Tensor]


def require_prunable(network: EfficientMedNeXt) -> None:
    """Refuse a network whose norm does not allow channels to go.

    Raises:
        RecipeError: It has GroupNorm.
    """
    if network.norm_kind != "batch":
        raise RecipeError(
            "a network with GroupNorm cannot be pruned: its groups of 3 adjacent channels straddle the branches and "
            "share one mean, so that removing a channel changes others",
            remedy="prune its BatchNorm student (edge-sdk compress does)",
        )


@torch.no_grad()
def cut(network: EfficientMedNeXt, selection: Selection) -> EfficientMedNeXt:
    """A smaller network that holds what is selected of another one's weights and statistics; inference stages only.

    torch-pruning (1.6.1) removes channels of ordinary layers alike, and the tests hold this against it; it knows
    neither whole branches nor whole blocks, and takes the compiled depthwise convolutions of training for unknown.

    Raises:
        RecipeError: The network has GroupNorm.
        TrainingError: Nothing was removed.
    """
    require_prunable(network)
    smaller = EfficientMedNeXt(selection.applied_to(network.architecture))
    full = network.state_dict()
    state: State = {}
    _stem(full, state, selection)
    for stage in smaller.architecture.stages:
        for number, place in enumerate(selection.places(stage)):
            names = (block_name(place), block_name((stage, number)))
            _block(network, full, state, selection, place, names)
    _heads(full, state, selection, smaller)
    smaller.load_state_dict(state)
    before, after = network.inference_parameters(), smaller.inference_parameters()
    if after >= before:
        raise TrainingError(
            f"pruning removed nothing: {before} parameters before, {after} after", remedy="report this with the recipe"
        )
    return smaller.train(network.training)


def _stem(full: State, state: State, selection: Selection) -> None:
    rows = torch.tensor(selection.channels["encoder", 0])
    for name in ("stem.weight", "stem.bias"):
        state[name] = full[name][rows]


def _heads(full: State, state: State, selection: Selection, smaller: EfficientMedNeXt) -> None:
    for name in smaller.state_dict():
        if name.startswith("out_"):
            rows = torch.tensor(selection.channels["decoder", int(name.split(".")[0][-1])])
            state[name] = full[name][rows] if name.endswith("weight") else full[name]


def _block(
    network: EfficientMedNeXt,
    full: State,
    state: State,
    selection: Selection,
    place: Place,
    names: tuple[str, str],
) -> None:
    """Copy the kept part of a block; `names` are its names in the full and in the smaller network."""
    old, new = names
    stage, number = place
    source, sink = channel_groups(stage)
    inward, outward = (torch.tensor(selection.channels[group]) for group in (source, sink))
    channels = network.architecture.widths_of(stage)[0]
    had, kept = network.architecture.stages[stage][number], selection.branches[place]
    for branch in kept:
        name = f"conv1.dwconvs.{branch}.0.weight"
        state[f"{new}.{name}"] = full[f"{old}.{name}"][inward]
    concatenated = torch.cat([had.index(branch) * channels + inward for branch in kept])
    for name in ("weight", "bias", "running_mean", "running_var"):
        state[f"{new}.norm.{name}"] = full[f"{old}.norm.{name}"][concatenated]
    state[f"{new}.norm.num_batches_tracked"] = full[f"{old}.norm.num_batches_tracked"]
    for name, columns in (("conv3", concatenated), ("res_conv", inward)):
        if (key := f"{old}.{name}.weight") in full:
            weight = output_first(full[key], stage)[outward][:, columns]
            state[f"{new}.{name}.weight"] = output_first(weight, stage).contiguous()
            state[f"{new}.{name}.bias"] = full[f"{old}.{name}.bias"][outward]
