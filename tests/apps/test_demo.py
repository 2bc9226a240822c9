"""The demo on a short simulated sweep, with a network that is a formula."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel
import numpy as np
import pytest

from apps import demo
from apps.stream import job
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.report import StreamReport
from edge_sdk.errors import PackageError, StreamError
from edge_sdk.packages.manifest import Manifest
from edge_sdk.simulation.simulate import simulate

NAMES = {0: "background", 1: "vessel", 2: "cyst", 3: "lesion"}


class Opened(SimpleNamespace):
    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is held."""


@pytest.fixture
def short_demo(monkeypatch: pytest.MonkeyPatch, session: Any, manifest: Manifest) -> Any:
    def infer(patch: Any) -> Any:
        coarse = patch[:, :, ::2, ::2, ::2]
        return np.concatenate([np.full_like(coarse, 0.3), 0.45 - coarse, coarse * 0 - 1, coarse - 0.3], 1)

    session.infer = infer
    session.manifest = manifest.model_copy(
        update={"labels": NAMES, "patch": (32, 32, 32), "spacing_mm": (1.2, 1.2, 1.2)}
    )
    opened = Opened(manifest=session.manifest, digest="ab" * 32, open=lambda _target, _threads: session)
    monkeypatch.setattr(job, "load_package", lambda _path: opened)
    monkeypatch.setattr(demo, "shipped_package", lambda: Path("phantom.edgepkg"))
    monkeypatch.setattr(demo, "simulate", partial(simulate, frames=12, frame_rate=60.0))
    return session


def run(folder: Path) -> StreamReport | None:
    return demo.run_demo(folder, from_scratch=False, progress=lambda _done, _total, _text: None)


@pytest.mark.usefixtures("short_demo")
def test_the_dice_is_that_of_the_files(tmp_path: Path) -> None:
    report = run(tmp_path)
    mask, labels, volume = (
        np.asarray(nibabel.load(tmp_path / f"{name}.nii.gz").dataobj) for name in ("mask", "labels", "volume")
    )
    seen = volume > 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    ours, truth = mask == 1, labels == 1
    # Voxels that were seen as black are few, and they count in the demo but not here.
    expected = 2 * (ours & truth & seen).sum() / ((ours & seen).sum() + (truth & seen).sum())
    assert summary["dice"]["vessel"] == pytest.approx(expected, abs=0.01)
    scores = [value for value in summary["dice"].values() if isinstance(value, float)]
    assert summary["mean_dice"] == pytest.approx(np.mean(scores), abs=1e-4)
    assert report is not None
    assert isinstance(report.accuracy, LabelComparison)
    assert report.accuracy.mask_equals_segment_on_final_volume is True
    assert "resampled to 1.2" in report.volume.resampling
    assert {"sweep.igs.mha", "sweep.xml", "labels.nii.gz", "report.html"} <= {path.name for path in tmp_path.iterdir()}


def test_a_runtime_that_does_not_repeat_itself_is_found_out(short_demo: Any, tmp_path: Path) -> None:
    steady, noise = short_demo.infer, np.random.default_rng(0)

    def wavering(patch: Any) -> Any:
        logits = steady(patch)
        return logits + noise.normal(0, 0.1, logits.shape).astype(np.float32)

    short_demo.infer = wavering
    with pytest.raises(StreamError, match="differs from what segment makes"):
        run(tmp_path)


def test_a_package_of_another_anatomy_is_refused(short_demo: Any, tmp_path: Path) -> None:
    labels = {**NAMES, 3: "stone"}
    short_demo.manifest = short_demo.manifest.model_copy(update={"labels": labels})
    with pytest.raises(PackageError, match="use a package trained on the simulated anatomy"):
        run(tmp_path)
    assert not (tmp_path / "mask.nii.gz").exists()
