"""A process that reads damaged files, so that a crash, a hang or a huge allocation ends it and not the tests."""

from __future__ import annotations

import faulthandler
import importlib
import os
import resource
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

HEADROOM = 2 << 30
"""Bytes that a read may allocate."""
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Sample:
    """A valid file, or a folder of some, and what reads it.

    Attributes:
        files: Contents by name.
        opened: The name that the reader is given; "" for the folder.
        reader: Its function (path), as "module:name".
        inflated: Whether the files are gzip streams that are damaged inside, and compressed again.
        spots: Positions of numbers in binary headers, see `tests.fuzz.damage.apply`.
    """

    files: dict[str, bytes]
    opened: str
    reader: str
    inflated: bool = False
    spots: tuple[int, ...] = ()


def read_sweep(path: Path) -> None:
    """Read a sweep and use it as the commands would."""
    import numpy as np

    from edge_sdk import read_sweep as read
    from edge_sdk.errors import EdgeSdkError
    from edge_sdk.sweep.poses import image_to_world
    from edge_sdk.sweep.timing import examine_times

    sweep = read(path)
    count = len(sweep)
    assert sweep.images.shape[0] == count == len(sweep.image_status)
    assert len(sweep.fields) in {0, count}
    for transform in sweep.transforms.values():
        assert transform.matrices.shape == (count, 4, 4)
        assert len(transform.status) == count
    there = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else path.parent.iterdir()))
    assert sweep.images.nbytes <= 1100 * there, f"{sweep.images.nbytes} bytes of pixels from {there} bytes"
    assert (
        sweep.images.size == 0 or np.isfinite(sweep.images.astype(np.float32)).all() or sweep.images.dtype.kind == "f"
    )
    examine_times(sweep.timestamps)
    try:
        image_to_world(sweep)
    except EdgeSdkError:
        return


def read_volume(path: Path) -> None:
    """Read a volume and where it lies."""
    import numpy as np

    from edge_sdk import read_volume as read

    volume = read(path)
    assert volume.voxels.shape == volume.grid.shape
    assert 0 not in volume.voxels.shape
    assert np.isfinite(volume.grid.index_to_world).all()
    assert min(volume.grid.spacing) > 0
    volume.voxels.max()


def read_configuration(path: Path) -> None:
    """Read a configuration as `--config` and as `inspect` do."""
    from apps.inspection.configurations import describe_configuration

    assert describe_configuration(path).as_json()["kind"] == "configuration"


def serve(connection: Connection, samples: list[Sample], folder: Path, log: Path) -> None:
    """Read each damaged sample that comes, and answer with what became of it.

    Args:
        connection: Sends (sample's index, its damaged files by name); gets ("read" or "refused", text) or
            ("fault", traceback).
        samples: Written to folders of their own once; damaged files are put back after each read.
        folder: Where those folders are made.
        log: Takes what libraries write to stderr, and the stack where the process dies.
    """
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    faulthandler.enable(sys.__stderr__)
    places = []
    for index, sample in enumerate(samples):
        place = folder / str(index)
        place.mkdir(parents=True, exist_ok=True)
        for name, data in sample.files.items():
            (place / name).write_bytes(data)
        _reader(sample)(place / sample.opened)  # undamaged; loads the libraries too
        places.append(place)
    limit = _address_space() + HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    connection.send(("ready", ""))
    while (case := connection.recv()) is not None:
        index, files = case
        sample, place = samples[index], places[index]
        for name, data in files.items():
            (place / name).write_bytes(data)
        connection.send(_outcome(sample, place / sample.opened))
        for name in files:
            (place / name).write_bytes(sample.files[name])


def _reader(sample: Sample) -> Callable[[Path], None]:
    module, _, name = sample.reader.partition(":")
    reader: Callable[[Path], None] = getattr(importlib.import_module(module), name)
    return reader


def _outcome(sample: Sample, path: Path) -> tuple[str, str]:
    from edge_sdk.errors import EdgeSdkError

    try:
        _reader(sample)(path)
    except EdgeSdkError as error:
        message = str(error)
        if _out_of_memory(error):
            return "fault", "".join(traceback.format_exception(error))
        if "\n" in message or len(message) > LONGEST_MESSAGE:
            return "fault", f"an error of {len(message)} characters: {message[:LONGEST_MESSAGE]}"
        return "refused", message
    except BaseException as error:
        return "fault", "".join(traceback.format_exception(error))[-6000:]
    return "read", ""


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether a MemoryError, or a library's word for it, lies behind an error."""
    while error is not None:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error) or "Insufficient memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _address_space() -> int:
    pages: Any = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()
