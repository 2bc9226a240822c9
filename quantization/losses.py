"""Losses on logits of any resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from quantization.processor import gathered


class SegmentationLoss:
    """MONAI's Dice + cross-entropy, summed with equal weight over all logits given (deep supervision)."""

    def __init__(self) -> None:
        from monai.losses import DiceCELoss

        self._loss: Any = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)

    def __call__(self, outputs: Tensor | Sequence[Tensor], labels: Tensor) -> Tensor:
        """Loss of logits (N, K, …), upsampled trilinearly to the labels (N, 1, D, H, W).

        Where several processes train together, it is the loss of the whole batch.
        """
        logits = [gathered(item.float()) for item in ([outputs] if isinstance(outputs, Tensor) else outputs)]
        labels = gathered(labels)
        total: Tensor = sum(self._loss(upsampled(item, labels), labels) for item in logits)
        return total


def upsampled(logits: Tensor, labels: Tensor) -> Tensor:
    """Logits at the resolution of `labels`, as the published network does it."""
    if logits.shape[2:] == labels.shape[2:]:
        return logits
    return F.interpolate(logits, size=labels.shape[2:], mode="trilinear", align_corners=False)


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float = 2.0) -> Tensor:
    """Kullback-Leibler divergence per voxel of softened class probabilities (Hinton et al. 2015)."""
    soft = F.log_softmax(student.float() / temperature, dim=1)
    target = F.log_softmax(teacher.float() / temperature, dim=1)
    per_voxel = F.kl_div(soft, target, log_target=True, reduction="none").sum(dim=1)
    return per_voxel.mean() * temperature**2
