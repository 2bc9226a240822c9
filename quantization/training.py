"""Training of the published form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from edge_sdk.files import refuse_overwriting, sha256
from edge_sdk.inference.cases import find_cases
from edge_sdk.network.checkpoints import save_state
from edge_sdk.network.efficient_mednext import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.published import load_published
from edge_sdk.progress import Progress
from quantization.curves import write_curves
from quantization.data import Item, PatchSampler, load_split
from quantization.evaluation import dice_on
from quantization.fitting import Batch, FitResult, Fitting, History, fit
from quantization.losses import SegmentationLoss
from quantization.processor import Processor, chosen_processor
from quantization.recipe import Recipe
from quantization.records.run_record import TrainingResult
from quantization.run_folder import CHECKPOINT, RunFolder
from quantization.split import DatasetSplit, split_cases
from quantization.versions import library_versions

PHASE = "train"
"""Begins the names of this phase's files: train.pt, train-curves.png, train-losses.csv."""


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

    Everything is read and checked before the run folder is made. Under torchrun, the processes share every batch and
    end with the same weights; the leading one writes the files.

    Args:
        start_from: A published checkpoint to fine-tune.

    Returns:
        The run: recipe, checkpoint.safetensors, losses and their curves.

    Raises:
        FileFormatError, GeometryError, TrainingError: Data or checkpoint cannot be used, or `out` holds another run.
    """
    with chosen_processor(recipe.train.precision) as processor:
        processor.part_of(recipe.train.batch)
        start = processor.together(lambda: _read(data, recipe, out, start_from, progress))
        run = processor.together(lambda: _run_folder(out, recipe, start) if processor.leads else RunFolder(out))
        result = fit(_fitting(start, recipe, run, processor), progress=progress)
        # Together, for no process may look into the folder before it is complete.
        processor.together(lambda: _save(run, result, processor) if processor.leads else None)
    return run


@dataclass(frozen=True)
class _Start:
    """What was read before anything is written.

    Attributes:
        origin: SHA-256 of the checkpoint that is fine-tuned.
    """

    split: DatasetSplit
    items: list[Item]
    network: EfficientMedNeXt
    origin: str | None


def _read(data: Path, recipe: Recipe, out: Path, start_from: Path | None, progress: Progress | None) -> _Start:
    torch.manual_seed(recipe.seed)
    network, origin = build_network(recipe), None
    if start_from is not None:
        refuse_overwriting(out / CHECKPOINT, [start_from])
        load_published(network, start_from, new_heads=True)
        origin = sha256(start_from)
    split = split_cases(find_cases(data), recipe.data, recipe.seed)
    return _Start(split, load_split(split, recipe, progress), network, origin)


def _run_folder(out: Path, recipe: Recipe, start: _Start) -> RunFolder:
    run = RunFolder.create(out, recipe)
    run.require_same_cases(start.split.names(), start.split.contents())
    run.require_same_origin(start.origin)
    with run.update() as record:
        record.versions = library_versions()
    return run


def _fitting(start: _Start, recipe: Recipe, run: RunFolder, processor: Processor) -> Fitting[EfficientMedNeXt]:
    network, loss = start.network, SegmentationLoss()
    last = 0 if recipe.network.supervise_full_resolution else network.last_stage

    def loss_of(module: EfficientMedNeXt, batch: Batch) -> Tensor:
        return loss(module.stages(batch[0], last), batch[1])

    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return Fitting(
        network,
        loss_of,
        PatchSampler(start.items, recipe, batch=recipe.train.batch),
        recipe.train,
        checkpoint=run.path / f"{PHASE}.pt",
        validate=dice_on(start.split.validation, recipe) if start.split.validation else None,
        processor=processor,
        watch=lambda history: _draw(run, history),
    )


def _draw(run: RunFolder, history: History) -> None:
    write_curves(run.path / f"{PHASE}-curves.png", "Training", history)


def _save(run: RunFolder, result: FitResult[EfficientMedNeXt], processor: Processor) -> None:
    save_state(result.module, run.path / CHECKPOINT)
    history = result.history
    run.save_history(PHASE, history)
    _draw(run, history)
    with run.update() as record:
        record.train = TrainingResult(
            steps=len(history.losses),
            final_loss=history.recent_loss,
            validation_dice=history.validation[-1][1] if history.validation else None,
            processor=str(processor),
        )
