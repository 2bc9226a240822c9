"""Patch sizes that a network takes, and those that it does not."""

from __future__ import annotations

import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.packages.patch_size import check_patch


@pytest.mark.parametrize(("patch", "fitting"), [((8, 16, 16), "(16, 16, 16)"), ((64, 60, 64), "(64, 64, 64)")])
def test_patch_that_does_not_fit_the_stride(patch: tuple[int, int, int], fitting: str) -> None:
    with pytest.raises(GeometryError, match="stride 16") as told:
        check_patch(patch, 16)
    assert fitting in str(told.value)
    check_patch((16, 32, 64), 16)
