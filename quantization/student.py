"""The BatchNorm student of a GroupNorm teacher: built, given statistics, and distilled.

GroupNorm → BatchNorm and GELU → ReLU change the function; distillation restores what they cost.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from edge_sdk.network.efficient_mednext import EfficientMedNeXt, efficient_mednext
from edge_sdk.progress import Progress
from quantization.fitting import Batch, FitResult, Fitting, fit
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.recipe import Student


def student_of(teacher: EfficientMedNeXt, activation: str) -> EfficientMedNeXt:
    """A network with BatchNorm and the given activation that starts from the teacher's weights."""
    student = efficient_mednext(
        teacher.variant,
        teacher.in_channels,
        teacher.num_classes,
        teacher.width,
        teacher.decoder_width,
        teacher.deep_supervision,
        norm="batch",
        activation=activation,  # type: ignore[arg-type]
    )
    student.load_state_dict(teacher.state_dict(), strict=False)
    return student


@torch.no_grad()
def estimate_statistics(student: EfficientMedNeXt, batches: Callable[[int], Batch], count: int) -> None:
    """Set the BatchNorm statistics to the plain mean over `count` batches."""
    norms = [m for m in student.modules() if isinstance(m, nn.BatchNorm3d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    student.train()
    for step in range(count):
        student.stages(batches(step)[0], student.last_stage)
    for norm in norms:
        norm.momentum = 0.1
    student.eval()


def distil(
    student: EfficientMedNeXt,
    teacher: EfficientMedNeXt,
    batches: Callable[[int], Batch],
    plan: Student,
    *,
    checkpoint: Path,
    progress: Progress | None = None,
) -> FitResult:
    """Train the student's inference graph on labels and on the teacher's logits."""
    teacher.eval()
    label_loss = SegmentationLoss()

    def loss_of(module: nn.Module, batch: Batch) -> Tensor:
        images, labels = batch
        assert isinstance(module, EfficientMedNeXt)
        outputs = module.stages(images, module.last_stage)
        with torch.no_grad():
            target: Tensor = teacher(images)
        return label_loss(outputs, labels) + plan.distillation * distillation_loss(outputs[0], target)

    return fit(Fitting(student, loss_of, batches, plan.fit, checkpoint=checkpoint), progress=progress, label="distil")
