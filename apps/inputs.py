"""What a file given on the command line is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_sdk.errors import FileFormatError

if TYPE_CHECKING:
    from edge_sdk.sweep.plus_config import PlusConfig

Kind = Literal["package", "checkpoint", "run", "sweep", "volume"]
CHECKPOINTS = (".pt", ".pth", ".ckpt", ".safetensors", ".npz")


def kind_of(path: Path) -> Kind:
    """What `path` holds, by its name and, where names do not tell, its header.

    Raises:
        FileFormatError: It is not there, or nothing that edge-sdk reads.
    """
    from edge_sdk.volume.files import SUFFIXES

    if not path.exists():
        raise FileFormatError("there is no such file", where=path, remedy="check the path")
    if path.is_dir():
        return _kind_of_folder(path)
    name = path.name.lower()
    if name.endswith((".edgepkg", ".zip")):
        return "package"
    if name.endswith(CHECKPOINTS):
        return "checkpoint"
    if name.endswith((".mha", ".mhd")):
        return _kind_of_metaimage(path)
    if name.endswith((".igs.nrrd", ".seq.nrrd")):
        raise FileFormatError(
            "is a sweep as NRRD, which this version does not read", where=path, remedy="convert it to .igs.mha"
        )
    if name.endswith(SUFFIXES):
        return "volume"
    known = ".edgepkg, .igs.mha, .mha, .mhd, .nrrd, .nii, .nii.gz, .pt, .pth, .safetensors"
    raise FileFormatError("is not a known kind of file", where=path, remedy=f"known are {known}")


def read_configs(paths: Sequence[Path] | None) -> PlusConfig | None:
    """The PLUS configuration given with --config, if any; of several files a later one wins where both say something.

    Raises:
        FileFormatError: Not readable as one.
    """
    if not paths:
        return None
    from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config

    return reduce(PlusConfig.updated, map(read_plus_config, paths))


def _kind_of_folder(path: Path) -> Kind:
    if (path / "run.json").is_file():
        return "run"
    if (path / "manifest.json").is_file() or path.suffix == ".edgepkg":
        return "package"
    raise FileFormatError(
        "is a folder, but neither a package (manifest.json) nor a run (run.json)",
        where=path,
        remedy="give a file, a package or a run",
    )


def _kind_of_metaimage(path: Path) -> Kind:
    from edge_sdk.metaimage import NO_PIXELS, read_metaimage

    fields = read_metaimage(path, header_only=True).fields
    tracked = any(key.startswith("Seq_Frame") for key in fields)
    # PLUS writes reconstructed volumes with fields of one frame; their last axis is one of space.
    spatial = fields.get("Kinds", "domain domain list").split()[-1:] == ["domain"]
    return "sweep" if (tracked and not spatial) or fields.get("ElementType") == NO_PIXELS else "volume"
