"""A session on one of ONNX Runtime's execution providers: the CPU's, or another by its name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnxruntime as ort

from edge_sdk.errors import TargetError
from edge_sdk.session import Patch, SessionDescription
from targets.base import BaseSession, reason, require_artifact
from targets.compiled_cache import TAKEN, entry_for, load_compiled, store_compiled
from targets.onnxruntime.devices import DEVICE, provider

_FATAL = 4


def session_options(threads: int | None) -> ort.SessionOptions:
    """Sequential execution with all graph optimizations."""
    options = ort.SessionOptions()
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _FATAL  # what is less is raised as an exception, too
    # Denormal numbers take a slow path in the CPU's float units.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    if threads is not None:
        options.intra_op_num_threads = threads
    return options


def load(model: Path | bytes, options: ort.SessionOptions, *, device: str = DEVICE) -> ort.InferenceSession:
    """Open an ONNX model, from its file or from its bytes.

    Raises:
        TargetError: It is not readable, or holds what this version or the provider cannot run.
    """
    if isinstance(model, Path):
        require_artifact(model, ONNXRuntimeSession.target)
    if device != DEVICE:
        # Or what the provider cannot run would silently run on the CPU.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        return ort.InferenceSession(model, options, providers=[provider(device)], enable_fallback=0)
    except Exception as cause:  # the runtime's exceptions share no other base
        raise TargetError(
            f"ONNX Runtime cannot load it on {device} ({reason(cause)})",
            where=model if isinstance(model, Path) else ONNXRuntimeSession.target,
            remedy="export the package again with this ONNX Runtime version"
            if device == DEVICE
            else f"choose {ONNXRuntimeSession.target}, its CPU",
        ) from cause


def open_optimized(artifact: Path, threads: int | None) -> tuple[ort.InferenceSession, str]:
    """The model on the CPU, its graph as optimized at an earlier start where that was kept; and in words which.

    Raises:
        TargetError: It is not readable, or holds what this version cannot run.
    """
    require_artifact(artifact, ONNXRuntimeSession.target)
    entry = entry_for([artifact], "onnxruntime", ort.__version__)
    if (kept := load_compiled(entry)) is not None:
        options = session_options(threads)
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            return load(kept, options), TAKEN
        except TargetError:
            pass  # what this version does not take is optimized anew, below
    options = session_options(threads)
    with tempfile.TemporaryDirectory(prefix="edge-sdk-optimized-") as folder:
        optimized = Path(folder) / artifact.name
        options.optimized_model_filepath = str(optimized)
        session = load(artifact, options)
        return session, store_compiled(entry, optimized.read_bytes())


class ONNXRuntimeSession(BaseSession):
    """See `edge_sdk.session.Session`."""

    target = "onnxruntime"

    def __init__(self, artifact: Path, *, precision: str, threads: int | None = None, device: str = DEVICE) -> None:
        if device == DEVICE:
            session, how = open_optimized(artifact, threads)
        else:
            session, how = load(artifact, session_options(threads), device=device), "left to the provider"
        self._session: ort.InferenceSession = session
        super().__init__(
            tuple(session.get_inputs()[0].shape),
            SessionDescription(
                f"onnxruntime {ort.__version__}",
                device=device,
                providers=tuple(session.get_providers()),
                precision=precision,
                threads=threads or "all cores",
                compiled=how,
            ),
            device=None if device == DEVICE else device,
        )

    def _run(self, patch: Patch) -> Patch:
        logits: Patch = self._session.run(None, {"patch": patch})[0]
        return logits

    def _release(self) -> None:
        del self._session


open_session = ONNXRuntimeSession
