"""Fixtures that every test module may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines stall: a deadline per example would fail tests for being slow, not for being wrong.
settings.register_profile("edge-sdk", deadline=None)
settings.load_profile("edge-sdk")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real recordings; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("EDGE_SDK_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings are not at {folder}; set EDGE_SDK_DATA to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests find out about this device is not for its user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGE_SDK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Runtimes flush denormals in the thread that opens them; that must not reach the next test."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
