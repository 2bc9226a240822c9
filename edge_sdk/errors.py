"""Every error that a user can meet: one line that says what was given, what was expected, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 1000
"""Characters of what is said; a quoted header may be longer."""


class EdgeSdkError(Exception):
    """Base of all errors that the command line shows as one line (exit 1)."""

    def __init__(self, what: str, *, where: object = None, remedy: str = "") -> None:
        """
        Args:
            what: What was given and what was expected, without a full stop.
            where: The file, device or stage concerned; named first.
            remedy: What the user can do about it.
        """
        self.what, self.where, self.remedy = _line(what), where, remedy
        place = f"{where}: " if where is not None else ""
        advice = f"; {remedy}" if remedy else ""
        super().__init__(" ".join(f"{place}{self.what}{advice}".split()))


@contextmanager
def naming_file(path: object) -> Iterator[None]:
    """Name the file in a FileFormatError of the block that names none, for code that has the file's content only.

    Raises:
        FileFormatError: As the block does, with `path` as its place.
    """
    try:
        yield
    except FileFormatError as error:
        if error.where is not None:
            raise
        raise FileFormatError(error.what, where=path, remedy=error.remedy) from error


def _line(text: str) -> str:
    """Text that may quote a damaged file, as one line that a terminal can take: printable and not too long."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"


class FileFormatError(EdgeSdkError):
    """A file is truncated, of another format, or disagrees with its own header."""


class PoseError(EdgeSdkError):
    """A pose is missing or invalid, or a transform cannot be resolved."""


class DeviceError(EdgeSdkError):
    """A camera, tracker or peer is absent, lost, or sends what cannot be understood."""


class TrackerError(DeviceError):
    """A pose sensor is absent, lost, or sends what cannot be understood."""


class GeometryError(EdgeSdkError):
    """A grid, spacing, extent or patch is impossible or would not fit in memory."""


class PackageError(EdgeSdkError):
    """A package is altered, incomplete, or of a schema that this version does not know."""


class TargetError(EdgeSdkError):
    """A runtime is not installed, not able, or disagrees with the reference output."""


class RecipeError(EdgeSdkError):
    """A recipe or another configuration holds an unknown key or an impossible value."""


class TrainingError(EdgeSdkError):
    """Training data or a checkpoint cannot be used."""


class StreamError(EdgeSdkError):
    """A stage of the streaming pipeline failed."""
