"""A session on OpenVINO's CPU device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino as ov
import openvino.properties as props
from openvino.properties import hint

from edge_sdk.errors import TargetError
from edge_sdk.session import Patch
from targets.base import BaseSession, reason, require_artefact

DEVICE = "CPU"


def compile_model(artefact: Path, threads: int | None, *, profile: bool = False) -> ov.CompiledModel:
    """Read and compile an IR for low latency.

    Raises:
        TargetError: The IR is not readable or the device cannot run it.
    """
    require_artefact(artefact, OpenVINOSession.target)
    settings: dict[Any, Any] = {
        hint.performance_mode: hint.PerformanceMode.LATENCY,
        # Or OpenVINO computes in bfloat16 where the CPU can: another precision than the one asked for.
        hint.inference_precision: ov.Type.f32,
        props.enable_profiling: profile,
    }
    if threads is not None:
        settings[props.inference_num_threads] = threads
    try:
        return ov.Core().compile_model(artefact, DEVICE, settings)
    except RuntimeError as cause:
        raise TargetError(
            f"OpenVINO cannot load it ({reason(cause)})",
            where=artefact,
            remedy="export the package again with this OpenVINO version",
        ) from cause


class OpenVINOSession(BaseSession):
    """See `edge_sdk.session.Session`."""

    target = "openvino"

    def __init__(self, artefact: Path, *, precision: str, threads: int | None = None) -> None:
        compiled = compile_model(artefact, threads)
        super().__init__(
            tuple(int(size) for size in compiled.input(0).shape),
            {
                "runtime": f"openvino {ov.__version__}",
                "device": str(ov.Core().get_property(DEVICE, props.device.full_name)),
                "precision": precision,
                "threads": int(compiled.get_property(props.inference_num_threads)),
            },
        )
        self._request: ov.InferRequest | None = compiled.create_infer_request()

    def _run(self, patch: Patch) -> Patch:
        assert self._request is not None
        # The outputs are copies: only the input is shared with the runtime.
        logits: Patch = self._request.infer({0: patch}, share_inputs=True)[0]
        return logits

    def _release(self) -> None:
        self._request = None


open_session = OpenVINOSession
