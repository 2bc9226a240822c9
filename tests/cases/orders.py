"""The 48 axis orders of a NIfTI file, made by nibabel."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import nibabel
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

ALL_48 = ["".join(letters) for order in permutations(("RL", "AP", "SI")) for letters in product(*order)]


def stored_as(image: nibabel.Nifti1Image, orientation: str) -> nibabel.Nifti1Image:
    """The same image with its axes stored in another order."""
    return image.as_reoriented(ornt_transform(io_orientation(image.affine), axcodes2ornt(orientation)))


def store_as(source: Path, orientation: str, target: Path) -> Path:
    """Write a NIfTI file with its axes in another order, uncompressed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(stored_as(nibabel.load(source), orientation), target)
    return target
