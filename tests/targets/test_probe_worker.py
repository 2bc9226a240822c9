"""What the probe's process does: one patch, run once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_sdk.errors import TargetError
from edge_sdk.packages.package import Package
from edge_sdk.session import Patch
from targets import probe_worker
from targets.probe import REFUSED
from tests.edge_sdk.fakes import FakeSession, FakeTarget, toy_package


class CountingTarget(FakeTarget):
    """A fake target whose sessions count their inferences."""

    def __init__(self, error: float = 0.0) -> None:
        super().__init__("alpha", error=error)
        self.inferences = 0

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> FakeSession:
        session = super().open(folder, precision=precision, threads=threads)
        infer = session.infer

        def counted(patch: Patch) -> Patch:
            self.inferences += 1
            return infer(patch)

        session.infer = counted  # type: ignore[method-assign]
        return session


def self_test(target: CountingTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> float | None:
    monkeypatch.setattr(probe_worker, "TARGETS", {"alpha": target})
    with Package(toy_package(tmp_path / "toy.edgepkg", "alpha")) as package:
        selftest = package.folder / "selftest.npz"
        return probe_worker.run_patch(
            "alpha", package.folder / "alpha", precision="int8", selftest=selftest, threads=None
        )


def test_the_patch_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = CountingTarget(error=0.25)
    assert self_test(target, tmp_path, monkeypatch) == pytest.approx(0.25, abs=0.005)
    assert target.inferences == 1


def test_logits_that_are_not_finite_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match="alpha: gave logits that are not finite; export the package again"):
        self_test(CountingTarget(error=float("nan")), tmp_path, monkeypatch)


def test_a_refusal_is_the_last_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "targets.probe_worker", "onnxruntime", str(tmp_path), "--precision", "int8"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == REFUSED
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "max_error": None,
        "what": "no onnxruntime artifact",
        "where": str(tmp_path / "model.onnx"),
        "remedy": "export the package with --target onnxruntime",
    }
