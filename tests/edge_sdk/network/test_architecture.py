from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from edge_sdk.errors import TrainingError
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.architecture import Architecture, published_architecture


def irregular() -> Architecture:
    """Widths that follow no rule, dropped branches everywhere, stages without blocks, no stage 0."""
    whole = published_architecture("T", 1, 3, 8, 8, norm="batch", activation="relu").inference
    stages = {
        **whole.stages,
        "enc_block_0": ((1,),),
        "enc_block_2": ((0, 2), (0, 1, 2)),
        "bottleneck": (),
        "dec_block_1": (),
        "down_1": ((2,),),
        "crrb2": ((0, 1),),
        "up_3": ((1,),),
        "up_2": ((1, 2),),
        "up_1": ((0, 1),),
    }
    return replace(
        whole,
        encoder_widths=(4, 5, 8, 12, 6),
        decoder_widths=(8, 3, 8, 7, 6),
        stages=stages,
        projected=(True,) * 5,
    )


def test_json_keeps_everything() -> None:
    for architecture in (irregular(), published_architecture("L", 2, 4, 8, None, True)):
        assert Architecture.from_json(architecture.to_json()) == architecture


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder_widths": [8, 8]}, "5 positive widths"),
        ({"variant": "XL"}, "variant 'XL'"),
        ({"stages": {}}, "the stages are not those"),
        ({"projected": [False] * 5}, "widths 8 and 3|widths 4 and 8"),
        ({"unknown": 1}, "unknown"),
        ({"activation": "tanh"}, "tanh"),
    ],
)
def test_contradictions_are_told(change: dict[str, object], said: str) -> None:
    text = json.dumps({**json.loads(irregular().to_json()), **change})
    with pytest.raises(TrainingError, match=rf"a\.safetensors: holds no architecture .*({said})"):
        Architecture.from_json(text, "a.safetensors")


@pytest.mark.parametrize(
    ("stage", "branches"), [("up_3", ((0, 2),)), ("crrb4", ()), ("bottleneck", ((),)), ("down_0", ((2, 1),))]
)
def test_blocks_that_cannot_be_are_refused(stage: str, branches: tuple[tuple[int, ...], ...]) -> None:
    whole = irregular()
    with pytest.raises(ValueError, match=stage):
        replace(whole, stages={**whole.stages, stage: branches})


@pytest.mark.parametrize("variant", ["T", "S", "M", "L"])
def test_published_sizes_have_the_published_parameters(variant: str) -> None:
    # Training / early-exit graph, millions, n = d = 32.
    training, inference = {"T": (1.57, 1.55), "S": (3.33, 3.31), "M": (2.20, 2.17), "L": (2.20, 2.19)}[variant]
    full = published_architecture(variant, 1, 14, deep_supervision=True)
    assert round(sum(p.numel() for p in EfficientMedNeXt(full).parameters()) / 1e6, 2) == training
    early = published_architecture(variant, 1, 2).inference
    assert round(sum(p.numel() for p in EfficientMedNeXt(early).parameters()) / 1e6, 2) == inference


@torch.no_grad()
def test_the_inference_form_computes_the_same() -> None:
    whole = EfficientMedNeXt(published_architecture("T", 1, 3, 4, 4, True)).eval()
    part = EfficientMedNeXt(whole.architecture.inference).eval()
    part.load_state_dict({name: whole.state_dict()[name] for name in part.state_dict()})
    x = torch.randn(1, 1, 16, 16, 16)
    assert torch.equal(part(x), whole(x))
    assert len(part.train()(x)) == 4
    assert part.inference_parameters() == whole.inference_parameters()
