"""A process for one form: `export` makes its files, `serve` runs it when told to.

`serve` answers every line on stdin with one inference: a JSON line on stdout.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from tests.perf.forms import BY_NAME
from tests.perf.settings import Settings


def export(name: str, settings: Settings, folder: Path, source: Path) -> None:
    """Fill `folder`."""
    os.nice(10)  # exports are not timed
    BY_NAME[name].export(settings, folder, source)


def serve(name: str, settings: Settings, folder: Path, answers: TextIO) -> None:
    """Open the form, then answer until stdin ends."""
    from apps.benchmark.denormals import flush_denormals
    from edge_sdk.inference.upsampling import labels_of
    from edge_sdk.volume.grid import Box

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    not_flushed = flush_denormals()
    form = BY_NAME[name]
    patch = settings.patches(1)
    whole = Box((0, 0, 0), settings.shape)
    start = time.perf_counter()
    infer = form.open(settings, folder)
    opened = time.perf_counter() - start
    logits = infer(patch)
    expected = (1, form.classes or settings.classes, *(size // form.stride for size in settings.shape))
    if logits.shape != expected:
        raise ValueError(f"logits of shape {logits.shape}, expected {expected}")
    labels_of(logits[0], form.stride, whole)  # compiles
    answer(open_s=opened, denormals=not_flushed or "flushed")
    for _ in sys.stdin:
        infer(patch)  # the other forms have had the caches since the last time
        begin = time.perf_counter()
        logits = infer(patch)
        middle = time.perf_counter()
        labels_of(logits[0], form.stride, whole)
        end = time.perf_counter()
        answer(infer_ms=1000 * (middle - begin), labels_ms=1000 * (end - middle))


def main(what: str, name: str, settings: str, folder: str, source: str = "") -> None:
    """Run either; what runtimes print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = Settings(**json.loads(settings))
    if what == "export":
        export(name, asked, Path(folder), Path(source))
    else:
        serve(name, asked, Path(folder), answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
