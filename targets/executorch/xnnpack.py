"""Building the graph that ExecuTorch's XNNPACK delegate runs: values, constants and operators.

Tensors are (planes, H, W, C), XNNPACK's own order. Written as data, in the format that the delegate reads, because
tracing the network instead takes minutes and may leave operators outside the delegate without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from executorch.backends.xnnpack.serialization import xnnpack_graph_schema as schema
from executorch.backends.xnnpack.serialization.xnnpack_graph_serialize import serialize_xnnpack_binary
from numpy.typing import NDArray

from edge_sdk.graph import Quantize
from targets.lowering.shapes import Shape

NO_VALUE = 2**32 - 1
EXTERNAL_INPUT, EXTERNAL_OUTPUT = 1, 2
ALIGNMENT = 64
Type = schema.XNNDatatype


@dataclass(frozen=True)
class Value:
    """A tensor of the delegate's graph: its number, its extents, and its int8 grid (None: float32)."""

    number: int
    shape: tuple[int, ...]
    grid: Quantize | None


class XnnpackGraph:
    """Gathers values, constants and operators, and writes them."""

    def __init__(self) -> None:
        self._graph = schema.XNNGraph(
            version="0",
            xnodes=[],
            xvalues=[],
            num_externs=2,
            input_ids=[],
            output_ids=[],
            constant_data=[schema.ConstantDataOffset(0, 0)],
        )
        self._constants = bytearray()

    def serialized(self) -> bytes:
        """The delegate's blob."""
        blob: bytes = serialize_xnnpack_binary(self._graph, self._constants)
        return blob

    def input(self, shape: tuple[int, ...]) -> Value:
        """The float32 input."""
        value = self.value(shape, None, external=0, flags=EXTERNAL_INPUT)
        self._graph.input_ids.append(value.number)
        return value

    def value(
        self, shape: tuple[int, ...], grid: Quantize | None, *, external: int = NO_VALUE, flags: int = 0
    ) -> Value:
        """A tensor that an operator writes."""
        number = len(self._graph.xvalues)
        tensor = schema.XNNTensorValue(
            datatype=Type.xnn_datatype_fp32 if grid is None else Type.xnn_datatype_qint8,
            num_dims=len(shape),
            dims=list(shape),
            constant_buffer_idx=0,
            external_id=external,
            flags=flags,
            id_out=number,
        )
        if grid is None:
            self._graph.xvalues.append(schema.XValue(tensor))
        else:
            per_tensor = schema.PerTensorQuant(grid.scale, int8_zero_point(grid))
            self._graph.xvalues.append(schema.XValue(schema.XNNQuantizedTensorValue(tensor, per_tensor)))
        return Value(number, shape, grid)

    def output(self, shape: tuple[int, ...]) -> Value:
        """The float32 output."""
        value = self.value(shape, None, external=1, flags=EXTERNAL_OUTPUT)
        self._graph.output_ids.append(value.number)
        return value

    def constant(self, array: NDArray[Any], scale: NDArray[np.float32] | None = None, channel_axis: int = 0) -> int:
        """Number of a constant: float32, or int8 / int32 with one scale for each channel."""
        number = len(self._graph.xvalues)
        kinds = {
            "float32": Type.xnn_datatype_fp32,
            "int8": Type.xnn_datatype_qcint8,
            "int32": Type.xnn_datatype_qcint32,
        }
        tensor = schema.XNNTensorValue(
            datatype=kinds[array.dtype.name],
            num_dims=array.ndim,
            dims=list(array.shape),
            constant_buffer_idx=self._store(array),
            external_id=NO_VALUE,
            flags=0,
            id_out=number,
        )
        if scale is None:
            self._graph.xvalues.append(schema.XValue(tensor))
        else:
            per_channel = schema.PerChannelQuant(
                scale=[],
                channel_dim=channel_axis,
                scale_buffer_idx=self._store(scale.astype(np.float32)),
                num_scales=scale.size,
            )
            self._graph.xvalues.append(schema.XValue(schema.XNNQuantizedTensorValue(tensor, per_channel)))
        return number

    def operator(self, operator: Any, *, relu: bool = False) -> None:
        """Append an operator of the delegate's schema, clamped below at zero where `relu`."""
        clamp = schema.OutputMinMax(0.0, "inf") if relu else None
        self._graph.xnodes.append(schema.XNode(operator, len(self._graph.xnodes), clamp))

    def _store(self, array: NDArray[Any]) -> int:
        self._constants += bytes(-len(self._constants) % ALIGNMENT)
        offset, data = len(self._constants), np.ascontiguousarray(array).tobytes()
        self._constants += data
        # Without a key: an empty one would be looked up among data outside of the blob.
        self._graph.constant_data.append(schema.ConstantDataOffset(offset, len(data), None))
        return len(self._graph.constant_data) - 1


def int8_zero_point(grid: Quantize) -> int:
    """Zero point with the levels counted from -128: the same grid in int8, the only type of the delegate."""
    return grid.zero_point - grid.low - 128


def planes_last(shape: Shape) -> tuple[int, int, int, int]:
    """(1, C, D, H, W) → (D, H, W, C)."""
    _, channels, depth, height, width = shape
    return depth, height, width, channels
