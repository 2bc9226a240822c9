"""Small valid files of every format that is read, to be damaged."""

from __future__ import annotations

import dataclasses
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge_sdk import write_sweep, write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.containers.matroska_files import block, group, matroska, text_track, video_track
from tests.edge_sdk.sweep.formats.examples import example
from tests.edge_sdk.sweep.formats.test_custusx import acquisition
from tests.edge_sdk.sweep.formats.test_dicom_cine import dataset, put, region
from tests.edge_sdk.sweep.formats.test_sequence_nrrd import slicer_sequence
from tests.edge_sdk.sweep.formats.test_video import colored, write
from tests.fuzz.worker import Sample

SWEEP, VOLUME, CONFIGURATION = (f"tests.fuzz.worker:read_{what}" for what in ("sweep", "volume", "configuration"))

_NIFTI_SPOTS = (40, 42, 44, 46, 48, 70, 72, 108, 112, 116, 252, 254, 280, 296, 344)
"""dim, datatype, bitpix, vox_offset, scl_slope, scl_inter, form codes, rows of the affine, magic."""
_DICOM_SPOTS = (
    b"\x28\0\x02\0", b"\x28\0\x04\0", b"\x28\0\x08\0", b"\x28\0\x10\0", b"\x28\0\x11\0", b"\x28\0\0\1",
    b"\x28\0\1\1", b"\x02\0\x10\0", b"\xe0\x7f\x10\0", b"\xfe\xff\0\xe0", b"\xff\xc0", b"\xff\xc4", b"\xff\xda",
)  # fmt: skip
"""Tags of samples per pixel, photometric interpretation, frames, rows, columns, bits, transfer syntax, pixels and their
items; markers of a JPEG's frame, tables and scan."""
_VIDEO_SPOTS = (
    b"avih", b"strh", b"strf", b"idx1", b"00dc", b"mvhd", b"tkhd", b"stsd", b"mp4v", b"stts", b"stsc", b"stsz", b"stco",
    b"elst", b"mdat", b"FFV1", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75",
)  # fmt: skip
"""Chunks of AVI, boxes of MP4, elements of Matroska."""


def sequence_metafiles(folder: Path) -> list[Sample]:
    """PLUS's .mha: raw, compressed, colors of 16 bits, tracking only."""
    write_sweep(example(), folder / "raw.igs.mha", compressed=False)
    write_sweep(example(4, (8, 8)), folder / "zlib.igs.mha")
    write_sweep(example(2, (3, 4, 3), np.uint16), folder / "color.mha", compressed=False)
    write_sweep(_tracking(), folder / "tracking.igs.mha")
    return [_alone(path, SWEEP) for path in sorted(folder.iterdir())]


def metafile_pairs(folder: Path) -> list[Sample]:
    """PLUS's .mhd with .raw and with .zraw."""
    write_sweep(example(), folder / "raw.mhd", compressed=False)
    write_sweep(example(), folder / "zlib.mhd")
    return [_together(folder, ["raw.mhd", "raw.raw"], SWEEP), _together(folder, ["zlib.mhd", "zlib.zraw"], SWEEP)]


def nrrd_sequences(folder: Path) -> list[Sample]:
    """PLUS's and Slicer's NRRD: raw, gzip, with the pixels beside, tracking only."""
    write_sweep(example(), folder / "raw.igs.nrrd", compressed=False)
    write_sweep(example(4, (8, 8), np.int16), folder / "gzip.igs.nrrd")
    write_sweep(_tracking(), folder / "tracking.igs.nrrd")
    slicer_sequence(folder / "slicer.seq.nrrd")
    _settle(folder / "slicer.seq.nrrd", rb"(?<=\n# on )[^\n]*")
    samples = [_alone(path, SWEEP) for path in sorted(folder.iterdir())]
    write_sweep(example(), folder / "beside.nhdr")
    return [*samples, _together(folder, ["beside.nhdr", "beside.raw.gz"], SWEEP)]


def plus_configurations(_: Path) -> list[Sample]:
    """A device set with everything that is used of it, and a calibration result."""
    from tests.apps.inspection.test_configurations import DEVICE_SET, RESULT

    fan = 'ClipRectangleOrigin="1 2" ClipRectangleSize="90 80" FanAnglesDeg="-30 30" FanOriginPixel="50 -10" '
    fan += 'FanRadiusStartPixel="20" FanRadiusStopPixel="200" Interpolation="LINEAR" OutputExtent="0 9 0 9 0 9" '
    device_set = DEVICE_SET.replace("CompoundingMode", fan + "CompoundingMode")
    return [
        Sample({"c.xml": text.encode()}, "c.xml", "tests.fuzz.worker:read_configuration")
        for text in (device_set, RESULT)
    ]


def dicom(folder: Path) -> list[Sample]:
    """Cines, pictures: uncompressed, run-length and JPEG; with regions and palettes."""
    import cv2
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit, RLELossless

    random = np.random.default_rng(0)
    gray = random.integers(0, 256, (2, 6, 8), np.uint8)
    raw = dataset(gray, FrameTime="40", SequenceOfUltrasoundRegions=[region((1, 1, 6, 4), (0.02, 0.03))])
    put(raw, folder / "raw.dcm")
    deep = random.integers(0, 4096, (2, 6, 8), np.uint16)
    runs = dataset(deep, WindowCenter=[1000, 2000], WindowWidth=[1500, 900])
    runs.compress(RLELossless, generate_instance_uid=False)
    put(runs, folder / "runs.dcm")
    smooth = np.add.outer(np.arange(2) * 30, np.add.outer(np.arange(16) * 4, np.arange(16) * 4)).astype(np.uint8)
    jpeg = dataset(smooth)
    jpeg.PixelData = encapsulate([cv2.imencode(".jpg", image)[1].tobytes() for image in smooth])
    jpeg["PixelData"].VR = "OB"
    jpeg.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    put(jpeg, folder / "jpeg.dcm")
    return [_with_spots(path, _DICOM_SPOTS, range(4, 13, 2)) for path in sorted(folder.iterdir())]


def videos(folder: Path) -> list[Sample]:
    """Containers and codecs that OpenCV writes, and IGSIO's Matroska with text tracks."""
    frames = np.stack([np.full((16, 16), 40 * index) for index in range(4)]).astype(np.uint8)
    for name, codec in (("a.avi", "MJPG"), ("b.mp4", "mp4v"), ("c.mkv", "FFV1")):
        write(folder / name, colored(frames), codec)
    # Its identifiers are drawn at random, with checksums over them: the same bytes for every run.
    _settle(folder / "c.mkv", rb"(?s)(?<=\x73\xc5\x88|\x63\xc5\x88).{8}|(?<=\x73\xa4\x90).{16}|(?<=\xbf\x84).{4}")
    tracks = [video_track((16, 16)), text_track(2, "ProbeToTrackerTransform")]
    matrix = " ".join(str(value) for value in np.eye(4).ravel()).encode()
    clusters = [(40 * at, [block(1, 0, frame.tobytes()), group(2, 0, matrix)]) for at, frame in enumerate(frames)]
    (folder / "d.mkv").write_bytes(matroska(tracks, clusters))
    return [_with_spots(path, _VIDEO_SPOTS, range(4, 44, 4)) for path in sorted(folder.iterdir())]


def pose_tables(_: Path) -> list[Sample]:
    """Poses as quaternions and as matrices."""
    quaternions = "timestamp,tx,ty,tz,qx,qy,qz,qw,status\n" + "".join(
        f"{i / 10},{i},2.5,-3,0,0,0.6,0.8,{'OK' if i else 'INVALID'}\n" for i in range(4)
    )
    names = [f"m{row}{column}" for row in range(3) for column in range(4)]
    matrices = f"# comment\nTimestamp;transform;{';'.join(names)};button\n" + "".join(
        f"{i};ProbeToTracker;1;0;0;{i};0;1;0;5;0;0;1;7;{i}\n" for i in range(3)
    )
    return [Sample({"p.csv": text.encode()}, "p.csv", SWEEP) for text in (quaternions, matrices)]


def custusx(folder: Path) -> list[Sample]:
    """A folder as CustusX writes it, of single images and of one stack."""
    samples = []
    for index, options in enumerate(({"together": True}, {"kind": "1"})):
        made = acquisition(folder / str(index), **options)
        samples.append(
            dataclasses.replace(_together(made, sorted(path.name for path in made.iterdir()), SWEEP), opened="")
        )
    return samples


def nifti_volumes(folder: Path) -> list[Sample]:
    """.nii, .nii.gz, and .nii.gz damaged inside its compression."""
    write_volume(_volume(), folder / "v.nii.gz")
    packed = (folder / "v.nii.gz").read_bytes()
    return [
        Sample({"v.nii": gzip.decompress(packed)}, "v.nii", VOLUME, spots=_NIFTI_SPOTS),
        Sample({"v.nii.gz": packed}, "v.nii.gz", VOLUME),
        Sample({"v.nii.gz": packed}, "v.nii.gz", VOLUME, inflated=True, spots=_NIFTI_SPOTS),
    ]


def nrrd_volumes(folder: Path) -> list[Sample]:
    """Volumes and label volumes as this project and 3D Slicer write them."""
    write_volume(_volume(), folder / "v.nrrd")
    text = "NRRD0005\ntype: short\ndimension: 3\nspace: right-anterior-superior\nsizes: 2 3 4\nspace directions: "
    text += (
        "(0.5,0,0) (0,0.5,0) (0,0,2)\nkinds: domain domain domain\nendian: big\nencoding: %s\nspace origin: (1,2,3)\n\n"
    )
    (folder / "raw.nrrd").write_bytes((text % "raw").encode() + bytes(48))
    (folder / "text.nrrd").write_bytes((text % "text").encode() + b"7 " * 24)
    return [_alone(path, VOLUME) for path in sorted(folder.iterdir())]


def metaimage_volumes(folder: Path) -> list[Sample]:
    """Volumes in .mha."""
    write_volume(_volume(), folder / "v.mha")
    write_volume(dataclasses.replace(_volume(), voxels=np.ones((4, 5, 6), np.float32)), folder / "f.mha")
    return [_alone(path, VOLUME) for path in sorted(folder.iterdir())]


FORMATS: dict[str, Callable[[Path], list[Sample]]] = {
    made.__name__: made
    for made in (
        sequence_metafiles, metafile_pairs, nrrd_sequences, plus_configurations, dicom, videos, pose_tables, custusx,
        nifti_volumes, nrrd_volumes, metaimage_volumes,
    )
}  # fmt: skip


def _tracking():
    return dataclasses.replace(example(), images=np.zeros((3, 0, 0), np.uint8), image_status=("INVALID",) * 3)


def _volume() -> Volume:
    voxels = np.random.default_rng(0).integers(0, 300, (4, 5, 6)).astype(np.int16)
    return Volume(voxels, Grid((4, 5, 6), (0.5, 0.6, 0.7), (1.5, -2, 3)))


def _alone(path: Path, reader: str) -> Sample:
    return Sample({path.name: path.read_bytes()}, path.name, reader)


def _together(folder: Path, names: list[str], reader: str) -> Sample:
    return Sample({name: (folder / name).read_bytes() for name in names}, names[0], reader)


def _with_spots(path: Path, marks: tuple[bytes, ...], offsets: range) -> Sample:
    data = path.read_bytes()
    found = [match.start() for mark in marks for match in re.finditer(re.escape(mark), data)]
    assert len(found) > 3
    return Sample({path.name: data}, path.name, SWEEP, spots=tuple(at + offset for at in found for offset in offsets))


def _settle(path: Path, pattern: bytes) -> None:
    """Put zeros where the file differs from one writing to the next."""
    path.write_bytes(re.sub(pattern, lambda match: b"0" * len(match[0]), path.read_bytes()))
