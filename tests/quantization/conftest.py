from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.grid import Grid, Volume
from quantization.recipe import Recipe


@pytest.fixture
def student() -> EfficientMedNeXt:
    """A tiny BatchNorm network with statistics that are not trivial."""
    return build_student("relu", "T")


@pytest.fixture
def students() -> Callable[[str, str], EfficientMedNeXt]:
    """Makes such a network for an activation and a variant."""
    return build_student


def build_student(activation: str, variant: str) -> EfficientMedNeXt:
    torch.manual_seed(1)
    network = efficient_mednext(variant, 1, 3, 8, 8, norm="batch", activation=activation)  # type: ignore[arg-type]
    return with_statistics(network)


def with_statistics(network: EfficientMedNeXt) -> EfficientMedNeXt:
    """The network with BatchNorm statistics and weights as after training, not 0 and 1."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
    return network.eval()


@pytest.fixture
def recipe() -> Recipe:
    """A few steps of a tiny T on 32³ patches."""
    return Recipe.model_validate(
        {
            "network": {"variant": "T", "width": 8, "decoder_width": 8, "supervise_full_resolution": False},
            "data": {
                "labels": {"0": "background", "1": "ball"},
                "patch": [32, 32, 32],
                "normalisation": {"shift": 96.0, "scale": 64.0},
                "validation_fraction": 0.25,
            },
            "train": {"steps": 4, "batch": 1, "warmup_steps": 1},
            "student": {"fit": {"steps": 2, "batch": 1, "warmup_steps": 1}},
            "quantize": {"calibration_patches": 2, "steps": 2, "batch": 1},
        }
    )


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """Four volumes of 32×34×36 voxels with a bright ball each."""
    folder = tmp_path / "data"
    draw = np.random.default_rng(0)
    zyx = np.indices((32, 34, 36))
    for number in range(4):
        center = draw.uniform(12, 20, 3).reshape(3, 1, 1, 1)
        ball = ((zyx - center) ** 2).sum(axis=0) < 64
        image = (draw.normal(70, 10, ball.shape) + 80 * ball).clip(0, 255).astype(np.uint8)
        grid = Grid(image.shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
        for kind, voxels in (("images", image), ("labels", ball.astype(np.uint8))):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            write_volume(Volume(voxels, grid), folder / kind / f"case_{number}.nii.gz")
    return folder


@pytest.fixture
def eight_bit_patches() -> np.ndarray:
    """Two normalized patches (2, 1, 32, 32, 32) of 8-bit noise: shift 96, scale 64."""
    voxels = np.random.default_rng(0).integers(0, 256, (2, 1, 32, 32, 32))
    return ((voxels - 96) / 64).astype(np.float32)
