"""The shipped wire model on the held-out real sweep: the README's figures can be had again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.real
@pytest.mark.slow
def test_the_wire_model_finds_the_wires_of_the_held_out_sweep(real_data: Path, tmp_path: Path) -> None:
    def script(name: str, *arguments: object) -> str:
        command = [sys.executable, REPOSITORY / "scripts" / name, *arguments]
        return subprocess.run(map(str, command), check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout

    script("nwire_dataset.py", "--data", real_data / "plus_nwire", "--out", tmp_path)
    model = REPOSITORY / "models" / "nwire-t-int8.edgepkg"
    report = json.loads(
        script("nwire_report.py", "--package", model, "--heldout", tmp_path / "heldout", "--target", "openvino")
    )
    assert report["as registered"]["dice"] > 0.55
    assert report["aligned"]["dice"] > 0.75
    assert report["aligned"]["found_to_wire_mm"]["mean"] < 0.5
    assert report["aligned"]["wire_found_within_1mm"] > 0.97
