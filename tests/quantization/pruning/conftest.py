from __future__ import annotations

import pytest
import torch

from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.architecture import published_architecture
from tests.quantization.conftest import with_statistics

PATCH = (32, 32, 32)


@pytest.fixture
def network() -> EfficientMedNeXt:
    """A BatchNorm T of widths 16 … 256, decoder 16, without the stage that only training runs."""
    torch.manual_seed(2)
    plan = published_architecture("T", 1, 3, 16, 16, True, norm="batch", activation="relu")
    return with_statistics(EfficientMedNeXt(plan.inference))
