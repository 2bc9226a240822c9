"""What OpenVINO executed: kernel and precision of every operator."""

from __future__ import annotations

from pathlib import Path

import openvino as ov

from edge_sdk.session import ExecutedOperator, Patch
from targets.base import require_patch
from targets.openvino.session import OpenVINOSession, compile_model


def inspect(artifact: Path, patch: Patch, *, threads: int | None = None) -> list[ExecutedOperator]:
    """Run `patch` twice with profiling and report the second run (the first one allocates)."""
    compiled = compile_model(artifact, threads, profile=True)
    request = compiled.create_infer_request()
    shape = tuple(int(size) for size in compiled.input(0).shape)
    ready = require_patch(patch, shape, OpenVINOSession.target)
    for _ in range(2):
        request.infer({0: ready}, share_inputs=True)
    return [
        ExecutedOperator(
            name=info.node_name,
            operator=info.node_type,
            kernel=info.exec_type,
            precision=_precision(info.exec_type),
            milliseconds=info.real_time.total_seconds() * 1000,
        )
        for info in request.profiling_info
        if info.status == ov.ProfilingInfo.Status.EXECUTED
    ]


def _precision(kernel: str) -> str:
    """Precision that a kernel computes in: the end of its name, where "I8" (as against "i8") stands for u8.

    The runtime model's `runtimePrecision` is no substitute: it says i8 for float kernels with int8 weights.
    """
    suffix = kernel.rsplit("_", 1)[-1]
    names = {"I8": "uint8", "i8": "int8", "u8": "uint8", "i32": "int32", "i64": "int64"}
    return names.get(suffix, suffix.replace("bf", "bfloat") if suffix[:2] == "bf" else suffix.replace("f", "float"))
