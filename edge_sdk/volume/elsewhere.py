"""Where a volume lies for programs that read another format than that of the file it came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.volume.file_geometry import grid_from_affine
from edge_sdk.volume.grid import Volume

_SAME_MM = 1e-3


def for_other_formats(volume: Volume) -> Volume:
    """The volume where ITK's programs see the NIfTI image whose grid it has.

    MetaImage, NRRD, DICOM and STL are opened beside the image in 3D Slicer, ITK-SNAP and the like. Where qform and
    sform disagree, these may take the other one than `read_volume`, and would show the mask apart from the image.

    Returns:
        The volume itself where the readers agree, or where it has no NIfTI header.
    """
    geometry = volume.own_file_geometry
    place = None if geometry is None else geometry.itk_place
    if place is None or not np.isfinite(place).all():
        return volume
    if np.allclose(place, volume.grid.index_to_world, rtol=0, atol=_SAME_MM):
        return volume
    return replace(volume, grid=grid_from_affine(place, volume.grid.shape))
