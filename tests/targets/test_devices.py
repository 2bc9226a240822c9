"""Other devices than the CPU: refused where absent, never replaced by the CPU in silence."""

from __future__ import annotations

from pathlib import Path

import openvino as ov
import pytest

from edge_sdk.errors import TargetError
from targets.onnxruntime.session import load, session_options
from targets.openvino.session import settings_for
from targets.registry import TARGETS
from tests.targets import graphs


@pytest.mark.parametrize("name", list(TARGETS))
def test_absent_device_is_refused_with_those_that_are_there(name: str) -> None:
    message = rf"^{name} has no device 'Abacus' on this machine, there is CPU.*; choose one of {name}:CPU"
    with pytest.raises(TargetError, match=message):
        TARGETS[name].on("Abacus")


@pytest.mark.parametrize("name", list(TARGETS))
def test_the_cpu_is_the_default_in_any_spelling(name: str) -> None:
    assert TARGETS[name].on("cpu") == TARGETS[name]


def test_providers_are_those_of_the_build() -> None:
    import onnxruntime

    full = TARGETS["onnxruntime"].devices().values()
    assert sorted(full) == sorted(onnxruntime.get_available_providers())


def test_provider_that_cannot_run_the_whole_model_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Azure's provider, part of the public build, runs no operator of ours."""
    if "Azure" not in TARGETS["onnxruntime"].devices():
        pytest.skip("this build of ONNX Runtime has no provider that cannot run a network")
    TARGETS["onnxruntime"].export(graphs.tiny_graph(), tmp_path, (8, 8, 8), graphs.random_patch())
    with pytest.raises(TargetError, match=r"cannot load it on Azure .*fallback to CPU EP has been explicitly disabled"):
        TARGETS["onnxruntime"].on("azure").open(tmp_path, precision="int8")
    assert capfd.readouterr().err == ""
    assert load(tmp_path / "model.onnx", session_options(1)).get_providers() == ["CPUExecutionProvider"]


def test_openvino_settings_by_device() -> None:
    assert settings_for("CPU", 2)["INFERENCE_NUM_THREADS"] == 2
    assert settings_for("CPU", None)["INFERENCE_PRECISION_HINT"] == ov.Type.f32
    assert settings_for("GPU.0", None)["INFERENCE_PRECISION_HINT"] == ov.Type.f32
    assert "INFERENCE_PRECISION_HINT" not in settings_for("NPU", None)
    with pytest.raises(TargetError, match="2 threads asked for on NPU, only the CPU has threads; leave"):
        settings_for("NPU", 2)


def test_operators_are_told_on_the_cpu_only(tmp_path: Path) -> None:
    if "Azure" not in TARGETS["onnxruntime"].devices():
        pytest.skip("this build of ONNX Runtime has no other provider")
    with pytest.raises(TargetError, match="operators are told on the CPU only, not on Azure"):
        TARGETS["onnxruntime"].on("Azure").inspect(tmp_path, graphs.random_patch(), precision="int8")
