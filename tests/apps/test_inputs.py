from __future__ import annotations

import numpy as np
import pytest

from apps.inputs import kind_of, with_header
from edge_sdk import write_sweep, write_volume
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.sweep.formats.examples import example

VOLUME = Volume(np.zeros((3, 4, 5), np.uint8), Grid((3, 4, 5), (1, 1, 1), (0, 0, 0)))


@pytest.mark.parametrize("name", ["a.mha", "a.igs.mha", "a.mhd", "a.nrrd", "a.igs.nrrd", "a.seq.nrrd", "A.NRRD"])
def test_the_header_tells_a_sweep_from_a_volume(tmp_path, name):
    write_sweep(example(), tmp_path / name)
    assert kind_of(tmp_path / name) == "sweep"
    write_volume(VOLUME, tmp_path / name)
    assert kind_of(tmp_path / name) == "volume"


@pytest.mark.parametrize(
    ("name", "kind"), [("a.nii.gz", "volume"), ("c.XML", "configuration"), ("m.pt", "checkpoint"), ("p.zip", "package")]
)
def test_other_names_tell_all(tmp_path, name, kind):
    (tmp_path / name).touch()
    assert kind_of(tmp_path / name) == kind


def test_what_is_not_known_names_what_is(tmp_path):
    (tmp_path / "a.docx").touch()
    with pytest.raises(FileFormatError, match=r"\.edgepkg.*\.nhdr"):
        kind_of(tmp_path / "a.docx")
    with pytest.raises(FileFormatError, match="no such file"):
        kind_of(tmp_path / "b.docx")
    with pytest.raises(FileFormatError, match="is a folder"):
        kind_of(tmp_path)


def test_bare_pixels_are_described_by_the_header_beside_them(tmp_path):
    (tmp_path / "damaged.mhd").write_bytes(b"?")
    for name, pixels in (("a.mhd", "a.zraw"), ("b.nhdr", "b.raw.gz")):
        write_sweep(example(), tmp_path / name)
        assert with_header(tmp_path / pixels) == tmp_path / name
    (tmp_path / "c.raw").touch()
    assert with_header(tmp_path / "c.raw") == tmp_path / "c.raw"
