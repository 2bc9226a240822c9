"""The oldest ONNX Runtime that opens a model, by what the model itself says."""

from __future__ import annotations

from pathlib import Path

import onnx

RELEASES = (
    ("1.14", 18, 8), ("1.15", 19, 8), ("1.16", 19, 9), ("1.17", 20, 9), ("1.18", 21, 10), ("1.21", 22, 10),
    ("1.22", 23, 11),
)  # fmt: skip
"""Releases with the newest opset and IR version that each takes, as ONNX Runtime's documentation says.

A release refuses newer IR versions, and knows all older operators. 1.18.0 was tried on our packages: it opens them and
passes their self-tests; 1.17.3 refuses their IR version, 10.
"""


def oldest_runtime(artifact: Path) -> str:
    """Major and minor number of the oldest ONNX Runtime that takes the model's opset and IR version.

    The operators of "com.microsoft" that we use (QLinearConv, QLinearAdd) are older than all of `RELEASES`.

    Args:
        artifact: An ONNX model.
    """
    model = onnx.load(artifact, load_external_data=False)
    opset = max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)
    fitting = (name for name, newest, ir in RELEASES if opset <= newest and model.ir_version <= ir)
    return next(fitting, RELEASES[-1][0])
