"""What every compressor does: prepare → step → finalize → report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_sdk.graph import Graph
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.progress import Progress

Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Form:
    """A network between two compressors.

    Attributes:
        network: With trainable layers; None once it is a graph with quantized weights.
        graph: The deploy form; None as long as norms are not folded.
    """

    network: EfficientMedNeXt | None = None
    graph: Graph | None = None


@dataclass(frozen=True)
class StageReport:
    """What a compressor did, for people and as JSON.

    Attributes:
        name: Of the compressor, such as "pruning".
        summary: The few figures that matter, by name with unit.
        tables: Title → rows of equal keys.
        notes: What a reader must know, a sentence each.
    """

    name: str
    summary: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Compressor(Protocol):
    """One way to make a network smaller or faster.

    A run that was interrupted goes on: `prepare` finds what earlier steps left in the run folder, and
    `done` says how many they were.
    """

    @property
    def name(self) -> str:
        """A word for progress and reports."""

    @property
    def steps(self) -> int:
        """All steps; known after `prepare`."""

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""

    def prepare(self) -> None:
        """What comes before the first step: statistics, importance, calibration."""

    def step(self) -> str:
        """Take one step; a few words on how it went, such as "loss 0.31"."""

    def finalize(self) -> Form:
        """The compressed form; only after the last step."""

    def report(self) -> StageReport:
        """What was done; only after `finalize`."""


def run_compressor(compressor: Compressor, progress: Progress | None = None) -> tuple[Form, StageReport]:
    """Take a compressor from its first step, or the one it was interrupted at, to its report."""
    compressor.prepare()
    while compressor.done < compressor.steps:
        told = compressor.step()
        if progress is not None:
            progress(compressor.done, compressor.steps, f"{compressor.name}: {told}")
    return compressor.finalize(), compressor.report()
