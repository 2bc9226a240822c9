"""What ONNX Runtime executed, from its own profile."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TypedDict

from edge_sdk.session import ExecutedOperator, Patch
from targets.base import require_patch
from targets.onnxruntime.session import ONNXRuntimeSession, load, session_options


class KernelArguments(TypedDict):
    """What the runtime's profile says of a kernel.

    Attributes:
        op_name: Kind of the operator.
        provider: Execution provider that ran it.
        input_type_shape: Element type → shape, one for each input.
    """

    op_name: str
    provider: str
    input_type_shape: list[dict[str, list[int]]]


class KernelEvent(TypedDict):
    """One run of a kernel in the runtime's profile.

    Attributes:
        name: Name of the operator and "_kernel_time".
        dur: Duration in microseconds.
        args: What ran.
    """

    name: str
    dur: int
    args: KernelArguments


def inspect(artifact: Path, patch: Patch, *, threads: int | None = None) -> list[ExecutedOperator]:
    """Run `patch` twice with profiling and report the second run (the first one allocates)."""
    options = session_options(threads)
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = load(artifact, options)
        ready = require_patch(patch, tuple(session.get_inputs()[0].shape), ONNXRuntimeSession.target)
        for _ in range(2):
            session.run(None, {"patch": ready})
        events = json.loads(Path(session.end_profiling()).read_text())
    # One event for each kernel and run; a later run of the same operator replaces the earlier one.
    kernels: dict[str, KernelEvent] = {
        event["name"]: event for event in events if event["name"].endswith("_kernel_time")
    }
    return [_operator(event) for event in kernels.values()]


def _operator(event: KernelEvent) -> ExecutedOperator:
    arguments = event["args"]
    return ExecutedOperator(
        name=event["name"].removesuffix("_kernel_time"),
        operator=arguments["op_name"],
        kernel=f"{arguments['provider'].removesuffix('ExecutionProvider')} {arguments['op_name']}",
        precision=_precision(arguments["input_type_shape"]),
        milliseconds=event["dur"] / 1000,
    )


def _precision(inputs: list[dict[str, list[int]]]) -> str:
    """Element type of the operator's first input, the one it computes on."""
    kind = next(iter(inputs[0])) if inputs else "undefined"
    return "float32" if kind == "float" else kind
