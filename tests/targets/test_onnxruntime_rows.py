"""The 2D form of a depthwise convolution against ONNX Runtime's own 3D kernel, bit for bit."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_sdk.graph import Conv, Quantize
from targets.lowering.integers import integer_convolution
from targets.onnxruntime.builder import CONTRIB, OnnxBuilder
from targets.onnxruntime.integers import IntegerOperators, Integers, UnsignedGrid
from targets.onnxruntime.rows import MOST_CHANNELS, runs_in_rows

GRIDS = UnsignedGrid(0.05, 7), UnsignedGrid(0.11, 99)


def depthwise(step: int, channels: int = 8, seed: int = 0) -> Conv:
    """A depthwise convolution with weights on a grid."""
    random = np.random.default_rng(seed)
    return Conv(
        name="conv",
        inputs=("x",),
        weight=random.integers(-63, 64, (channels, 1, 3, 3, 3)).astype(np.float32) * np.float32(0.01),
        bias=random.normal(size=channels).astype(np.float32),
        padding=(step,) * 3,
        dilation=(step,) * 3,
        groups=channels,
        weight_scale=np.full(channels, 0.01, np.float32),
    )


def run(built: OnnxBuilder, output: str, voxels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The named tensor of a model whose input is "x"."""
    body = helper.make_graph(
        built.operators,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, voxels.shape)],
        [helper.make_tensor_value_info(output, TensorProto.UINT8, None)],
        list(built.constants.values()),
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)]
    model: onnx.ModelProto = helper.make_model(body, opset_imports=opsets, ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.uint8] = session.run(None, {"x": voxels})[0]
    return found


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("size", [(5, 4, 6), (1, 3, 2), (2, 1, 1), (8, 8, 8)])
def test_rows_equal_the_3d_kernel(step: int, size: tuple[int, int, int]) -> None:
    conv = depthwise(step)
    assert runs_in_rows(conv)
    voxels = np.random.default_rng(1).integers(0, 256, (1, *size, 8)).astype(np.uint8)
    built = OnnxBuilder()
    found = IntegerOperators(built).convolution(conv, Integers("x", GRIDS[0], voxels.shape), GRIDS[1])
    assert found.extents == voxels.shape
    in_rows = run(built, found.name, voxels)

    plain = OnnxBuilder()
    weight, scale, bias = integer_convolution(conv, GRIDS[0].scale)
    (x_scale, x_zero), (y_scale, y_zero) = (IntegerOperators(plain).grid(grid) for grid in GRIDS)
    zeros = plain.constant(np.zeros(8, np.int8), "zeros")
    values = [plain.constant(value, name) for value, name in ((weight, "w"), (scale, "s"), (bias, "b"))]
    inputs = ["x", x_scale, x_zero, values[0], values[1], zeros, y_scale, y_zero, values[2]]
    shape = {"kernel_shape": (3, 3, 3), "dilations": (step,) * 3, "pads": (step,) * 6}
    output = plain.operator("QLinearConv", inputs, "y", domain=CONTRIB, channels_last=1, group=8, **shape)
    np.testing.assert_array_equal(in_rows, run(plain, output, voxels))
    assert len(np.unique(in_rows)) > 3


def test_only_what_gains_by_it_runs_in_rows() -> None:
    assert not runs_in_rows(depthwise(1, MOST_CHANNELS * 2))
    assert not runs_in_rows(depthwise(3))


def test_a_grid_is_counted_from_zero() -> None:
    signed = Quantize(name="q", inputs=("x",), scale=0.5, zero_point=-3, low=-128, high=127)
    assert UnsignedGrid.of(signed) == UnsignedGrid(0.5, 125)
