"""The color of each label: the same in pictures, pages, segmentations and DICOM."""

from __future__ import annotations

# Bright colors that stay apart on gray for most kinds of color vision; label 1 first.
LABEL_COLORS = ("#f25f5c", "#3ec1ff", "#ffd23f", "#5dd39e", "#c792ea", "#ff9f43", "#f7aef8", "#b8de6f")


def label_color(label: int) -> str:
    """Color of a label above 0, #rrggbb."""
    return LABEL_COLORS[(label - 1) % len(LABEL_COLORS)]


def label_rgb(label: int) -> tuple[int, int, int]:
    """Color of a label above 0, red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(label_color(label)[1:])
    return red, green, blue
