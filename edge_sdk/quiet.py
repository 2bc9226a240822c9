"""Notes of libraries to their own programmers, kept off a user's screen."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("torchao", "torch.utils._pytree")
"""torchao warns of GPU kernels that do not load, torch of a deprecation inside torchao: both at import."""


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Import torchao, or what imports it, without its warnings; errors are logged as ever."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def without_stderr_lines(*beginnings: str) -> Iterator[None]:
    """Keep lines that begin so off stderr, those of native code too; all others follow when the block ends."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.decode(errors="replace").startswith(beginnings):
                    os.write(2, line)
