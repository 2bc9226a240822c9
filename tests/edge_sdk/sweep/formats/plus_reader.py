"""How PLUS reads sequence files, rule by rule after IGSIO's vtkIGSIOMetaImageSequenceIO and vtkIGSIONrrdSequenceIO.

A second, plain implementation to hold our writers against: PLUS itself cannot be run here.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

LINE = 999
"""PLUS reads lines into a buffer of 1000 characters and takes what is beyond for another line."""
TYPES = {"MET_UCHAR": "u1", "MET_SHORT": "<i2", "MET_USHORT": "<u2", "uint8": "u1", "int16": "<i2", "uint16": "<u2"}


@dataclass
class Read:
    header: dict[str, str] = field(default_factory=dict)
    frames: dict[int, dict[str, str]] = field(default_factory=dict)
    images: np.ndarray | None = None

    def take(self, name: str, value: str) -> None:
        name, value = name.strip(), value.strip()
        if "seq_frame" not in name.lower():
            self.header[name] = value
            return
        number, _, key = name[len("Seq_Frame") :].partition("_")
        self.frames.setdefault(int(number), {})[key] = value

    def size(self, sizes: str, kinds: str) -> tuple[int, int, int]:
        """Width, height and frames."""
        lengths = [int(word) for word in self.header[sizes].split()]
        named = list(zip(self.header[kinds].split(), lengths, strict=False))
        width, height = [length for kind, length in named if kind == "domain"]
        return width, height, next(length for kind, length in named if kind in {"list", "time"})


def read_metafile(path: Path) -> Read:
    read, data = Read(), path.read_bytes()
    assert data.startswith(b"ObjectType = Image\n")
    while True:
        line, _, data = data.partition(b"\n")
        assert len(line) < LINE
        name, equals, value = line.decode().partition("=")
        assert equals
        read.take(name, value)
        if name.strip() == "ElementDataFile":
            break
    if read.header["ElementDataFile"] != "LOCAL":
        data = (path.parent / read.header["ElementDataFile"]).read_bytes()
    width, height, frames = read.size("DimSize", "Kinds")
    if width * height:
        assert read.header["BinaryData"] == "True"
        assert read.header["UltrasoundImageOrientation"] in {"MF", "MFA"}
        if read.header["CompressedData"] == "True":
            data = zlib.decompress(data[: int(read.header["CompressedDataSize"])])
        channels = int(read.header["ElementNumberOfChannels"])
        pixels = np.frombuffer(data, TYPES[read.header["ElementType"]])
        read.images = pixels.reshape(frames, height, width, *([channels] if channels > 1 else []))
    return read


def read_nrrd(path: Path) -> Read:
    read, data = Read(), path.read_bytes()
    while data:
        line, _, data = data.partition(b"\n")
        assert len(line) < LINE
        text = line.decode()
        if not text:
            break
        if "#" in text or text.startswith("NRRD"):
            continue
        name, colon, value = text.partition(":")
        assert colon
        read.take(name, value.removeprefix("="))
    if "data file" in read.header:
        data = (path.parent / read.header["data file"]).read_bytes()
    width, height, frames = read.size("sizes", "kinds")
    if width * height:
        assert read.header["ultrasound image orientation"] in {"MF", "MFA"}
        if read.header["encoding"] in {"gz", "gzip"}:
            data = gzip.decompress(data)
        channels = [
            int(length)
            for kind, length in zip(read.header["kinds"].split(), read.header["sizes"].split(), strict=True)
            if kind == "vector"
        ]
        read.images = np.frombuffer(data, TYPES[read.header["type"]]).reshape(frames, height, width, *channels)
    return read
