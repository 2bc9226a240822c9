"""Networks of any architecture in a file: safetensors whose metadata say how to build the network again."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path
from edge_sdk.network.architecture import Architecture
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.network.published import load_published

ARCHITECTURE = "architecture"


def save_state(module: nn.Module, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a module's weights and statistics as safetensors."""
    from safetensors.torch import save_file

    state = {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(state, temporary, metadata=metadata)


def save_network(network: EfficientMedNeXt, path: Path) -> None:
    """Write the weights, under their published names, with the architecture beside them."""
    save_state(network, path, {ARCHITECTURE: network.architecture.to_json()})


def stored_architecture(path: Path) -> Architecture | None:
    """The architecture that a checkpoint says it has; None where it says nothing, as published ones do.

    Raises:
        TrainingError: The file is damaged, or the architecture is not one that this version understands.
    """
    if path.suffix != ".safetensors":
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as stored:
            metadata = stored.metadata() or {}
    except (OSError, SafetensorError) as cause:
        raise TrainingError(
            f"cannot be read as a checkpoint ({type(cause).__name__})", where=path, remedy="copy or save the file again"
        ) from cause
    architecture = metadata.get(ARCHITECTURE)
    return None if architecture is None else Architecture.from_json(architecture, path)


def load_network(path: Path) -> EfficientMedNeXt:
    """The network that `save_network` wrote, pruned or not, in evaluation mode.

    Raises:
        TrainingError: The file is damaged, or says nothing of its architecture.
    """
    architecture = stored_architecture(path)
    if architecture is None:
        raise TrainingError(
            "does not say of which architecture it is",
            where=path,
            remedy="load it with load_published into a network of its variant and widths",
        )
    return load_published(EfficientMedNeXt(architecture), path).eval()
