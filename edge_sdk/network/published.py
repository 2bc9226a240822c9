"""Checkpoints of the published network: loading them, and every output of it for parity checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_sdk.checkpoint_identity import identify
from edge_sdk.checkpoint_names import published_names, unwrapped
from edge_sdk.errors import TrainingError
from edge_sdk.network.efficient_mednext import EfficientMedNeXt

IGNORED = ("dummy_tensor",)


def read_state(path: Path) -> dict[str, Tensor]:
    """State dict of a .safetensors, .npz, or .pt/.pth/.ckpt file without unpickling code, under its published names.

    Raises:
        TrainingError: The file is missing or holds no state dict, or several.
    """
    try:
        stored = _stored(path)
    except Exception as cause:  # torch and safetensors raise many kinds for a damaged file
        raise TrainingError(
            # torch's own text advises to unpickle what one does not trust.
            f"cannot be read as a checkpoint ({type(cause).__name__})",
            where=path,
            remedy="give a .safetensors file, or a .pt file that holds tensors only",
        ) from cause
    stored = unwrapped(stored)
    if not isinstance(stored, Mapping) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise TrainingError("holds no state dict of tensors", where=path, remedy="save model.state_dict()")
    return {name: stored[key] for key, name in published_names(stored, where=path).items()}


def _stored(path: Path) -> object:
    """What the file holds, as it is."""
    match path.suffix.lower():
        case ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        case ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays}
        case _:
            return torch.load(path, map_location="cpu", weights_only=True)


def load_published(
    model: EfficientMedNeXt, state: str | Path | Mapping[str, Tensor], *, new_heads: bool = False
) -> EfficientMedNeXt:
    """Load a published checkpoint into a network of the same configuration, and return it.

    Heads that the network does not have are left out; everything else must match by name and shape.

    Args:
        state: Path (.pt, .pth, .ckpt, .safetensors, .npz) or state dict; prefixes are dropped, see `published_names`.
        new_heads: For fine-tuning: heads of deep supervision that the checkpoint lacks stay as they are.

    Raises:
        TrainingError: Names or shapes disagree, or a weight is NaN or infinite.
    """
    where = state if isinstance(state, str | Path) else None
    stored = read_state(Path(state)) if isinstance(state, str | Path) else dict(state)
    tensors = {name: stored[key] for key, name in published_names(stored, where=where).items()}
    own = model.state_dict()
    unused = {n for n in tensors if n not in own and (n in IGNORED or n.startswith("out_"))}
    counters = {n for n in own if n.endswith("num_batches_tracked")}
    optional = {n for n in own if n.startswith("out_") and not n.startswith(f"out_{model.last_stage}.") and new_heads}
    missing = sorted(own.keys() - tensors.keys() - counters - optional)
    unknown = sorted(tensors.keys() - own.keys() - unused)
    differing = [
        f"{n} {_size(tensors[n])} and not {_size(own[n])}"
        for n in sorted(own.keys() & tensors.keys())
        if own[n].shape != tensors[n].shape
    ]
    if missing or unknown or differing:
        differences = {"missing": missing, "unknown": unknown, "of another shape": differing}
        raise TrainingError(
            f"seems to be {_identity(tensors)}, which does not fit {_identity(own)}; keys that differ: "
            + ", ".join(f"{len(names)} {how} ({_some(names)})" for how, names in differences.items() if names),
            where=where,
            remedy="build the network with the checkpoint's variant, widths, channels and classes",
        )
    broken = sorted(n for n in own.keys() & tensors.keys() if not bool(tensors[n].isfinite().all()))
    if broken:
        raise TrainingError(
            f"{len(broken)} tensors hold NaN or infinity ({_some(broken)})",
            where=where,
            remedy="give a checkpoint from before the training diverged",
        )
    model.load_state_dict({n: v for n, v in tensors.items() if n in own}, strict=False)
    return model


def _identity(state: Mapping[str, Tensor]) -> str:
    found = identify({name: tuple(value.shape) for name, value in state.items()})
    return "another network" if found is None else str(found)


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


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
