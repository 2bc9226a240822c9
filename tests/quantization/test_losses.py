from __future__ import annotations

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy

from quantization.losses import SegmentationLoss, distillation_loss


def test_distillation_is_the_softened_divergence_of_scipy() -> None:
    draw = np.random.default_rng(0)
    student, teacher = draw.normal(size=(2, 1, 3, 2, 2, 2)).astype(np.float32)
    expected = entropy(softmax(teacher / 2, axis=1), softmax(student / 2, axis=1), axis=1).mean() * 4
    found = distillation_loss(torch.from_numpy(student), torch.from_numpy(teacher))
    np.testing.assert_allclose(found.item(), expected, rtol=1e-5)


def test_perfect_logits_of_every_stage_cost_nothing() -> None:
    labels = torch.zeros(1, 1, 4, 4, 4, dtype=torch.long)
    labels[..., 2:] = 1
    logits = torch.stack([1.0 - labels[:, 0], labels[:, 0].float()], dim=1) * 100
    assert SegmentationLoss()([logits, logits], labels).item() < 1e-3
