"""Cameras as Linux lists them."""

from __future__ import annotations

from pathlib import Path

from edge_sdk.sweep.feeds.cameras import cameras


def test_every_node_with_its_drivers_name(tmp_path: Path) -> None:
    for number, name in ((10, "USB Capture HDMI"), (2, "Integrated Camera")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n")
    (tmp_path / "video11").mkdir()
    assert cameras(tmp_path) == [
        {"source": "camera:/dev/video2", "name": "Integrated Camera"},
        {"source": "camera:/dev/video10", "name": "USB Capture HDMI"},
        {"source": "camera:/dev/video11", "name": "–"},
    ]
    assert cameras(tmp_path / "nowhere") == []
