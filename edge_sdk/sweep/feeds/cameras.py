"""Cameras and frame grabbers that are here, without opening any."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/sys/class/video4linux")
"""Where Linux lists them; elsewhere nobody does, and numbers are tried: camera:0, camera:1."""


def cameras(folder: Path = FOLDER) -> list[dict[str, str]]:
    """For each a source of `stream`, such as "camera:/dev/video0", and what its driver calls it."""
    found = []
    for device in sorted(folder.glob("video*"), key=lambda path: (len(path.name), path.name)):
        try:
            name = (device / "name").read_text().strip()
        except OSError:
            name = "–"
        found.append({"source": f"camera:/dev/{device.name}", "name": name})
    return found
