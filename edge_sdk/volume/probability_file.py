"""Probabilities of all classes as a 4-D NIfTI file, written part by part while they are computed."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path
from edge_sdk.volume.grid import Box, Volume
from edge_sdk.volume.nifti_volume import nifti_image

SUFFIXES = (".nii.gz", ".nii")
LEVELS = 255
ENCODING = f"uint8 with scl_slope 1/{LEVELS}: probability = voxel / {LEVELS}"
_MAPPED_BYTES = 64 << 20
"""Written so much, the file is mapped anew: what was written before leaves the process's memory."""

Sink = Callable[[Box, NDArray[np.float32]], None]


def check_probability_name(path: Path) -> None:
    """Refuse a name that is not NIfTI's; MetaImage and NRRD readers do not agree on what a fourth axis is.

    Raises:
        FileFormatError: Such a name.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise FileFormatError(
            "probabilities are written as NIfTI only", where=path, remedy="use a name that ends with .nii.gz or .nii"
        )


@contextmanager
def probability_file(path: Path, volume: Volume, classes: int) -> Iterator[Sink]:
    """Open a file (x, y, z, class) on the volume's grid; it stands at `path` once the block has ended well.

    Args:
        path: Where it is written; a name that `check_probability_name` takes.
        volume: Volume whose grid and header the file gets.
        classes: Number of classes.

    Yields:
        What takes the probabilities (classes, d, h, w) of a box of the volume.

    Raises:
        FileFormatError: The name is not NIfTI's.
        EdgeSdkError: The place cannot be written, or its disk is full.
    """
    check_probability_name(path)
    with atomic_path(path) as temporary:
        packed = path.name.lower().endswith(".gz")
        plain = temporary.with_suffix("") if packed else temporary
        try:
            shape = (classes, *volume.grid.shape)
            offset = _begin(plain, volume, shape)
            yield _Mapped(plain, offset, shape).write
            if packed:
                with open(plain, "rb") as source, gzip.open(temporary, "wb", compresslevel=1) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        finally:
            if packed:
                plain.unlink(missing_ok=True)


class _Mapped:
    """Voxels of a file, mapped into memory a class at a time, and never more than about `_MAPPED_BYTES` in all."""

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...]) -> None:
        self._path, self._offset, self._shape = path, offset, shape
        self._written = 0
        self._classes = self._map()

    def write(self, box: Box, probabilities: NDArray[np.float32]) -> None:
        for voxels, part in zip(self._classes, probabilities, strict=True):
            voxels[box.slices] = np.rint(part * np.float32(LEVELS))
        self._written += probabilities.size
        if self._written >= _MAPPED_BYTES:
            self._written = 0
            self._classes = self._map()

    def _map(self) -> list[NDArray[np.uint8]]:
        size = int(np.prod(self._shape[1:]))
        return [
            np.memmap(self._path, np.uint8, "r+", self._offset + number * size, self._shape[1:])
            for number in range(self._shape[0])
        ]


def _begin(path: Path, volume: Volume, shape: tuple[int, ...]) -> int:
    """Write the header, and room for the voxels: a write into a mapped file that finds the disk full ends the process.

    Returns:
        Bytes before the first voxel.
    """
    header = nifti_image(volume, np.broadcast_to(np.uint8(0), volume.grid.shape)).header
    zooms = header.get_zooms()
    header.set_data_dtype(np.uint8)
    header.set_data_shape(shape[::-1])
    header.set_zooms((*zooms, 1.0))
    header.set_slope_inter(1.0 / LEVELS, 0.0)
    header["descrip"] = f"probabilities of {shape[0]} classes".encode()
    header["cal_min"], header["cal_max"] = 0.0, 1.0
    header["magic"] = header.single_magic
    offset = int(header.single_vox_offset)  # 352, or 544 in NIfTI-2
    header.set_data_offset(offset)
    with open(path, "wb") as stream:
        header.write_to(stream)
        stream.write(bytes(offset - stream.tell()))
        stream.flush()
        size = offset + int(np.prod(shape))
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
        else:
            stream.truncate(size)
    return offset
