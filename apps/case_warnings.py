"""What is told of a folder of labeled volumes before the work begins."""

from __future__ import annotations

from pathlib import Path

from apps.console import follows
from apps.sweep_warnings import warn_of
from edge_sdk.errors import FileFormatError


def warn_of_unused_labels(data: Path) -> None:
    """A line on stderr where label files belong to no image: perhaps an image is missing.

    Args:
        data: Folder with images/ and labels/.
    """
    from edge_sdk.inference.cases import labels_without_image

    try:
        unused = labels_without_image(data)
    except FileFormatError:
        return  # the work itself refuses such a folder
    if unused and not follows():
        more = f" and {len(unused) - 1} more" if len(unused) > 1 else ""
        warn_of(f"{unused[0]}{more}: labels without an image of the same name, which are left out")
