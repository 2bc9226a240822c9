"""Labeled volumes in a folder: `images/` and `labels/` with files of the same names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_sdk.errors import FileFormatError, GeometryError
from edge_sdk.files import sha256
from edge_sdk.volume.files import SUFFIXES, read_volume
from edge_sdk.volume.grid import Volume


@dataclass(frozen=True)
class Case:
    """An image with its labels, not read yet."""

    name: str
    image: Path
    label: Path

    @property
    def identity(self) -> str:
        """Name and the beginning of the label file's SHA-256: another case of the same name is another case."""
        return f"{self.name}:{sha256(self.label)[:16]}"

    def read(self, classes: Iterable[int]) -> tuple[Volume, Volume]:
        """The image and its labels.

        Raises:
            FileFormatError: Unreadable, or labels outside `classes`.
            GeometryError: Sizes, spacings or orientations differ.
        """
        image, label = read_volume(self.image), read_volume(self.label)
        for what in ("shape", "spacing", "origin", "direction"):
            ours, theirs = getattr(image.grid, what), getattr(label.grid, what)
            if np.shape(ours) != np.shape(theirs) or not np.allclose(ours, theirs, atol=1e-2):
                raise GeometryError(
                    f"{what} {theirs} differs from the image's {ours}",
                    where=self.label,
                    remedy="give labels on the image's grid",
                )
        unknown = sorted({float(value) for value in np.unique(label.voxels)} - {float(item) for item in classes})
        if unknown:
            raise FileFormatError(
                f"label {unknown[0]:g} is none of the network's {sorted(classes)}",
                where=self.label,
                remedy="give labels of the network's classes",
            )
        return image, label


def find_cases(folder: str | Path) -> list[Case]:
    """The cases of a data folder, by name.

    Raises:
        FileFormatError: `images/` or `labels/` is missing or empty, or an image has no labels.
    """
    folder = Path(folder)
    remedy = "give a folder with images/ and labels/ that hold files of the same names"
    images, labels = folder / "images", folder / "labels"
    for part in (images, labels):
        if not part.is_dir():
            raise FileFormatError("there is no such folder", where=part, remedy=remedy)
    paths = {name: path for path in sorted(images.iterdir()) if (name := _case_name(path))}
    named = {name: path for path in sorted(labels.iterdir()) if (name := _case_name(path))}
    if not paths:
        raise FileFormatError("holds no volumes", where=images, remedy=remedy)
    for name, path in paths.items():
        if name not in named:
            raise FileFormatError(f"has no labels in {labels}", where=path, remedy=remedy)
    return [Case(name, path, named[name]) for name, path in paths.items()]


def _case_name(path: Path) -> str | None:
    """The name without its volume suffix; None for other files."""
    if path.name.startswith("."):
        return None
    return next((path.name[: -len(suffix)] for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
