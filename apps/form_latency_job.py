"""What the process that times forms is asked, and what it answers; both travel as JSON."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from quantization.records.forms import LatencyConditions


class LatencyJob(BaseModel):
    """Forms to time.

    Attributes:
        folders: Name of the form to the folder of its files.
        rounds: Rounds that count; every form runs once in each.
        threads: Threads of the runtime; None leaves them to the runtime.
        target: Name of the target.
        patch: (D, H, W) voxels, one channel.
    """

    model_config = ConfigDict(frozen=True)

    folders: dict[str, Path]
    rounds: int
    threads: int | None
    target: str
    patch: tuple[int, int, int]


class LatencyAnswer(BaseModel):
    """What was measured.

    Attributes:
        samples_ms: Name of the form to its latency in every round, ms.
        conditions: How it was measured, without what only the asking process knows.
    """

    model_config = ConfigDict(frozen=True)

    samples_ms: dict[str, list[float]]
    conditions: LatencyConditions
