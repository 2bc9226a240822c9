"""The script that writes training data."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from edge_sdk.simulation.dataset import random_case

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "phantom_dataset.py"


def test_cases_are_written_as_the_simulation_made_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("phantom_dataset", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    # The workers are new processes, which find the script's functions by this name.
    monkeypatch.setitem(sys.modules, "phantom_dataset", script)
    monkeypatch.syspath_prepend(SCRIPT.parent)
    spec.loader.exec_module(script)
    options = ["--out", str(tmp_path), "--cases", "1", "--seed", "21", "--spacing", "2", "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["phantom_dataset.py", *options])
    script.main()

    volume, labels = random_case(21, 2.0)
    for folder, expected in (("images", volume), ("labels", labels)):
        image = nibabel.load(tmp_path / folder / "case_000.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj).T, expected.voxels)
        assert np.allclose(image.header.get_zooms(), 2.0)
    about = json.loads((tmp_path / "dataset.json").read_text())
    assert about["cases"]["case_000"]["ml"]["lesion"] == pytest.approx(0.008 * (labels.voxels == 3).sum(), abs=1e-3)
