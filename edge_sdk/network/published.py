"""Checkpoints of the published network: loading them, and every output of it for parity checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge_sdk.checkpoint_identity import identify
from edge_sdk.errors import TrainingError
from edge_sdk.network.efficient_mednext import EfficientMedNeXt

IGNORED = ("dummy_tensor",)


def read_state(path: Path) -> dict[str, Tensor]:
    """State dict of a .safetensors, or of a .pt/.pth file without unpickling code.

    Raises:
        TrainingError: The file is missing or holds no state dict.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        stored: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as cause:  # torch and safetensors raise many kinds for a damaged file
        raise TrainingError(
            # torch's own text advises to unpickle what one does not trust.
            f"cannot be read as a checkpoint ({type(cause).__name__})",
            where=path,
            remedy="give a .safetensors file, or a .pt file that holds tensors only",
        ) from cause
    for key in ("state_dict", "model", "network_weights"):
        if isinstance(stored, Mapping) and isinstance(stored.get(key), Mapping):
            stored = stored[key]
    if not isinstance(stored, Mapping) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise TrainingError("holds no state dict of tensors", where=path, remedy="save model.state_dict()")
    return dict(stored)


def load_published(
    model: EfficientMedNeXt, state: str | Path | Mapping[str, Tensor], *, new_heads: bool = False
) -> EfficientMedNeXt:
    """Load a published checkpoint into a network of the same configuration, and return it.

    Heads that the network does not have are left out; everything else must match by name and shape.

    Args:
        state: Path (.pt, .pth, .safetensors) or state dict; a "module." prefix is dropped.
        new_heads: For fine-tuning: heads of deep supervision that the checkpoint lacks stay as they are.

    Raises:
        TrainingError: Names or shapes disagree.
    """
    where = state if isinstance(state, str | Path) else None
    tensors = read_state(Path(state)) if isinstance(state, str | Path) else dict(state)
    tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    own = model.state_dict()
    unused = {n for n in tensors if n not in own and (n in IGNORED or n.startswith("out_"))}
    counters = {n for n in own if n.endswith("num_batches_tracked")}
    optional = {n for n in own if n.startswith("out_") and not n.startswith(f"out_{model.last_stage}.") and new_heads}
    missing = sorted(own.keys() - tensors.keys() - counters - optional)
    unknown = sorted(tensors.keys() - own.keys() - unused)
    differing = [n for n in own.keys() & tensors.keys() if own[n].shape != tensors[n].shape]
    if missing or unknown or differing:
        differences = {"missing": missing, "unknown": unknown, "of another shape": sorted(differing)}
        raise TrainingError(
            f"seems to be {_identity(tensors)}, which does not fit {_identity(own)}; keys that differ: "
            + ", ".join(f"{len(names)} {how} ({_some(names)})" for how, names in differences.items() if names),
            where=where,
            remedy="build the network with the checkpoint's variant, widths, channels and classes",
        )
    model.load_state_dict({n: v for n, v in tensors.items() if n in own}, strict=False)
    return model


def _identity(state: Mapping[str, Tensor]) -> str:
    found = identify({name: tuple(value.shape) for name, value in state.items()})
    return "another network" if found is None else str(found)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


@torch.no_grad()
def published_outputs(model: EfficientMedNeXt, x: Tensor) -> dict[str, Any]:
    """`{"early_exit": logits of the inference graph, "full": [logits of stage 0, 1, …]}` in evaluation mode.

    "full" holds only stage 0 where the network has no deep supervision.
    """
    model.eval()
    full = model.stages(x, last=0)
    return {"early_exit": model(x), "full": full if model.deep_supervision else full[:1]}
