from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from edge_sdk.errors import RecipeError, TrainingError
from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.depthwise import DepthwiseConv3d
from quantization.deploy_form import deploy_graph
from quantization.pruning.selection import Selection
from quantization.pruning.surgery import cut
from tests.quantization.pruning.conftest import PATCH


@pytest.fixture
def patch() -> torch.Tensor:
    return torch.randn(1, 1, *PATCH, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_what_is_zero_can_go_without_a_difference(network: EfficientMedNeXt, patch: torch.Tensor) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d) and module.running_mean is not None:
            # A channel of zeros is then zero behind the norm, too.
            module.running_mean.zero_()
            module.bias.zero_()
    removed = {"encoder": (1, 5, 6, 7, 8, 9, 12, 15), "decoder": (0, 2, 3, 4, 8, 9, 14, 15)}
    selection = Selection.all_of(network.architecture)
    selection = selection.without_channels((("encoder", 1),), removed["encoder"])
    selection = selection.without_channels((("decoder", 2),), removed["decoder"])
    selection = selection.without_branch(("enc_block_2", 0), 2).without_branch(("up_2", 0), 0)
    selection = selection.without_block(("bottleneck", 1))

    mute_outputs(network, ("down_0", "enc_block_1.0", "enc_block_1.1"), removed["encoder"])
    mute_outputs(network, ("crrb2", "dec_block_2.0", "dec_block_2.1"), removed["decoder"])
    up: Any = network.get_submodule("up_2")
    for conv in (up.conv3, up.res_conv):
        conv.weight[:, list(removed["decoder"])] = 0
        conv.bias[list(removed["decoder"])] = 0
    up.conv3.weight[:16] = 0
    mixed: Any = network.get_submodule("enc_block_2.0.conv3")
    mixed.weight[:, 2 * 64 :] = 0
    gone: Any = network.get_submodule("bottleneck.1.conv3")
    gone.weight.zero_()
    gone.bias.zero_()

    smaller = cut(network, selection)
    expected, found = network(patch), smaller(patch)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert smaller.architecture.encoder_widths[1] == 24
    assert len(smaller.bottleneck) == 1
    assert deploy_graph(smaller) is not None


def mute_outputs(network: EfficientMedNeXt, blocks: tuple[str, ...], channels: tuple[int, ...]) -> None:
    for name in blocks:
        block: Any = network.get_submodule(name)
        for conv in (block.conv3, block.res_conv):
            if conv is not None:
                conv.weight[list(channels)] = 0
                conv.bias[list(channels)] = 0


def test_channels_go_as_torch_pruning_removes_them(network: EfficientMedNeXt, patch: torch.Tensor) -> None:
    """The other library cuts a twin whose depthwise layers are torch's own; outputs are equal."""
    pruning: Any = pytest.importorskip("torch_pruning")
    network = without_heads(network)
    twin = EfficientMedNeXt(network.architecture).eval()
    twin.load_state_dict(network.state_dict())
    with_plain_layers(twin)
    for parameter in twin.parameters():
        parameter.requires_grad_(True)
    removed = (0, 3, 4, 9, 10, 11, 14, 15)
    selection = Selection.all_of(network.architecture)
    for group, root in (("encoder", "down_1.conv3"), ("decoder", "crrb3.conv3")):
        level = 2 if group == "encoder" else 3
        dependencies = pruning.DependencyGraph().build_dependency(twin, example_inputs=patch)
        found = dependencies.get_pruning_group(
            twin.get_submodule(root), pruning.prune_conv_out_channels, idxs=list(removed)
        )
        found.prune()
        selection = selection.without_channels(((group, level),), removed)
    smaller = cut(network, selection)
    with torch.no_grad():
        theirs, ours = twin(patch), smaller(patch)
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))
    assert sum(p.numel() for p in twin.parameters()) == sum(p.numel() for p in smaller.parameters())


def without_heads(network: EfficientMedNeXt) -> EfficientMedNeXt:
    """torch-pruning does not see the heads that inference leaves out."""
    plain = EfficientMedNeXt(replace(network.architecture, deep_supervision=False))
    plain.load_state_dict(network.state_dict(), strict=False)
    return plain.eval()


def with_plain_layers(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, DepthwiseConv3d):
            plain = nn.Conv3d(
                child.channels,
                child.channels,
                child.kernel,
                child.stride,
                child.padding,
                child.dilation,
                groups=child.channels,
                bias=False,
            )
            plain.weight = child.weight
            setattr(module, name, plain)
        else:
            with_plain_layers(child)


def test_group_norm_is_refused_with_the_reason() -> None:
    network = efficient_mednext("T", 1, 2, 8, 8)
    with pytest.raises(RecipeError, match="straddle the branches"):
        cut(network, Selection.all_of(network.architecture))


def test_a_cut_that_removes_nothing_is_an_error(network: EfficientMedNeXt) -> None:
    with pytest.raises(TrainingError, match="removed nothing"):
        cut(network, Selection.all_of(network.architecture))
