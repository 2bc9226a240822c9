"""Fixtures that every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real recordings; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("EDGE_SDK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings are not at {folder}; set EDGE_SDK_DATA to their folder")
    return folder
