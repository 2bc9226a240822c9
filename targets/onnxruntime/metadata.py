"""What a model says about itself, for programs that use it without its package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx


def describe(artifact: Path, fields: Mapping[str, str]) -> None:
    """Write fields into the model's metadata, in place of earlier ones of the same names; the graph stays as it is.

    The names of its input and output are added: "input" and "output".

    Args:
        artifact: An ONNX model.
        fields: Name of a field to its text.
    """
    model = onnx.load(artifact)
    names = {"input": model.graph.input[0].name, "output": model.graph.output[0].name}
    kept = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {**kept, **names, **fields})
    onnx.save(model, artifact)
