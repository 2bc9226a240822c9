"""What a file given on the command line is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_sdk.errors import FileFormatError, GeometryError

if TYPE_CHECKING:
    from edge_sdk.sweep.plus_config import PlusConfig

Kind = Literal["package", "checkpoint", "run", "sweep", "volume", "configuration"]
GridChoice = Literal["frames", "saved"]
"""Where a volume lies: around the frames, or where a PLUS configuration's OutputOrigin and OutputExtent say."""
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".safetensors", ".npz")
BY_NAME: tuple[tuple[tuple[str, ...], Kind], ...] = (
    ((".edgepkg", ".zip"), "package"),
    (CHECKPOINTS, "checkpoint"),
    ((".xml",), "configuration"),
)
"""Files whose name alone tells what they are; sweeps tell themselves through `edge_sdk.sweep.formats.FORMATS`."""


def kind_of(path: Path) -> Kind:
    """What `path` holds, by its name and, where names do not tell, its header.

    Raises:
        FileFormatError: It is not there, or nothing that edge-sdk reads.
    """
    from edge_sdk.sweep.formats import FORMATS, is_sweep
    from edge_sdk.volume.files import PAIRS, SUFFIXES

    if not path.exists():
        raise FileFormatError("there is no such file", where=path, remedy="check the path")
    if path.is_dir():
        return _kind_of_folder(path)
    name = path.name.lower()
    for suffixes, kind in BY_NAME:
        if name.endswith(suffixes):
            return kind
    if is_sweep(path):
        return "sweep"
    if name.endswith((*SUFFIXES, *PAIRS)):
        return "volume"
    known = (*(suffix for suffixes, _ in BY_NAME for suffix in suffixes), *SUFFIXES)
    sweeps = (suffix for format_ in FORMATS for suffix in format_.suffixes)
    raise FileFormatError(
        "is not a known kind of file", where=path, remedy=f"known are {', '.join(dict.fromkeys((*known, *sweeps)))}"
    )


def with_header(path: Path) -> Path:
    """The .mhd or .nhdr beside a file of bare pixels that names it; any other `path` itself."""
    if not path.name.lower().endswith((".raw", ".zraw", ".raw.gz")):
        return path
    from edge_sdk.containers.metaimage import read_metaimage
    from edge_sdk.containers.nrrd import read_nrrd

    for header in sorted(path.parent.iterdir()):
        with suppress(FileFormatError):
            if header.suffix.lower() == ".mhd":
                name = read_metaimage(header, header_only=True).fields["ElementDataFile"]
            elif header.suffix.lower() == ".nhdr":
                name = read_nrrd(header, header_only=True).fields.get("data file", "")
            else:
                continue
            if name == path.name:
                return header
    return path


def read_configs(paths: Sequence[Path] | None, grid: GridChoice | None = None) -> PlusConfig | None:
    """The PLUS configuration given with --config, if any; of several files a later one wins where both say something.

    Args:
        paths: Files of configurations.
        grid: "saved" puts the configuration's saved grid into its reconstruction settings.

    Raises:
        FileFormatError: Not readable as one.
        GeometryError: The saved grid is asked for and there is none that can be used.
    """
    if not paths:
        if grid == "saved":
            raise GeometryError(
                "--grid saved is given without a configuration that saves one", remedy="add --config PLUS.xml"
            )
        return None
    from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config

    config = reduce(PlusConfig.updated, map(read_plus_config, paths))
    return config.with_saved_grid() if grid == "saved" else config


def _kind_of_folder(path: Path) -> Kind:
    from edge_sdk.sweep.formats import is_sweep

    if (path / "run.json").is_file():
        return "run"
    if (path / "manifest.json").is_file() or path.suffix == ".edgepkg":
        return "package"
    if is_sweep(path):
        return "sweep"
    raise FileFormatError(
        "is a folder, but neither a package (manifest.json) nor a run (run.json) nor a recording",
        where=path,
        remedy="give a file, a package, a run or the folder of a recording",
    )
