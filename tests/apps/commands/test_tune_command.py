"""edge-sdk tune, on a small network and real runtimes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.packages.package import Package
from tests.apps.commands_fixtures import failure, run_json
from tests.edge_sdk.fakes import toy_package
from tests.targets.tiny_package import tiny_package


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_the_fastest_plan_is_checked_used_and_written(tmp_path: Path) -> None:
    package, tuned = tiny_package(tmp_path, "openvino", "onnxruntime"), tmp_path / "tuned.edgepkg"
    printed = run_json("tune", package, "--threads", 1, "--rounds", 4, "-o", tuned)
    assert [each["target"] for each in printed["tuned"]] == ["openvino", "onnxruntime"]
    with Package(package) as before, Package(tuned) as after:
        for each in printed["tuned"]:
            name = each["target"]
            assert {"all INT8", "all FP32"} <= {plan["plan"] for plan in each["plans"]}
            folder, precision = before.artifact(name, 1)
            own = folder == before.folder / name
            assert own == (each["chosen"] == "all INT8")
            assert own or each["chosen"] in precision
            with after.open(name, 1) as session, before.open(name, 1) as same:
                patch = after.selftest_vector.patch
                assert (session.infer(patch) == same.infer(patch)).all()
            assert dict(each["refused"]).keys() <= {plan["plan"] for plan in each["plans"]}
            assert after.manifest.plans[name]["plan"] == each["chosen"]  # type: ignore[index,call-overload]
            assert after.selftest(name).passes


def test_what_cannot_be_tuned_is_refused(tmp_path: Path) -> None:
    assert "executorch cannot be tuned" in failure("tune", tiny_package(tmp_path, "openvino"), "--target", "executorch")
    assert "holds no openvino model" in failure("tune", toy_package(tmp_path / "toy.edgepkg", "alpha"))


def test_the_package_itself_is_not_written_to(tmp_path: Path) -> None:
    package = toy_package(tmp_path / "toy.edgepkg")
    before = package.read_bytes()
    assert "is an input, which the output would replace" in failure("tune", package, "-o", package)
    assert package.read_bytes() == before
