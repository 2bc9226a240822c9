from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apps.exporting import export_package, gate_of, reference_of
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.graph import Conv, Graph
from edge_sdk.packages.manifest import Gate
from quantization.recipe import Recipe
from quantization.records.forms import ClassScores, FormAccuracy
from quantization.run_folder import RunFolder
from tests.targets import graphs


def without_bias(graph: Graph) -> Graph:
    """The same network but for its first bias: what a faulty engine would compute."""
    broken = [
        node if not isinstance(node, Conv) or node.name != first_conv(graph).name else faulty(node) for node in graph
    ]
    return graph.with_nodes(broken)


def first_conv(graph: Graph) -> Conv:
    return next(node for node in graph if isinstance(node, Conv))


def faulty(conv: Conv) -> Conv:
    return replace(conv, bias=conv.bias + 3)


@pytest.mark.parametrize("quantized", [True, False])
def test_an_engine_that_computes_something_else_is_refused(quantized: bool, tmp_path: Path) -> None:
    from apps.exporting import _export_one

    graph = graphs.tiny_graph(quantized=quantized)
    patch = graphs.random_patch(shape=(8, 8, 8))
    reference = reference_of(graph, patch, ["onnxruntime"])
    precision = "int8" if quantized else "fp32"
    assert _export_one("onnxruntime", graph, tmp_path / "right", reference, patch, precision).passes
    with pytest.raises(TargetError, match="differs from the reference by up to"):
        _export_one("onnxruntime", without_bias(graph), tmp_path / "wrong", reference, patch, precision)


def test_the_bound_is_twice_what_rounding_moves() -> None:
    from edge_sdk.network.graph_module import run_graph

    graph = graphs.tiny_graph()
    patch = graphs.random_patch(shape=(8, 8, 8))
    reference = reference_of(graph, patch, ["openvino"])
    moved = np.abs(reference.vector.reference - run_graph(graph.without_quantization(), reference.vector.patch)).max()
    assert reference.vector.bounds["openvino"] == pytest.approx(2 * moved)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A compressed run whose float graph lost 3 % of the Dice, and whose INT8 graph nothing."""
    data = {"labels": {str(number): name for number, name in enumerate("abcd")}, "patch": [32, 32, 32]}
    run = RunFolder.create(tmp_path / "run", Recipe.model_validate({"data": data, "network": {"variant": "L"}}))
    with run.update() as record:
        record.metrics = {
            "published_fp32": evaluated(0.9),
            "deploy_fp32": evaluated(0.873),
            "int8": evaluated(0.9),
        }
        record.gate = Gate(verdict="passed", reason="kept")
    run.save_graph("fp32", graphs.tiny_graph(quantized=False))
    run.save_graph("int8", replace(graphs.tiny_graph(), meta={"weight_limit": graphs.WEIGHT_LIMIT}))
    run.save_calibration(graphs.random_patch(shape=(32, 32, 32)))
    return run


def evaluated(dice: float) -> FormAccuracy:
    distances: dict[str, ClassScores] = {"x:0": {1: 1.0, 2: None}}
    return FormAccuracy(dice={"b": dice, "c": None}, mean=dice, cases={"x:0": {1: dice, 2: None}}, hd95_cases=distances)


def test_each_precision_has_its_own_verdict(run: RunFolder) -> None:
    assert gate_of(run, "int8").verdict == "passed"
    float_gate = gate_of(run, "fp32")
    assert (float_gate.verdict, float_gate.numbers["ratio"]) == ("failed", pytest.approx(0.97))
    with run.update() as record:
        record.metrics = {**record.metrics, "pruned_fp32": evaluated(0.9)}
    assert gate_of(run, "fp32").verdict == "passed"
    with run.update() as record:
        record.metrics = {}
    assert gate_of(run, "fp32").verdict == "not run"


def test_what_fails_is_refused_or_says_so(run: RunFolder, tmp_path: Path) -> None:
    from edge_sdk.packages.package import Package

    place = tmp_path / "p.edgepkg"
    with pytest.raises(PackageError, match=r"keeps 97\.00 % .*--allow-failing"):
        export_package(run, place, targets=["onnxruntime"], precision="fp32")
    assert not place.exists()
    export_package(run, place, targets=["onnxruntime"], precision="fp32", allow_failing=True)
    export_package(run, tmp_path / "q.edgepkg", targets=["onnxruntime"], precision="int8", allow_failing=True)
    with Package(place) as failing, Package(tmp_path / "q.edgepkg") as passing:
        assert (failing.manifest.gate.verdict, failing.manifest.gate.allowed_failing) == ("failed", True)
        assert failing.manifest.metrics["graph_cases"] == {"x:0": {"1": 0.873, "2": None}}
        assert (passing.manifest.gate.verdict, passing.manifest.gate.allowed_failing) == ("passed", False)
        assert passing.manifest.metrics["graph_cases"] == passing.manifest.metrics["reference_cases"]
