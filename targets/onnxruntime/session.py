"""A session on ONNX Runtime's CPU provider."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

from edge_sdk.errors import TargetError
from edge_sdk.session import Patch
from targets.base import BaseSession, reason, require_artefact

PROVIDER = "CPUExecutionProvider"


def session_options(threads: int | None) -> ort.SessionOptions:
    """Sequential execution with all graph optimisations."""
    options = ort.SessionOptions()
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3  # errors only
    # Denormal numbers take a slow path in the CPU's float units.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    if threads is not None:
        options.intra_op_num_threads = threads
    return options


def load(artefact: Path, options: ort.SessionOptions) -> ort.InferenceSession:
    """Open an ONNX model.

    Raises:
        TargetError: It is not readable, or holds what this version cannot run.
    """
    require_artefact(artefact, ONNXRuntimeSession.target)
    try:
        return ort.InferenceSession(artefact, options, providers=[PROVIDER])
    except Exception as cause:  # the runtime's exceptions share no other base
        raise TargetError(
            f"ONNX Runtime cannot load it ({reason(cause)})",
            where=artefact,
            remedy="export the package again with this ONNX Runtime version",
        ) from cause


class ONNXRuntimeSession(BaseSession):
    """See `edge_sdk.session.Session`."""

    target = "onnxruntime"

    def __init__(self, artefact: Path, *, precision: str, threads: int | None = None) -> None:
        options = session_options(threads)
        self._session: ort.InferenceSession | None = load(artefact, options)
        super().__init__(
            tuple(self._session.get_inputs()[0].shape),
            {
                "runtime": f"onnxruntime {ort.__version__}",
                "device": "CPU",
                "precision": precision,
                "threads": threads or "all cores",
            },
        )

    def _run(self, patch: Patch) -> Patch:
        assert self._session is not None
        logits: Patch = self._session.run(None, {"patch": patch})[0]
        return logits

    def _release(self) -> None:
        self._session = None


open_session = ONNXRuntimeSession
