"""Training of the published form."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from edge_sdk.inference.cases import find_cases
from edge_sdk.network.efficient_mednext import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.published import load_published
from edge_sdk.progress import Progress
from quantization.data import PatchSampler, load_items
from quantization.evaluation import dice_on
from quantization.fitting import Batch, Fitting, fit
from quantization.losses import SegmentationLoss
from quantization.recipe import Recipe
from quantization.run_folder import CHECKPOINT, RunFolder
from quantization.split import split_cases


def build_network(recipe: Recipe) -> EfficientMedNeXt:
    """The published form that a recipe describes, one input channel."""
    net = recipe.network
    return efficient_mednext(
        net.variant, 1, len(recipe.data.labels), net.width, net.decoder_width, net.deep_supervision
    )


def train(
    data: Path, recipe: Recipe, out: Path, *, start_from: Path | None = None, progress: Progress | None = None
) -> RunFolder:
    """Train the published form on DIR/images and DIR/labels; resumes where an earlier call was cut off.

    Args:
        start_from: A published checkpoint to fine-tune.

    Returns:
        The run: recipe, checkpoint.safetensors, and the losses.
    """
    run = RunFolder.create(out, recipe)
    torch.manual_seed(recipe.seed)
    network = build_network(recipe)
    if start_from is not None:
        load_published(network, start_from)
    split = split_cases(find_cases(data), recipe.data, recipe.seed)
    batches = PatchSampler(load_items(split.training, recipe), recipe, batch=recipe.train.batch)
    loss = SegmentationLoss()
    last = 0 if recipe.network.supervise_full_resolution else network.last_stage

    def loss_of(module: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(module, EfficientMedNeXt)
        return loss(module.stages(batch[0], last), batch[1])

    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    fitting = Fitting(
        network,
        loss_of,
        batches,
        recipe.train,
        checkpoint=run.path / "train.pt",
        validate=dice_on(split.validation, recipe) if split.validation else None,
    )
    result = fit(fitting, progress=progress)
    run.save_checkpoint(result.module, CHECKPOINT)
    losses, validation = result.history.losses, result.history.validation
    described = {"steps": len(losses), "final_loss": sum(losses[-20:]) / len(losses[-20:])}
    run.record("train", {**described, "validation_dice": validation[-1][1] if validation else None})
    run.record("cases", split.names())
    run.save_history("train", result.history)
    return run
