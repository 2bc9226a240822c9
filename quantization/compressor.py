"""What every compressor does: prepare → step → finalize → report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from edge_sdk.progress import Progress
from quantization.fitting import History

FormT_co = TypeVar("FormT_co", covariant=True)
ReportT_co = TypeVar("ReportT_co", covariant=True)


@dataclass(frozen=True)
class Compressed(Generic[FormT_co, ReportT_co]):
    """What a compressor made.

    Attributes:
        form: A network with trainable layers, or a deploy graph.
        report: What was done.
        history: Losses and scores of the last fit; None where nothing was trained.
    """

    form: FormT_co
    report: ReportT_co
    history: History | None


class PreparedCompressor(Protocol[FormT_co, ReportT_co]):
    """A compressor at work."""

    @property
    def steps(self) -> int:
        """Number of all steps."""

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""

    def step(self) -> str:
        """Take one step; the text says how it went, such as "loss 0.31"."""

    def finalize(self) -> Compressed[FormT_co, ReportT_co]:
        """The compressed form and the report, after the last step."""


class Compressor(Protocol[FormT_co, ReportT_co]):
    """One way to make a network smaller or faster.

    A run that was interrupted goes on: `prepare` finds what earlier steps left in the run folder, and
    `PreparedCompressor.done` is their number.
    """

    @property
    def name(self) -> str:
        """Label of the compressor in the progress display."""

    def prepare(self) -> PreparedCompressor[FormT_co, ReportT_co]:
        """Do what comes before the first step: statistics, importance, calibration."""


def run_compressor(
    compressor: Compressor[FormT_co, ReportT_co], progress: Progress | None = None
) -> Compressed[FormT_co, ReportT_co]:
    """Take a compressor from its first step, or the one it was interrupted at, to its report."""
    prepared = compressor.prepare()
    while prepared.done < prepared.steps:
        text = prepared.step()
        if progress is not None:
            progress(prepared.done, prepared.steps, f"{compressor.name}: {text}")
    return prepared.finalize()
