"""The oldest runtime that an artifact needs, and what the ONNX model says about itself."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge_sdk.packages.artifact_fields import artifact_fields
from edge_sdk.packages.package import Package
from targets.registry import TARGETS
from tests.targets.graphs import random_patch, tiny_graph

MODELS = Path(__file__).resolve().parents[2] / "models"
TRIED = {"onnxruntime": "1.18", "openvino": "2023.1", "executorch": "1.0"}
"""Where the next older release refuses the artifact, or was never tried; see docs/artefacts.md."""


def onnx_model(folder: Path, opset: int, ir_version: int) -> Path:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("patch", "logits")]
    body = helper.make_graph([helper.make_node("Relu", ["patch"], ["logits"])], "g", ends[:1], ends[1:])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    onnx.save(model, folder / "model.onnx")
    return folder


@pytest.mark.parametrize(
    ("opset", "ir_version", "oldest"),
    [(13, 7, "1.14"), (19, 8, "1.15"), (19, 9, "1.16"), (20, 9, "1.17"), (20, 10, "1.18"), (22, 10, "1.21")],
)
def test_onnxruntime_needs_the_release_of_opset_and_ir_version(
    tmp_path: Path, opset: int, ir_version: int, oldest: str
) -> None:
    assert TARGETS["onnxruntime"].oldest_runtime(onnx_model(tmp_path, opset, ir_version)) == oldest


@pytest.mark.parametrize(("opset", "oldest"), [(1, "2022.1"), (12, "2023.1"), (13, "2023.2"), (15, "2024.5")])
def test_openvino_needs_the_release_of_the_newest_operation(tmp_path: Path, opset: int, oldest: str) -> None:
    layers = f'<layer type="Add" version="opset1"/><layer type="Pad" version="opset{opset}"/>'
    (tmp_path / "model.xml").write_text(f'<net version="11"><layers>{layers}</layers></net>')
    assert TARGETS["openvino"].oldest_runtime(tmp_path) == oldest


@pytest.mark.parametrize("name", TARGETS)
def test_the_packages_need_what_was_tried(name: str) -> None:
    if problem := TARGETS[name].missing() or TARGETS[name].missing_exporter():
        pytest.skip(problem)
    with Package(MODELS / "phantom-s-int8.edgepkg") as package:
        folder = package.artifact_files()[f"{name}/{TARGETS[name].artifact}"].parent  # type: ignore[attr-defined]
        assert TARGETS[name].oldest_runtime(folder) == TRIED[name]


def test_an_onnx_model_says_how_to_use_it_and_keeps_its_graph(tmp_path: Path) -> None:
    TARGETS["onnxruntime"].export(tiny_graph(), tmp_path, (8, 8, 8), random_patch(1, (8, 8, 8)))
    before = onnx.load(tmp_path / "model.onnx")
    with Package(MODELS / "phantom-s-int8.edgepkg") as package:
        fields = artifact_fields(package.manifest)
    for _ in range(2):  # the second time changes nothing
        TARGETS["onnxruntime"].describe(tmp_path, fields)
    after = onnx.load(tmp_path / "model.onnx")
    said = {entry.key: entry.value for entry in after.metadata_props}
    assert len(said) == len(after.metadata_props)
    assert after.graph.SerializeToString(deterministic=True) == before.graph.SerializeToString(deterministic=True)
    assert (said["input"], said["output"]) == ("patch", "logits")
    normalization = json.loads(said["normalization"])
    assert (normalization["kind"], normalization["shift"], normalization["scale"]) == ("affine", 96.0, 64.0)
    assert json.loads(said["output_stride"]) == 2
    assert json.loads(said["patch"]) == [48, 48, 48]
    assert json.loads(said["labels"])["0"] == "background"
    assert json.loads(said["orientation"]) is None
    assert "align_corners=False" in said["upsampling"]


def test_other_artifacts_have_no_place_for_fields(tmp_path: Path) -> None:
    TARGETS["openvino"].describe(tmp_path, {"a": "b"})
    assert not list(tmp_path.iterdir())
