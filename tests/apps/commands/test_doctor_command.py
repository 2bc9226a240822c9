"""edge-sdk doctor."""

from __future__ import annotations

import pytest

from tests.apps.commands_fixtures import run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets


def test_tells_targets_device_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="pip install 'edge-sdk[beta]'"))
    printed = run_json("doctor")
    assert printed["targets"] == [
        {"target": "alpha", "runs": True, "version": "1.2.3", "devices": ["CPU"], "problem": None},
        {"target": "beta", "runs": False, "version": None, "devices": [], "problem": table["beta"].reason},
    ]
    assert all(fact["value"] is not None or fact["reason"] for fact in printed["device"].values())
    assert set(printed["accelerators"]) == {"NPU", "GPU"}
    assert all(row["installed"] or row["remedy"] for row in printed["features"])
    assert isinstance(printed["cameras"], list)


def test_table_shows_brackets_of_pip_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("beta", missing="pip install 'edge-sdk[beta]'"))
    assert "pip install 'edge-sdk[beta]'" in run("doctor")[1]
