"""The BatchNorm student of a GroupNorm teacher: built, given statistics, and the loss from which it learns.

GroupNorm → BatchNorm and GELU → ReLU change the function; distillation restores what they cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from edge_sdk.network.architecture import ActivationName, Norm
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.features import decoder_features, feature_loss
from quantization.fitting import Batch
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.recipe import StudentRecipe


def student_of(teacher: EfficientMedNeXt, activation: ActivationName, norm: Norm = "batch") -> EfficientMedNeXt:
    """A network with the given norm and activation that starts from the teacher's weights."""
    student = EfficientMedNeXt(replace(teacher.architecture, norm=norm, activation=activation))
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
    device = next(student.parameters()).device
    for step in range(count):
        student.stages(batches(step)[0].to(device), student.last_stage)
    for norm in norms:
        norm.momentum = 0.1
    student.eval()


def imitation_loss(teacher: EfficientMedNeXt, plan: StudentRecipe) -> Callable[[EfficientMedNeXt, Batch], Tensor]:
    """The loss of a student: labels at every head, the teacher's logits, and its decoder features.

    Args:
        teacher: In evaluation mode; it follows the images to their device.
        plan: Weights of the terms.
    """
    label_loss = SegmentationLoss()

    def loss_of(module: EfficientMedNeXt, batch: Batch) -> Tensor:
        images, labels = batch
        with decoder_features(module) as ours:
            outputs = module.stages(images, module.last_stage)
        with torch.no_grad(), decoder_features(teacher) as theirs:
            target: Tensor = teacher.to(images.device)(images)
        loss = label_loss(outputs, labels) + plan.distillation * distillation_loss(outputs[0], target)
        if plan.feature_distillation > 0:
            loss = loss + plan.feature_distillation * feature_loss(ours, theirs)
        return loss

    return loss_of
