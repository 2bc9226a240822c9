"""`import edge_sdk` is light: a device program pays for what it uses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.edge_sdk.fakes import toy_package


def test_import_is_light() -> None:
    best = float("inf")
    for _ in range(3):  # the machine may be busy
        printed = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", "import edge_sdk"], capture_output=True, text=True, check=True
        )
        line = next(line for line in printed.stderr.splitlines() if line.endswith("| edge_sdk"))
        best = min(best, int(re.split(r"[|:]", line)[2]) / 1e6)
    assert best < 0.2


def test_neither_import_nor_opening_a_package_loads_torch(tmp_path: Path) -> None:
    code = "import sys, edge_sdk; print([m for m in ('torch', 'numba', 'numpy', 'pydantic') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
    package = toy_package(tmp_path / "toy.edgepkg")
    code = (
        "import sys; from edge_sdk import load_package, segment, read_volume, read_sweep; "
        "package = load_package(sys.argv[1]); print(package.targets, 'torch' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code, str(package)], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "('alpha', 'beta') False"
