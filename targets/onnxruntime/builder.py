"""ONNX operators and constants, gathered under unique names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

CONTRIB = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""


class OnnxBuilder:
    """What becomes the body of a model."""

    def __init__(self) -> None:
        self.operators: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._uses: Counter[str] = Counter()

    def operator(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """Append an operator with one output; returns the output's name, which is unique."""
        # Several readers of one tensor each have their own DequantizeLinear: count them in the name.
        unique = f"{output}#{self._uses[output]}" if self._uses[output] else output
        self._uses[output] += 1
        self.operators.append(helper.make_node(kind, inputs, [unique], unique, domain=domain, **attributes))
        return unique

    def constant(self, value: NDArray[Any] | np.generic, name: str) -> str:
        """A constant of this name, stored once."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def reshape(self, source: str, shape: tuple[int, ...], output: str) -> str:
        """The tensor in another shape."""
        extents = self.constant(np.array(shape, np.int64), f"shape/{_joined(shape)}")
        return self.operator("Reshape", [source, extents], output)

    def pad(self, source: str, before: tuple[int, ...], value: str, output: str) -> str:
        """The tensor with `before` planes of a constant before each axis."""
        pads = self.constant(np.array([*before, *(0 for _ in before)], np.int64), f"before/{_joined(before)}")
        return self.operator("Pad", [source, pads, value], output)


def _joined(numbers: tuple[int, ...]) -> str:
    return "x".join(map(str, numbers))
