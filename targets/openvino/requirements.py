"""The oldest OpenVINO that opens an IR, by what the IR itself says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

RELEASES = {
    8: "2022.1", 9: "2022.2", 10: "2022.3", 11: "2023.0", 12: "2023.1", 13: "2023.2", 14: "2024.0", 15: "2024.5",
    16: "2025.1",
}  # fmt: skip
"""Operation set → first release with it, as OpenVINO's documentation says; IR version 11 began with 2022.1."""


def oldest_runtime(artifact: Path) -> str:
    """The first OpenVINO release that has every operation of the IR in its version.

    Args:
        artifact: A model.xml.
    """
    versions = (layer.get("version", "") for layer in ET.parse(artifact).iter("layer"))
    newest = max((int(found.group(1)) for text in versions if (found := re.fullmatch(r"opset(\d+)", text))), default=1)
    return RELEASES[min(max(newest, min(RELEASES)), max(RELEASES))]
