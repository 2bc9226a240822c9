from __future__ import annotations

import cv2
import numpy as np
import pytest
import SimpleITK

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.importance import read_importance_mask

MASK = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.mark.parametrize("name", ["mask.png", "mask.bmp", "mask.mha", "mask.nrrd"])
def test_masks_as_other_libraries_write_them(tmp_path, name):
    path = tmp_path / name
    if name.endswith((".mha", ".nrrd")):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(MASK[None]), str(path))
    else:
        cv2.imwrite(str(path), MASK)
    np.testing.assert_array_equal(read_importance_mask(path), MASK)


def test_what_is_no_mask_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match=r"none\.png: cannot be read"):
        read_importance_mask(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_importance_mask(tmp_path / "text.png")
    cv2.imwrite(str(tmp_path / "deep.png"), MASK.astype(np.uint16))
    with pytest.raises(FileFormatError, match="uint16"):
        read_importance_mask(tmp_path / "deep.png")
