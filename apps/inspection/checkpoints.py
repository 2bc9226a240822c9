"""What a checkpoint, a deploy graph or a run holds."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
from pydantic import JsonValue, ValidationError

from edge_sdk.checkpoint_identity import Shapes, identify
from edge_sdk.checkpoint_names import published_names
from edge_sdk.errors import EdgeSdkError, FileFormatError

_IGNORED = ("dummy_tensor", "num_batches_tracked")


def describe_checkpoint(path: Path) -> dict[str, JsonValue]:
    """Variant, widths and parameters of a checkpoint; operators of a deploy graph.

    Raises:
        EdgeSdkError: Not readable as either.
    """
    if path.suffix.lower() == ".npz":
        names = _npz_names(path)
        if "__graph__" in names:
            return _describe_graph(path)
    shapes = _shapes(path)
    known = identify(shapes)
    if known is None:
        return {
            "kind": "checkpoint",
            "network": "not EfficientMedNeXt as published (no stem.weight)",
            "tensors": len(shapes),
            "parameters": _count(shapes),
        }
    width = known.decoder_width
    return {
        "kind": "checkpoint",
        "network": "EfficientMedNeXt, published names",
        "variant": known.variant,
        "in_channels": known.in_channels,
        "classes": known.classes,
        "width": known.width,
        "decoder_width": width if isinstance(width, int) else [*width],
        "blocks": {**known.blocks},
        "tensors": len(shapes),
        "parameters": _count(shapes),
    }


def describe_run(path: Path) -> dict[str, JsonValue]:
    """What run.json records.

    Raises:
        FileFormatError: It is not readable.
    """
    from quantization.records.run_record import FILE_NAME, first_invalid_field, read_record

    try:
        record = read_record(path)
    except (OSError, ValueError) as cause:
        problem = first_invalid_field(cause) if isinstance(cause, ValidationError) else cause
        raise FileFormatError(
            f"{FILE_NAME} is not readable ({problem})",
            where=path,
            remedy="give the -o folder of train or compress",
        ) from cause
    files = {item.name: item.stat().st_size for item in sorted(path.iterdir()) if item.is_file()}
    return {
        "kind": "run",
        **record.to_json(),
        "files": [{"file": name, "bytes": size} for name, size in files.items()],
    }


def _shapes(path: Path) -> Shapes:
    """Shape by name, without reading values where the format allows."""
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, framework="np") as stored:
                shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            return {name: shapes[key] for key, name in published_names(shapes, where=path).items()}
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[key].shape for key, name in published_names(arrays, where=path).items()}
        from edge_sdk.network.published import read_state
    except ImportError as cause:
        raise FileFormatError(
            f"reading it needs {cause.name}, which is not installed",
            where=path,
            remedy="pip install 'edge-sdk[train]'",
        ) from cause
    except EdgeSdkError:
        raise
    except Exception as cause:  # safetensors and numpy raise many kinds for a damaged file
        raise FileFormatError(
            f"cannot be read as a checkpoint ({cause})", where=path, remedy="copy or save the file again"
        ) from cause
    return {name: tuple(value.shape) for name, value in read_state(path).items()}


def _count(shapes: Shapes) -> int:
    return sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(_IGNORED))


def _npz_names(path: Path) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return list(stored.files)
    except Exception as cause:  # a damaged zip raises many kinds
        raise FileFormatError(f"cannot be read as .npz ({cause})", where=path, remedy="make the file again") from cause


def _describe_graph(path: Path) -> dict[str, JsonValue]:
    from edge_sdk.graph import Conv, load_graph

    graph = load_graph(path)
    weights = [node.weight for node in graph if isinstance(node, Conv)]
    biases = [node.bias for node in graph if isinstance(node, Conv)]
    return {
        "kind": "deploy graph",
        "precision": "int8 (fake-quantized)" if graph.quantized else "fp32",
        "in_channels": graph.in_channels,
        "patch_multiple": graph.patch_multiple,
        "output_stride": graph.output_stride,
        "operators": dict(Counter(type(node).__name__ for node in graph)),
        "parameters": sum(array.size for array in [*weights, *biases]),
        **graph.meta,
    }
