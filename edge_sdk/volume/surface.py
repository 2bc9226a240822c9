"""Surfaces of a mask's classes, as closed triangle meshes in STL files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge_sdk.errors import EdgeSdkError
from edge_sdk.extras import missing_module
from edge_sdk.files import atomic_path
from edge_sdk.volume.elsewhere import for_other_formats
from edge_sdk.volume.grid import Volume

SMOOTHING = 10
"""Iterations of Taubin's filter: the steps of the voxels go, the volume stays."""
_HEADER, _HEADER_BYTES = b"edge-sdk, mm. SPACE=LPS", 80


def write_surfaces(mask: Volume, labels: Mapping[int, str], path: Path) -> dict[str, Path]:
    """Write the surface of every class but the background that the mask holds.

    Binary STL in mm, in the frame of the volume; the header says SPACE=LPS as 3D Slicer reads and writes it. The
    surface is that of marching cubes (Lorensen & Cline 1987) through the voxels' borders, smoothed by Taubin's filter
    (1995).

    Args:
        mask: Labels (D, H, W).
        labels: Label → name of the class.
        path: NAME.stl; the files are NAME-CLASS.stl beside it, the class in lower-case letters, digits and hyphens.

    Returns:
        Class name → its file.

    Raises:
        EdgeSdkError: The name does not end with .stl, the extra `mesh` is not installed, or the place cannot be
            written.
    """
    check_surface_name(path)
    written, endings = {}, _endings(labels)
    for label, name in labels.items():
        if label and (mask.voxels == label).any():
            file = path.with_name(f"{path.stem}-{endings[label]}.stl")
            with atomic_path(file) as temporary:
                temporary.write_bytes(_stl(surface(for_other_formats(mask), label)))
            written[name] = file
    return written


def _endings(labels: Mapping[int, str]) -> dict[int, str]:
    """Label → what names its file: letters, digits and hyphens of its name, with the label where that is not enough."""
    plain = {label: re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() for label, name in labels.items()}
    often = Counter(plain.values())
    return {label: text if text and often[text] == 1 else f"{text}-{label}".strip("-") for label, text in plain.items()}


def _stl(mesh: Any) -> bytes:
    """Binary STL whose header says in which frame the corners are."""
    from trimesh.exchange.stl import export_stl

    content: bytes = export_stl(mesh)
    return _HEADER.ljust(_HEADER_BYTES) + content[_HEADER_BYTES:]


def check_surface_name(path: Path) -> None:
    """Refuse, before the work, what `write_surfaces` would refuse.

    Raises:
        EdgeSdkError: The name does not end with .stl, or an extra is not installed.
    """
    if path.suffix.lower() != ".stl":
        raise EdgeSdkError("is not a name of a surface", where=path, remedy="use a name that ends with .stl")
    if (missing := missing_module(("skimage", "trimesh"), "mesh")) is not None:
        raise EdgeSdkError(f"no surface can be made: {missing}", where=path)


def surface(mask: Volume, label: int) -> Any:
    """The closed surface of one class as a `trimesh.Trimesh`, mm in the frame of the volume."""
    import trimesh
    from skimage.measure import marching_cubes

    # Padded, so that what reaches the volume's border is closed there.
    inside = np.pad(mask.voxels == label, 1).astype(np.float32)
    corners, faces, _, _ = marching_cubes(inside, 0.5)
    mesh = trimesh.Trimesh(corners[:, ::-1] - 1, faces, process=False)
    mesh = trimesh.smoothing.filter_taubin(mesh, iterations=SMOOTHING)
    mesh.apply_transform(mask.grid.index_to_world)
    if mesh.volume < 0:
        mesh.invert()
    return mesh
