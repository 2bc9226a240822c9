"""Labeled volumes in a folder: `images/` and `labels/` with files of the same names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from edge_sdk.errors import FileFormatError, GeometryError
from edge_sdk.files import sha256
from edge_sdk.inference.case_content import content_sha256
from edge_sdk.inference.finite import require_finite
from edge_sdk.inference.label_values import whole_labels
from edge_sdk.volume.files import SUFFIXES, read_volume
from edge_sdk.volume.grid import Volume

_DIGITS = 16
"""Of each SHA-256; enough to tell the cases of a folder apart."""
_REMEDY = "give a folder with images/ and labels/ that hold files of the same names"


@dataclass(frozen=True)
class Case:
    """An image with its labels, not read yet; its files are hashed once, when that is first asked for."""

    name: str
    image: Path
    label: Path

    @cached_property
    def content(self) -> str:
        """Beginnings of the SHA-256 of the labels and of the image, joined by ":"."""
        return ":".join(content_sha256(path)[:_DIGITS] for path in (self.label, self.image))

    @property
    def identity(self) -> str:
        """Name and content: a case whose image or labels were changed is another case."""
        return f"{self.name}:{self.content}"

    @cached_property
    def label_identity(self) -> str:
        """Identity by which schemas 1 to 4 of a package, and the runs of their time, recorded a case.

        It says nothing of the image.
        """
        return f"{self.name}:{sha256(self.label)[:_DIGITS]}"

    def read(self, classes: Iterable[int]) -> tuple[Volume, Volume]:
        """The image and its labels, which are whole numbers.

        Args:
            classes: Numbers that a label may have.

        Raises:
            FileFormatError: Unreadable, an image with NaN or infinity, or labels outside `classes`.
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
        require_finite(image.voxels, where=self.image)
        return image, label.with_voxels(whole_labels(label.voxels, classes, where=self.label))


def find_cases(folder: str | Path) -> list[Case]:
    """The cases of a data folder, by name.

    Raises:
        FileFormatError: `images/` or `labels/` is missing or empty, an image has no labels, or two files have the
            same name before their suffixes.
    """
    images, labels = _parts(folder)
    if not images:
        raise FileFormatError("holds no volumes", where=Path(folder) / "images", remedy=_REMEDY)
    for name, path in images.items():
        if name not in labels:
            raise FileFormatError(f"has no labels in {Path(folder) / 'labels'}", where=path, remedy=_REMEDY)
    return [Case(name, path, labels[name]) for name, path in images.items()]


def labels_without_image(folder: str | Path) -> list[Path]:
    """Label files of a data folder that belong to no image, by name.

    Raises:
        FileFormatError: As `find_cases`.
    """
    images, labels = _parts(folder)
    return [path for name, path in labels.items() if name not in images]


def _parts(folder: str | Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Name of a case → its image, and → its labels."""
    images, labels = Path(folder) / "images", Path(folder) / "labels"
    for part in (images, labels):
        if not part.is_dir():
            raise FileFormatError("there is no such folder", where=part, remedy=_REMEDY)
    return _by_name(images), _by_name(labels)


def _by_name(folder: Path) -> dict[str, Path]:
    """Name of a case → its file.

    Raises:
        FileFormatError: Two files have the same name, but for their suffixes or for upper and lower case, which some
            file systems do not distinguish.
    """
    found: dict[str, Path] = {}
    taken: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if (name := _case_name(path)) is None:
            continue
        if (other := taken.get(name.casefold())) is not None:
            raise FileFormatError(
                f"has the same name as {other.name}: which of the two belongs to case {name!r} cannot be known",
                where=path,
                remedy="keep one of them, or give them different names",
            )
        found[name] = taken[name.casefold()] = path
    return found


def _case_name(path: Path) -> str | None:
    """The name without its volume suffix; None for other files."""
    if path.name.startswith("."):
        return None
    return next((path.name[: -len(suffix)] for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
