from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from edge_sdk.errors import TrainingError
from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.checkpoints import load_network, save_network, stored_architecture
from tests.edge_sdk.network.test_architecture import irregular


@torch.no_grad()
def test_a_pruned_network_loads_again(tmp_path: Path) -> None:
    network = EfficientMedNeXt(irregular()).eval()
    save_network(network, tmp_path / "pruned.safetensors")
    again = load_network(tmp_path / "pruned.safetensors")
    x = torch.randn(1, 1, 32, 16, 16)
    assert again.architecture == network.architecture
    assert torch.equal(again(x), network(x))


def test_names_are_those_of_published_checkpoints(tmp_path: Path) -> None:
    network = efficient_mednext("T", 1, 3, 4, 4, True)
    save_network(network, tmp_path / "a.safetensors")
    assert set(load_file(tmp_path / "a.safetensors")) == set(network.state_dict())
    assert "enc_block_0.1.conv1.dwconvs.2.0.weight" in network.state_dict()


def test_a_file_without_architecture_is_told(tmp_path: Path) -> None:
    save_file(efficient_mednext("T", 1, 3, 4, 4).state_dict(), tmp_path / "a.safetensors")
    assert stored_architecture(tmp_path / "a.safetensors") is None
    with pytest.raises(TrainingError, match=r"a\.safetensors: does not say"):
        load_network(tmp_path / "a.safetensors")


def test_damaged_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"a\.safetensors: cannot be read"):
        load_network(tmp_path / "a.safetensors")
