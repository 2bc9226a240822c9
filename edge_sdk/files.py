"""Writing that leaves nothing half-written, and hashes of files."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_sdk.errors import EdgeSdkError

# What is wrong with the place, not with the program.
_PLACE = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG,
    errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG,
}  # fmt: skip

_OWNER_ONLY = 0o600
_PIXELS_BESIDE = (".raw", ".zraw", ".raw.gz")


@contextmanager
def atomic_path(path: str | Path, *, replace_directory: bool = False) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` when the block ends well, and vanishes otherwise.

    The temporary name ends like `path`, so that writers which choose the format by suffix keep working; the
    block may write a file there, or make it a directory. Missing parent folders are made. A file that was at
    `path` is replaced; a directory with something in it only by another one, and only where asked for. A file
    that only its owner can read, as some writers make it, gets the permissions of any new file.

    Args:
        path: The final name.
        replace_directory: Whether a directory at `path` may be removed with all that it holds.

    Raises:
        EdgeSdkError: The place cannot be written, its disk is full, or a directory is in the way.
    """
    path = Path(path)
    temporary = path.with_name(f".part-{secrets.token_hex(4)}-{path.name}")
    made: list[Path] = []
    try:
        made = _make_parents(path.parent)
        yield temporary
        _give_usual_mode(temporary)
        _replace(temporary, path, replace_directory)
    except BaseException as error:
        _remove(temporary)
        for folder in made:
            _remove_if_empty(folder)
        if isinstance(error, OSError) and (error.errno in _PLACE or str(error.filename).startswith(str(temporary))):
            raise _unwritable(path, error) from error
        raise


def check_place(path: str | Path, *, inputs: Iterable[str | Path | None] = ()) -> None:
    """Find out before long work whether a file can be written at `path`; `atomic_path` makes missing folders.

    Args:
        path: The file to write.
        inputs: Files that the work reads, which must not be replaced by its result; None entries are passed over.

    Raises:
        EdgeSdkError: A directory is in the way, the nearest folder that there is cannot be written, or `path`, or the
            file of pixels beside it, is one of the inputs.
    """
    path = Path(path)
    if path.is_dir():
        raise _in_the_way(path)
    refuse_overwriting(path, inputs)
    folder = next(place for place in path.absolute().parents if os.path.lexists(place))
    probe = folder / f".part-{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def refuse_overwriting(path: str | Path, inputs: Iterable[str | Path | None]) -> None:
    """Refuse to write what is read; see `check_place`.

    Raises:
        EdgeSdkError: `path`, or a file of pixels beside it, is one of the inputs, or lies in a package that is one.
    """
    inputs = list(inputs)
    read = [part for each in inputs if each is not None for part in _with_pixels(Path(each)) if part.exists()]
    for part in _with_pixels(Path(path)):
        if part.exists() and any(part.samefile(each) for each in read):
            raise EdgeSdkError("is an input, which the output would replace", where=part, remedy="choose another -o")
    for folder in (Path(each).resolve() for each in inputs if each is not None):
        # A package that holds a file of which its manifest does not know is refused when it is opened.
        if (folder / "manifest.json").is_file() and Path(path).resolve().is_relative_to(folder):
            raise EdgeSdkError(f"lies in {folder.name}, which is an input", where=path, remedy="choose another -o")


def remove_parts(path: str | Path) -> None:
    """Remove what `atomic_path` left behind when its process was killed; no other process may be at work there.

    Args:
        path: What was to be written, or a folder: anything that was to be written in it.
    """
    path = Path(path)
    folder, name = (path, "*") if path.is_dir() else (path.parent, glob.escape(path.name))
    for part in folder.glob(f".part-{'[0-9a-f]' * 8}-{name}"):
        _remove(part)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _with_pixels(path: Path) -> list[Path]:
    """A file, and where it is a header, the files of pixels that may lie beside it."""
    beside = _PIXELS_BESIDE if path.suffix.lower() in (".mhd", ".nhdr") else ()
    return [path, *(path.with_suffix(suffix) for suffix in beside)]


def _unwritable(path: Path, error: OSError) -> EdgeSdkError:
    return EdgeSdkError(
        f"cannot be written ({error.strerror})", where=path, remedy="choose a writable place with free space"
    )


def _in_the_way(path: Path) -> EdgeSdkError:
    return EdgeSdkError("a directory is in the way", where=path, remedy="choose another name or remove it")


def _make_parents(folder: Path) -> list[Path]:
    """Make `folder` and return what was made, innermost first."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _give_usual_mode(temporary: Path) -> None:
    """Give a file that only its owner can read, as safetensors writes it, the permissions of any new file here.

    A file made for this shows them; the umask cannot be read without changing it for all threads.
    """
    if temporary.is_symlink() or not temporary.is_file() or stat.S_IMODE(temporary.stat().st_mode) != _OWNER_ONLY:
        return
    probe = temporary.with_name(f".part-{secrets.token_hex(4)}-{temporary.name.split('-', 2)[2]}")
    try:
        probe.touch(exist_ok=False)
        os.chmod(temporary, probe.stat().st_mode & 0o777)
    except OSError:
        return  # a file system without permissions, or no room for one more file
    finally:
        probe.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path, replace_directory: bool) -> None:
    if not path.is_dir() or path.is_symlink():
        os.replace(temporary, path)
        return
    if not temporary.is_dir() or not (replace_directory or not any(path.iterdir())):
        raise _in_the_way(path)
    # A directory cannot replace one that holds files: move the old one aside, and back if that fails.
    old = path.with_name(f"{temporary.name}-old")
    os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        path.unlink()


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
