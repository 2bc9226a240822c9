from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge_sdk.errors import GeometryError, RecipeError, TrainingError
from edge_sdk.network import efficient_mednext, load_published, published_outputs


@pytest.mark.parametrize(
    ("variant", "training", "inference"),
    [("T", 1.57, 1.55), ("S", 3.33, 3.31), ("M", 2.20, 2.17), ("L", 2.20, 2.19)],
)
def test_parameter_counts_of_the_published_table(variant: str, training: float, inference: float) -> None:
    # The table counts 14 classes with deep supervision for training, and few classes for the early-exit graph.
    full = efficient_mednext(variant, 1, 14, deep_supervision=True)
    assert round(sum(p.numel() for p in full.parameters()) / 1e6, 2) == training
    assert round(efficient_mednext(variant, 1, 2).inference_parameters() / 1e6, 2) == inference


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "variant", "channels", "classes", "decoder_width", "deep_supervision"),
    [("tiny_n8_dec8_ds", "T", 1, 3, 8, True), ("large_n8_decNone", "L", 2, 2, None, False)],
)
def test_outputs_equal_the_published_code(
    real_data: Path, file: str, variant: str, channels: int, classes: int, decoder_width: int, deep_supervision: bool
) -> None:
    stored = np.load(real_data / "upstream_parity" / f"{file}.npz")
    state = {n.removeprefix("state/"): torch.from_numpy(stored[n]) for n in stored.files if n.startswith("state/")}
    model = efficient_mednext(variant, channels, classes, 8, decoder_width, deep_supervision)
    outputs = published_outputs(load_published(model, state), torch.from_numpy(stored["input"]))
    np.testing.assert_allclose(outputs["early_exit"].numpy(), stored["early_exit"], atol=1e-4)
    expected = [stored[name] for name in sorted(n for n in stored.files if n.startswith("full/"))]
    assert len(outputs["full"]) == len(expected)
    for ours, theirs in zip(outputs["full"], expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


def test_training_returns_every_stage_and_inference_half_resolution() -> None:
    model = efficient_mednext("T", 1, 3, 8, 8, deep_supervision=True)
    x = torch.randn(1, 1, 16, 32, 16)
    stages = model.train()(x)
    assert [tuple(s.shape[2:]) for s in stages] == [(16, 32, 16), (8, 16, 8), (4, 8, 4), (2, 4, 2), (1, 2, 1)]
    assert model.eval()(x).shape == (1, 3, 8, 16, 8)


def test_unknown_variant_names_the_others() -> None:
    with pytest.raises(RecipeError, match="T, S, M, L"):
        efficient_mednext("XL", 1, 2)


def test_patch_that_is_no_multiple_of_the_stride_is_refused() -> None:
    with pytest.raises(GeometryError, match="multiple of 16"):
        efficient_mednext("T", 1, 2, 8, 8)(torch.zeros(1, 1, 16, 24, 16))


def test_checkpoint_files_round_trip_and_misfits_are_told(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    model = efficient_mednext("T", 1, 3, 8, 8)
    state = {f"module.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": {**state, "module.dummy_tensor": torch.zeros(1)}}, tmp_path / "a.pt")
    save_file(model.state_dict(), tmp_path / "b.safetensors")
    for name in ("a.pt", "b.safetensors"):
        other = load_published(efficient_mednext("T", 1, 3, 8, 8), tmp_path / name)
        assert all(torch.equal(a, b) for a, b in zip(other.parameters(), model.parameters(), strict=True))
    nested = {
        "epoch": 1,
        "model_state_dict": {f"_orig_mod.net.{name}": each for name, each in model.state_dict().items()},
    }
    torch.save(nested, tmp_path / "c.ckpt")
    save_file({f"model.{name}": value for name, value in model.state_dict().items()}, tmp_path / "d.safetensors")
    np.savez(tmp_path / "e.npz", **{f"net.{name}": value.numpy() for name, value in model.state_dict().items()})
    for name in ("c.ckpt", "d.safetensors", "e.npz"):
        other = load_published(efficient_mednext("T", 1, 3, 8, 8), tmp_path / name)
        assert all(torch.equal(a, b) for a, b in zip(other.parameters(), model.parameters(), strict=True)), name
    with pytest.raises(TrainingError, match="does not fit T of width 16"):
        load_published(efficient_mednext("T", 1, 3, 16, 8), tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ((1, 5), r"out_\d\.conv_out\.bias 5 and not 3"),
        ((4, 3), r"stem\.weight 8×4×1×1×1 and not 8×1×1×1×1"),
    ],
    ids=["classes", "channels"],
)
def test_another_head_or_input_is_told_with_both_numbers(theirs: tuple[int, int], told: str) -> None:
    state = efficient_mednext("T", *theirs, 8, 8).state_dict()
    with pytest.raises(TrainingError, match=told):
        load_published(efficient_mednext("T", 1, 3, 8, 8), state)


def test_weights_that_are_no_numbers_are_refused() -> None:
    state = efficient_mednext("T", 1, 3, 8, 8).state_dict()
    state["stem.bias"] = torch.full_like(state["stem.bias"], float("nan"))
    with pytest.raises(TrainingError, match=r"1 tensors hold NaN or infinity \(stem\.bias\)"):
        load_published(efficient_mednext("T", 1, 3, 8, 8), state)


def test_a_checkpoint_of_another_variant_is_recognized() -> None:
    state = efficient_mednext("S", 1, 3, 8, 8, norm="batch").state_dict()
    expected = (
        r"seems to be S of width 8, decoder width 8, 1 input channel, 3 classes, batch norm, which does not fit "
        r"T of width 8, decoder width 8, 1 input channel, 3 classes, group norm; "
        r"keys that differ: \d+ unknown \(bottleneck\.0\.norm\.num_batches_tracked, .*…\); build the network"
    )
    with pytest.raises(TrainingError, match=expected):
        load_published(efficient_mednext("T", 1, 3, 8, 8), state)


def test_a_checkpoint_of_something_else_is_told() -> None:
    with pytest.raises(TrainingError, match=r"seems to be another network.*1 unknown \(a\.weight\)"):
        load_published(efficient_mednext("T", 1, 3, 8, 8), {"a.weight": torch.zeros(1)})


def test_a_pickled_object_is_not_executed(tmp_path: Path) -> None:
    torch.save({"weight": Path("x")}, tmp_path / "evil.pt")
    with pytest.raises(TrainingError, match=r"evil\.pt: cannot be read"):
        load_published(efficient_mednext("T", 1, 3, 8, 8), tmp_path / "evil.pt")
