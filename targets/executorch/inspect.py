"""What ExecuTorch executes: the operators of the delegate's graph with the types of their tensors.

XNNPACK runs each operator in the type of its tensors and has no other path, so the graph tells the precision. The
published runtime is built without event tracing, so single operators have no times.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TypedDict, final

from executorch.backends.xnnpack.serialization.xnnpack_graph_serialize import XNNHeader, _get_schema_bytes
from executorch.exir._serialize._flatbuffer import _flatc_decompile

from edge_sdk.session import ExecutedOperator, Patch
from targets.executorch.program import BACKEND, program_of
from targets.executorch.session import ExecuTorchSession

TYPES = {"fp32": "float32", "qint8": "int8", "qcint8": "int8", "qint32": "int32", "qcint32": "int32"}


@final
class XNNTensor(TypedDict):
    """A tensor of the delegate's graph: the type of its elements, and its number."""

    datatype: str
    id_out: int


@final
class XNNQuantizedTensor(TypedDict):
    """A tensor with scales."""

    tensor_value: XNNTensor


class XNNValue(TypedDict):
    """Any of the graph's tensors."""

    xvalue_union: XNNTensor | XNNQuantizedTensor


@final
class XNNOneInput(TypedDict):
    """Number of the tensor that an operator with one input reads."""

    input_id: int


@final
class XNNTwoInputs(TypedDict):
    """Number of the first tensor that an operator with several inputs reads."""

    input1_id: int


class XNNNode(TypedDict):
    """An operator of the graph: its kind and where it reads from."""

    xnode_union_type: str
    xnode_union: XNNOneInput | XNNTwoInputs


class XNNGraph(TypedDict):
    """The part of a delegate's graph that is read here; the keys are those of XNNPACK's schema."""

    xvalues: list[XNNValue]
    xnodes: list[XNNNode]


def inspect(artifact: Path, patch: Patch, *, threads: int | None = None) -> list[ExecutedOperator]:
    """Run `patch` once and list every operator of the program, delegated ones one by one."""
    with ExecuTorchSession(artifact, precision="", threads=threads) as session:
        session.infer(patch)
    program = program_of(artifact.read_bytes())
    plan = program.execution_plan[0]
    operators = []
    for instruction in plan.chains[0].instructions:
        call = instruction.instr_args
        if hasattr(call, "delegate_index"):
            delegate = plan.delegates[call.delegate_index]
            operators += _delegated(program.backend_delegate_data[delegate.processed.index].data)
        elif hasattr(call, "op_index"):
            kernel = plan.operators[call.op_index].name
            operators.append(ExecutedOperator(kernel, kernel, "portable", "undefined", None))
    return operators


def _delegated(blob: bytes) -> list[ExecutedOperator]:
    graph = _read(blob)
    types = {}
    for value in graph["xvalues"]:
        tensor = _tensor(value["xvalue_union"])
        kind = tensor["datatype"].removeprefix("xnn_datatype_")
        types[tensor["id_out"]] = TYPES.get(kind, kind)
    operators = []
    for index, node in enumerate(graph["xnodes"]):
        kind = node["xnode_union_type"]
        kind = {"_XNNNodeConv": "XNNConv2d"}.get(kind, kind).lstrip("_").removeprefix("XNN")
        fields = node["xnode_union"]
        source = fields["input_id"] if "input_id" in fields else fields["input1_id"]
        operators.append(ExecutedOperator(f"{kind}_{index}", kind, BACKEND, types[source], None))
    return operators


def _tensor(value: XNNTensor | XNNQuantizedTensor) -> XNNTensor:
    if "tensor_value" in value:
        return value["tensor_value"]
    return value


def _read(blob: bytes) -> XNNGraph:
    header = XNNHeader.from_bytes(blob[: XNNHeader.EXPECTED_LENGTH])
    start = header.flatbuffer_offset
    with tempfile.TemporaryDirectory() as folder:
        schema, data = Path(folder, "schema.fbs"), Path(folder, "graph.bin")
        schema.write_bytes(_get_schema_bytes())
        data.write_bytes(blob[start : start + header.flatbuffer_size])
        _flatc_decompile(folder, str(schema), str(data), ["--raw-binary"])
        # flatc writes the open end of a float ReLU as a bare inf, which Python's JSON calls Infinity.
        text = re.sub(r":\s*inf\b", ": Infinity", Path(folder, "graph.json").read_text())
        graph: XNNGraph = json.loads(text)
    return graph
