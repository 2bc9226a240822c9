"""The deploy form as data: a small graph of 3D operators that every target can emit.

It is the one artifact that `quantization` hands to `targets`. It holds numpy arrays only, so it can be
read, rewritten and emitted without torch. Tensors are N×C×D×H×W.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

if TYPE_CHECKING:
    from pydantic import JsonValue

Float = NDArray[np.float32]
Triple = tuple[int, int, int]
ActivationKind = Literal["relu", "gelu", "hardswish"]
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator; `name` is also the name of its output tensor, `inputs` are names of other nodes."""

    name: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Input(Node):
    """The network's input patch, float32, `channels` wide."""

    channels: int


@dataclass(frozen=True, kw_only=True)
class Conv(Node):
    """Grouped 3D convolution with bias.

    Attributes:
        weight: (out, in / groups, kd, kh, kw) float32. Where `weight_scale` is given, the weight already
            lies on its grid: weight == round(weight / scale) * scale, per output channel.
        bias: (out,) float32.
        padding: zeros added on both ends of each axis.
        weight_scale: (out,) float32, or None for a float convolution.
    """

    weight: Float
    bias: Float
    stride: Triple = (1, 1, 1)
    padding: Triple = (0, 0, 0)
    dilation: Triple = (1, 1, 1)
    groups: int = 1
    weight_scale: Float | None = None

    @property
    def is_scale(self) -> bool:
        """Whether this does no more than multiply each channel by a number, and add its bias."""
        channels, *rest = self.weight.shape
        return channels == self.groups and rest == [1, 1, 1, 1] and set(self.stride) == {1} and not any(self.padding)

    @property
    def integer_weight(self) -> NDArray[np.int8]:
        """The weight as int8, symmetric per output channel.

        Raises:
            ValueError: It is a float convolution, without `weight_scale`.
        """
        if self.weight_scale is None:
            raise ValueError(f"{self.name} is a float convolution: its weight lies on no grid")
        integers: NDArray[np.int8] = np.rint(self.weight / self.weight_scale.reshape(-1, 1, 1, 1, 1)).astype(np.int8)
        return integers


@dataclass(frozen=True, kw_only=True)
class Activation(Node):
    """Element-wise non-linearity; GELU is the exact (erf) one."""

    kind: ActivationKind


@dataclass(frozen=True, kw_only=True)
class Concat(Node):
    """Concatenation along the channels."""


@dataclass(frozen=True, kw_only=True)
class Add(Node):
    """Sum of two tensors of one shape."""


@dataclass(frozen=True, kw_only=True)
class Quantize(Node):
    """Per-tensor affine fake quantization: (clip(round(x / scale) + zero_point, low, high) - zero_point) * scale.

    (low, high) is (0, 255) for non-negative tensors and (-128, 127) otherwise; rounding is half to even.
    """

    scale: float
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class PadStart(Node):
    """Zeros before the first plane of the axes (D, H, W) whose count is not 0."""

    before: Triple


@dataclass(frozen=True, kw_only=True)
class Interleave(Node):
    """Eight tensors of one shape (N, C, D, H, W) → (N, C, 2D, 2H, 2W).

    Input number 4·d + 2·h + w fills the voxels (2·i + d, 2·j + h, 2·k + w).
    """


Copy = Concat | PadStart | Interleave
"""Nodes that compute no value, only put values elsewhere."""

NODE_TYPES: dict[str, type[Node]] = {
    cls.__name__: cls for cls in (Input, Conv, Activation, Concat, Add, Quantize, PadStart, Interleave)
}


@dataclass(frozen=True)
class Graph:
    """A network in deploy form.

    Attributes:
        nodes: In topological order; the first is the only `Input`, the last gives the logits.
        patch_multiple: Every patch axis must be a multiple of this.
        output_stride: Input voxels per logit voxel, per axis (2: half resolution).
        meta: What the graph says about itself: variant, widths, activation, and `weight_limit` of an INT8 form.
    """

    nodes: tuple[Node, ...]
    patch_multiple: int = 16
    output_stride: int = 2
    meta: dict[str, JsonValue] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @property
    def in_channels(self) -> int:
        """Channels of the input patch."""
        return next(node.channels for node in self.nodes if isinstance(node, Input))

    @property
    def quantized(self) -> bool:
        """Whether any activation is quantized."""
        return any(isinstance(node, Quantize) for node in self.nodes)

    @property
    def weight_limit(self) -> int:
        """Largest magnitude of an integer weight.

        Raises:
            KeyError: It is not quantized.
        """
        limit = self.meta["weight_limit"]
        if not isinstance(limit, int):
            raise KeyError(f"weight_limit is {limit!r}, no integer")
        return limit

    def with_nodes(self, nodes: Sequence[Node]) -> Graph:
        """The same network description around other nodes."""
        return replace(self, nodes=tuple(nodes))

    def without_quantization(self) -> Graph:
        """The float graph: every `Quantize` removed and every weight scale dropped (weights stay as they are)."""
        alias: dict[str, str] = {}
        kept: list[Node] = []
        for node in self.nodes:
            inputs = tuple(alias.get(name, name) for name in node.inputs)
            if isinstance(node, Quantize):
                alias[node.name] = inputs[0]
            elif isinstance(node, Conv):
                kept.append(replace(node, inputs=inputs, weight_scale=None))
            else:
                kept.append(replace(node, inputs=inputs))
        return self.with_nodes(kept)


def save_graph(graph: Graph, path: Path) -> None:
    """Write a graph as an .npz of its arrays and a JSON description (no pickle)."""
    arrays: dict[str, NDArray[Any]] = {}
    described: list[dict[str, object]] = []
    for node in graph.nodes:
        entry: dict[str, object] = {"type": type(node).__name__}
        for item in fields(node):
            value = getattr(node, item.name)
            if isinstance(value, np.ndarray):
                arrays[f"{node.name}/{item.name}"] = value
            else:
                entry[item.name] = value
        described.append(entry)
    head = {
        "schema": SCHEMA,
        "patch_multiple": graph.patch_multiple,
        "output_stride": graph.output_stride,
        "meta": graph.meta,
        "nodes": described,
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, __graph__=np.array(json.dumps(head)), **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())


def load_graph(path: Path) -> Graph:
    """Read what `save_graph` wrote.

    Raises:
        FileFormatError: Not such a file, or one of a newer schema.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(str(stored["__graph__"]))
            arrays = {key: stored[key] for key in stored.files if key != "__graph__"}
    except (OSError, ValueError, KeyError, BadZipFile) as cause:
        raise FileFormatError(
            f"not a deploy graph ({cause})", where=path, remedy="give the graph.npz of a compressed run"
        ) from cause
    if head["schema"] > SCHEMA:
        raise FileFormatError(
            f"graph schema {head['schema']}, this version reads up to {SCHEMA}",
            where=path,
            remedy="update edge-sdk",
        )
    nodes: list[Node] = []
    for entry in head["nodes"]:
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items() if k != "type"}
        prefix = f"{entry['name']}/"
        values |= {key[len(prefix) :]: array for key, array in arrays.items() if key.startswith(prefix)}
        make: Callable[..., Node] = NODE_TYPES[entry["type"]]
        nodes.append(make(**values))
    return Graph(tuple(nodes), head["patch_multiple"], head["output_stride"], head["meta"])
