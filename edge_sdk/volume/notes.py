"""Notes in the headers of .mha and .nrrd volumes: how the volume was made, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from edge_sdk.gray_range import range_from_text, range_text
from edge_sdk.provenance import Provenance
from edge_sdk.volume.compounding_summary import CompoundingSummary
from edge_sdk.volume.grid import Grid, Volume

GRAY_RANGE = "gray_range"
"""Levels of black and white; only in files of volumes for which they are known."""
_PROVENANCE = ("poses_from", "poses_declared", "pose_lag_s", "image_to_probe_assumed")
"""Facts of the provenance that a volume's header states; counts of frames are in the compounding's notes."""


COMPOUNDED = "edge-sdk: in a tracker's frame"
"""Description of such a volume in NIfTI files, which have no room for more."""


def is_compounded(volume: Volume) -> bool:
    """Whether a volume says that it was made from frames, in a frame that has no anatomy."""
    return volume.compounding is not None or COMPOUNDED in volume.meta.get("description", "")


def header_notes(volume: Volume) -> dict[str, str]:
    """Header fields that state how a volume was made; other fields are of the file that it was read from."""
    counts = volume.compounding.header_fields() if volume.compounding else {}
    facts = volume.provenance.summary()
    levels = {} if volume.gray_range is None else {GRAY_RANGE: range_text(volume.gray_range)}
    return {**counts, **{name: facts[name] for name in _PROVENANCE if facts.get(name)}, **levels}


def volume_with_notes(voxels: NDArray[Any], grid: Grid, header: Mapping[str, str]) -> Volume:
    """A volume that was read from a file.

    Args:
        voxels: Gray levels or labels, (D, H, W).
        grid: Grid of the voxels.
        header: The file's header fields.
    """
    facts = {name: header[name] for name in _PROVENANCE if name in header}
    return Volume(
        voxels,
        grid,
        dict(header),
        compounding=CompoundingSummary.from_header(header),
        provenance=Provenance.from_summary(facts),
        gray_range=range_from_text(header.get(GRAY_RANGE, "")),
    )
