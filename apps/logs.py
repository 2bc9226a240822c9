"""What happened, one line an event, for whoever keeps logs: text for people, or JSON lines.

Nothing is logged before `setup_logs`. Events hold device names, counts and reasons, never what a recording's header
says; paths and URIs appear as they were given, so a patient's name belongs in neither.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from math import isfinite
from pathlib import Path
from typing import Literal

from apps.console import SWITCHES
from edge_sdk.errors import EdgeSdkError

Value = str | int | float | bool | None
Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

FILE_BYTES, FILES_KEPT = 5_000_000, 4
"""A log file's largest size, and how many older ones stay beside it: 25 MB at most."""
LONGEST = 500
"""Characters of a value: a log is no place for more."""
_LONGEST_LINE = 1 << 16
_ROOT = logging.getLogger("edge-sdk")
_ROOT.addHandler(logging.NullHandler())
_ROOT.propagate = False


def logger_of(part: str) -> logging.Logger:
    """The logger of a part of the program, such as "stream"."""
    return _ROOT.getChild(part)


def log_event(logger: logging.Logger, event: str, /, *, severity: Level = "info", **fields: Value) -> None:
    """Log an event; where the log goes cannot make this fail.

    Args:
        logger: Of `logger_of`.
        event: What happened, in words that are the same each time, such as "sensor lost".
        severity: How bad it is.
        fields: What belongs to it; "time", "level", "part" and "event" are taken.
    """
    logger.log(getattr(logging, severity.upper()), event, extra={"fields": fields})


def setup_logs(level: Level = "info", form: Format = "text", file: Path | None = None) -> None:
    """Send the events of this process somewhere; a second call replaces the first.

    Args:
        level: The least severity that is logged. On stderr under --quiet only errors are.
        form: Of the lines.
        file: Appended to, and turned over at `FILE_BYTES`; None for stderr.

    Raises:
        EdgeSdkError: The file cannot be written.
    """
    handler = _StderrHandler() if file is None else _opened(file)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    if file is None and SWITCHES.quiet:
        handler.setLevel(logging.ERROR)
    for old in _ROOT.handlers[:]:
        _ROOT.removeHandler(old)
        old.close()
    _ROOT.addHandler(handler)
    _ROOT.setLevel(level.upper())


class _StderrHandler(logging.Handler):
    """Writes to what is stderr at that moment: a progress bar may have taken its place."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            print(self.format(record), file=sys.stderr, flush=True)


class _FileHandler(RotatingFileHandler):
    """A full disk costs lines, not the stream: stderr tells when it begins, and the log itself once there is room."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        self._lost = 0
        _cut_to_whole_lines(file)

    def emit(self, record: logging.LogRecord) -> None:
        before = self._lost
        super().emit(record)
        if before and self._lost == before:
            self._lost = 0
            log_event(logger_of("log"), "log lines lost", severity="warning", lines=before)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 (named by logging)
        self._lost += 1
        if self._lost == 1:
            with suppress(OSError, ValueError):
                print(f"warning: {self.baseFilename}: the log cannot be written ({sys.exception()})", file=sys.stderr)
        # What is left in the buffer, or of a half-written line, would be joined to the next one.
        stream, self.stream = self.stream, None
        with suppress(OSError):
            if stream is not None:
                stream.close()
        with suppress(OSError):
            _cut_to_whole_lines(Path(self.baseFilename))


def _opened(file: Path) -> logging.Handler:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return _FileHandler(file)
    except OSError as cause:
        raise EdgeSdkError(
            f"the log cannot be written ({cause.strerror or cause})", where=file, remedy="choose another log file"
        ) from cause


def _cut_to_whole_lines(file: Path) -> None:
    """Drop the piece of a line that a full disk or a power cut left at the end."""
    if not file.is_file():
        return
    with file.open("rb+") as content:
        start = max(content.seek(0, 2) - _LONGEST_LINE, 0)
        content.seek(start)
        content.truncate(start + content.read().rfind(b"\n") + 1)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        always = _always(record)
        fields = {name: _short(value) for name, value in _fields(record).items()}
        return json.dumps(always | fields | always, allow_nan=False)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_quoted(_short(value))}" for name, value in _fields(record).items())
        return "{time} {level} {part}: {event}".format(**_always(record)) + fields


def _always(record: logging.LogRecord) -> dict[str, str]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    part = record.name.removeprefix(f"{_ROOT.name}.")
    return {"time": time, "level": record.levelname.lower(), "part": part, "event": record.getMessage()}


def _fields(record: logging.LogRecord) -> dict[str, Value]:
    fields: dict[str, Value] = getattr(record, "fields", {})
    return fields


def _short(value: object) -> Value:
    """The value as JSON can have it, and not too long."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _quoted(value: Value) -> str:
    """A value for a text line: as it is where it is one printable word, else in quotes, always on one line."""
    text = value if isinstance(value, str) else json.dumps(value)
    plain = text.isprintable() and text and not any(mark in text for mark in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
