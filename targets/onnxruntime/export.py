"""A deploy graph as an ONNX model, built operator by operator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_sdk.graph import Graph, Triple
from targets.lowering.absorb import absorb_relu
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.shapes import tensor_shapes
from targets.onnxruntime.builder import CONTRIB
from targets.onnxruntime.emit import Emitter

OPSET = 20  # the first one with Gelu
IR_VERSION = 10


def export(graph: Graph, artifact: Path, patch_shape: Triple, calibration: NDArray[np.float32]) -> None:
    """Write model.onnx (`artifact`) for patches of `patch_shape` (D, H, W)."""
    del calibration  # every scale is in the graph
    onnx.save(build_model(graph, patch_shape), artifact)


def build_model(graph: Graph, patch_shape: Triple) -> onnx.ModelProto:
    """The model with one static input "patch" and one output "logits"."""
    lowered = absorb_relu(hoist_elementwise(graph))
    shapes = tensor_shapes(lowered, patch_shape)
    built = Emitter(lowered, shapes).run()
    body = helper.make_graph(
        built.operators,
        "edge_sdk",
        [helper.make_tensor_value_info("patch", TensorProto.FLOAT, shapes[lowered.nodes[0].name])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shapes[lowered.nodes[-1].name])],
        list(built.constants.values()),
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model
