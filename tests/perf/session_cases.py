"""The settings of OpenVINO and ONNX Runtime that `session_settings` compares, each against what sessions use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_sdk.session import Patch

Infer = Callable[[Patch], Patch]

OPENVINO: Mapping[str, Mapping[str, Any]] = {
    "as sessions are": {},
    "no performance hint": {"PERFORMANCE_HINT": None},
    "throughput hint": {"PERFORMANCE_HINT": "THROUGHPUT"},
    "pinned": {"ENABLE_CPU_PINNING": True},
    "not pinned": {"ENABLE_CPU_PINNING": False},
    "performance cores only": {"SCHEDULING_CORE_TYPE": "PCORE_ONLY"},
    "hyper-threading": {"ENABLE_HYPER_THREADING": True},
    "no hyper-threading": {"ENABLE_HYPER_THREADING": False},
    "execution mode: accuracy": {"EXECUTION_MODE_HINT": "ACCURACY"},
    "denormals flushed by OpenVINO": {"CPU_DENORMALS_OPTIMIZATION": True},
    "threads: left to it": {"INFERENCE_NUM_THREADS": None},
    "threads: 1": {"INFERENCE_NUM_THREADS": 1},
    "imported from the cache": {"import": True},
}

ONNXRUNTIME: Mapping[str, Mapping[str, Any]] = {
    "as sessions are": {},
    "threads do not spin": {"session.intra_op.allow_spinning": "0"},
    "no memory pattern": {"enable_mem_pattern": False},
    "no arena": {"enable_cpu_mem_arena": False},
    "no constant prepacking": {"session.disable_prepacking": "1"},
    "basic optimizations": {"graph_optimization_level": "ORT_ENABLE_BASIC"},
    "extended optimizations": {"graph_optimization_level": "ORT_ENABLE_EXTENDED"},
    "no optimizations": {"graph_optimization_level": "ORT_DISABLE_ALL"},
    "parallel execution": {"execution_mode": "ORT_PARALLEL"},
    "dynamic blocks": {"session.dynamic_block_base": "4"},
    "threads: left to it": {"intra_op_num_threads": 0},
    "threads: 1": {"intra_op_num_threads": 1},
    "optimized graph from the cache": {"import": True},
}

CASES = {"openvino": OPENVINO, "onnxruntime": ONNXRUNTIME}


def open_case(runtime: str, case: str, artifact: Path, threads: int) -> Infer:
    """The artifact opened as a session opens it, but for the case's settings; nothing is taken from the cache."""
    changes = CASES[runtime][case]
    if "import" in changes:
        return _from_cache(runtime, artifact, threads)
    return _openvino(artifact, threads, changes) if runtime == "openvino" else _onnxruntime(artifact, threads, changes)


def _openvino(artifact: Path, threads: int, changes: Mapping[str, Any]) -> Infer:
    import openvino as ov

    from targets.openvino.session import settings_for

    settings = {**settings_for("CPU", threads), **changes}
    compiled = ov.Core().compile_model(
        artifact, "CPU", {key: value for key, value in settings.items() if value is not None}
    )
    request = compiled.create_infer_request()
    return lambda patch: request.infer({0: patch}, share_inputs=True)[0]


def _onnxruntime(artifact: Path, threads: int, changes: Mapping[str, Any]) -> Infer:
    import onnxruntime as ort

    from targets.onnxruntime.session import load, session_options

    options = session_options(threads)
    kinds = {"graph_optimization_level": ort.GraphOptimizationLevel, "execution_mode": ort.ExecutionMode}
    for key, value in changes.items():
        if "." in key:
            options.add_session_config_entry(key, value)
        else:
            setattr(options, key, getattr(kinds[key], value) if key in kinds else value)
    session = load(artifact, options)
    return lambda patch: session.run(None, {"patch": patch})[0]


def _from_cache(runtime: str, artifact: Path, threads: int) -> Infer:
    from targets.registry import TARGETS

    for _ in range(2):
        session = TARGETS[runtime].open(artifact.parent, precision="", threads=threads)
    if session.description.compiled != "taken from the cache":
        raise ValueError("the cache could not be used")
    return session.infer
