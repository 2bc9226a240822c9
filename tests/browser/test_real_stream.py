"""A whole sweep by clicks in the page of the real program, from a recorded sweep to the saved files."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from apps.report.statistics import Statistics
from apps.stream.results.report import StreamReport
from edge_sdk.inference.segment import segment
from edge_sdk.packages.package import load_package
from edge_sdk.simulation.simulate import simulate
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.volume.files import read_volume

PACKAGE = Path(__file__).resolve().parents[2] / "models" / "phantom-s-int8.edgepkg"
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_start_to_saved_files(opened: Callable[..., Page], tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    made = simulate(frames=90, seed=6, frame_rate=30.0)
    write_sweep(made.sweep, tmp_path / "sim.igs.mha", compressed=False)
    (tmp_path / "sim.xml").write_text(made.plus_config_xml)
    words = ["--source", f"replay:{tmp_path / 'sim.igs.mha'}?fps=20", "--config", tmp_path / "sim.xml"]
    words += ["--package", PACKAGE, "-o", tmp_path / "out", "--view", "--view-port", 0]
    program = subprocess.Popen(
        [sys.executable, "-m", "apps", "stream", *map(str, words)], stderr=subprocess.PIPE, text=True
    )
    assert program.stderr is not None
    try:
        address = next(line for line in program.stderr if line.startswith("viewer: ")).split()[-1]
        page = opened(SimpleNamespace(url=address))
        page.locator("#start").click()
        expect(page.locator("#phase")).to_have_text("Running", timeout=20_000)
        expect(page.locator("#inserted")).to_have_text(re.compile(r"^[3-9]\d$"), timeout=30_000)
        page.locator("#finish").click()
        page.locator("#finish").click()
        expect(page.locator("#save")).to_be_enabled(timeout=30_000)
        page.locator("#save").click()
        expect(page.locator("#saved")).to_have_text(f"Saved in {tmp_path / 'out'}", timeout=30_000)
        page.screenshot(path=tmp_path / "saved.png")
        page.close()
    finally:
        program.terminate()
        program.communicate(timeout=60)
    assert program.returncode == 0
    report = StreamReport.model_validate_json((tmp_path / "out" / "report.json").read_text())
    assert report.frames.inserted == report.frames.read < 90
    assert isinstance(report.latency_ms.displayed, Statistics)
    assert report.latency_ms.displayed.p50 >= report.latency_ms.whole_frame_in_mask.p50
    with load_package(PACKAGE) as package, package.open("openvino") as session:
        again = segment(session, read_volume(tmp_path / "out" / "volume.nii.gz"), package.manifest)
    assert np.array_equal(again.voxels, read_volume(tmp_path / "out" / "mask.nii.gz").voxels)
