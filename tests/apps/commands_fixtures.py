"""What the command tests share: running a command, and a package for fake targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from apps.cli import app
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.grid import Grid, Volume

TINY_RECIPE = """
[network]
variant = "T"
width = 8
decoder_width = 8
supervise_full_resolution = false
[data]
labels = { 0 = "background", 1 = "box" }
patch = [32, 32, 32]
validation_fraction = 0.25
[train]
steps = 1
batch = 1
"""
"""The least that `train` takes: one step of a narrow network on images with a box."""


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command; wide enough that tables do not wrap."""
    outcome = CliRunner(env={"COLUMNS": "300"}).invoke(app, [str(argument) for argument in arguments])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.exit_code, outcome.stdout, outcome.stderr


def run_json(*arguments: object) -> Any:
    """What a command that ends well prints as JSON."""
    status, stdout, stderr = run(*arguments, "--json")
    assert status == 0, stderr
    return json.loads(stdout)


def failure(*arguments: object) -> str:
    """The one line of a command that fails."""
    status, stdout, stderr = run(*arguments)
    assert status == 1, (status, stdout, stderr)
    assert stderr.count("\n") == 1, stderr
    return stderr


def bright_half(path: Path, *, spacing: float = 1.0, size: int = 20) -> Path:
    """Write a volume whose lower half is bright."""
    voxels = np.zeros((size, size, size), np.uint8)
    voxels[: size // 2] = 255
    write_volume(Volume(voxels, Grid((size,) * 3, (spacing,) * 3, (1.0, 2.0, 3.0))), path)
    return path
