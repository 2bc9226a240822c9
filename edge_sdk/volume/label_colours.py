"""The colour of each label: the same in pictures, pages, segmentations and DICOM."""

from __future__ import annotations

# Bright colours that stay apart on grey for most kinds of colour vision; label 1 first.
LABEL_COLOURS = ("#f25f5c", "#3ec1ff", "#ffd23f", "#5dd39e", "#c792ea", "#ff9f43", "#f7aef8", "#b8de6f")


def label_colour(label: int) -> str:
    """Colour of a label above 0, #rrggbb."""
    return LABEL_COLOURS[(label - 1) % len(LABEL_COLOURS)]


def label_rgb(label: int) -> tuple[int, int, int]:
    """Colour of a label above 0, red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(label_colour(label)[1:])
    return red, green, blue
