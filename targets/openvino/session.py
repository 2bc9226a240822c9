"""A session on one of OpenVINO's devices: the CPU, or another by its name."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import openvino as ov
import openvino.properties as props
from openvino.properties import hint

from edge_sdk.errors import TargetError
from edge_sdk.session import Patch, SessionDescription
from targets.base import BaseSession, reason, require_artifact
from targets.compiled_cache import TAKEN, entry_for, load_compiled, store_compiled
from targets.openvino.devices import DEVICE, full_name


def settings_for(device: str, threads: int | None, *, profile: bool = False) -> dict[str, Any]:
    """Properties for low latency in the precision that the artifact asks for.

    Raises:
        TargetError: A number of threads for another device than the CPU.
    """
    settings: dict[str, Any] = {
        hint.performance_mode(): hint.PerformanceMode.LATENCY,
        props.enable_profiling(): profile,
    }
    if not device.startswith("NPU"):  # which computes its float part in half precision only
        # Or OpenVINO computes in bfloat16 where the CPU can: another precision than the one asked for.
        settings[hint.inference_precision()] = ov.Type.f32
    if threads is not None:
        if device != DEVICE:
            raise TargetError(
                f"{threads} threads asked for on {device}, only the CPU has threads",
                where=OpenVINOSession.target,
                remedy="leave the number out",
            )
        settings[props.inference_num_threads()] = threads
    return settings


def compile_model(
    artifact: Path, threads: int | None, *, device: str = DEVICE, profile: bool = False
) -> ov.CompiledModel:
    """Read and compile an IR for low latency.

    Raises:
        TargetError: The IR is not readable or the device cannot run it.
    """
    require_artifact(artifact, OpenVINOSession.target)
    settings = settings_for(device, threads, profile=profile)
    try:
        compiled = ov.Core().compile_model(artifact, device, settings)
        compiled.input(0).shape  # noqa: B018 (which an IR of open shape does not have)
        return compiled
    except RuntimeError as cause:
        raise TargetError(
            f"OpenVINO cannot load it ({reason(cause)})",
            where=artifact,
            remedy="export the package again with this OpenVINO version",
        ) from cause


def open_compiled(artifact: Path, threads: int | None, *, device: str = DEVICE) -> tuple[ov.CompiledModel, str]:
    """The compiled IR, taken from the cache where an earlier start kept it, and in words which of both.

    Whatever decides what is compiled must be among the entry's circumstances. Other devices than the CPU have caches
    of their drivers, which know when a new driver makes them void.

    Raises:
        TargetError: The IR is not readable or the device cannot run it.
    """
    require_artifact(artifact, OpenVINOSession.target)
    if device != DEVICE:
        return compile_model(artifact, threads, device=device), "left to the device's driver"
    settings = settings_for(device, threads)
    weights = artifact.with_suffix(".bin")
    files = [artifact, weights] if weights.is_file() else [artifact]
    options = {name: str(value) for name, value in settings.items()}
    entry = entry_for(files, "openvino", ov.__version__, device, options)
    if (blob := load_compiled(entry)) is not None:
        try:
            return ov.Core().import_model(blob, device, settings), TAKEN
        except RuntimeError:
            pass  # what this version does not take is compiled anew, below
    compiled = compile_model(artifact, threads, device=device)
    exported = BytesIO()
    compiled.export_model(exported)
    return compiled, store_compiled(entry, exported.getvalue())


class OpenVINOSession(BaseSession):
    """See `edge_sdk.session.Session`."""

    target = "openvino"

    def __init__(self, artifact: Path, *, precision: str, threads: int | None = None, device: str = DEVICE) -> None:
        compiled, how = open_compiled(artifact, threads, device=device)
        super().__init__(
            tuple(int(size) for size in compiled.input(0).shape),
            SessionDescription(
                f"openvino {ov.__version__}",
                device=full_name(device),
                precision=precision,
                threads=int(compiled.get_property(props.inference_num_threads)) if device == DEVICE else "none",
                compiled=how,
            ),
            device=None if device == DEVICE else device,
        )
        self._request: ov.InferRequest = compiled.create_infer_request()

    def _run(self, patch: Patch) -> Patch:
        # As `infer` does it, but without its dictionary of results, which costs as much as a copy of the logits.
        self._request.set_input_tensor(ov.Tensor(patch, shared_memory=True))
        self._request.start_async()
        self._request.wait()
        logits: Patch = self._request.get_output_tensor().data.copy()
        return logits

    def _release(self) -> None:
        del self._request


open_session = OpenVINOSession
