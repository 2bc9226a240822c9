"""Devices that come and go, as the log tells it."""

from __future__ import annotations

import json
from pathlib import Path

from apps.logs import setup_logs
from apps.stream.core.board import DeviceState
from apps.stream.outlets.device_log import DeviceLog


def test_only_changes_are_logged(tmp_path: Path) -> None:
    setup_logs("info", "json", tmp_path / "log.jsonl")
    log = DeviceLog()
    for word, why in (("opening", ""), ("running", ""), ("running", ""), ("lost", "it is gone"), ("running", "")):
        log.look([DeviceState("ndi:a", word, why)])
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [each["event"] for each in events] == ["device opening", "device running", "device lost", "device running"]
    assert [each["level"] for each in events] == ["info", "info", "warning", "info"]
    assert events[2]["why"] == "it is gone"
    assert events[2]["device"] == "ndi:a"
