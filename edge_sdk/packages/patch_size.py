"""Which patch sizes a network takes."""

from __future__ import annotations

from edge_sdk.errors import GeometryError


def check_patch(patch: tuple[int, int, int], multiple: int) -> None:
    """Refuse a patch that the network cannot halve as often as it needs to.

    Args:
        patch: (D, H, W) of the network's input, voxels.
        multiple: The network's stride, voxels.

    Raises:
        GeometryError: An axis is not a positive multiple of `multiple`.
    """
    if any(size < 1 or size % multiple for size in patch):
        fitting = tuple(max(multiple, multiple * round(size / multiple)) for size in patch)
        raise GeometryError(
            f"patch {patch} is not a multiple of the network's stride {multiple} on every axis",
            remedy=f"the nearest that fits is {fitting}",
        )
