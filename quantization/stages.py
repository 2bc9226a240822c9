"""Compressors one after another, each finished once: what a run folder holds already is not made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from edge_sdk.graph import Graph
from edge_sdk.network.checkpoints import load_network, save_network
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.progress import Progress
from quantization.compressor import Compressor, Form, StageReport, run_compressor
from quantization.curves import write_curves
from quantization.fitting import History
from quantization.run_folder import RunFolder

DISTILLATION, SWAPS, PRUNING, QUANTIZATION = "distil", "swaps", "prune", "quantize"
"""Keys of the stages in run.json."""
TITLES = {
    DISTILLATION: "Distillation of the deploy form",
    PRUNING: "Recovery after the last cut",
    QUANTIZATION: "Fine-tuning in INT8",
}
"""Of the curves of stages that fit."""


@dataclass(frozen=True)
class Stages:
    """The stages of a run; a stage's report in run.json is written last and says that its files are complete."""

    run: RunFolder
    progress: Progress | None = None

    def network(self, key: str, file: str, make: Callable[[], Compressor]) -> EfficientMedNeXt:
        """The network that a stage gives, in evaluation mode.

        Args:
            key: Of the stage in run.json.
            file: Where the network is kept.
            make: Builds the compressor, if it has to work.
        """
        if not self.run.has_stage(key):
            self._take(key, make(), lambda form: save_network(_network(form), self.run.path / file))
        return load_network(self.run.path / file)

    def graph(self, key: str, precision: str, make: Callable[[], Compressor]) -> None:
        """Have a stage's deploy graph in the run."""
        if not self.run.has_stage(key):
            self._take(key, make(), lambda form: self.run.save_graph(precision, _graph(form)))

    def study(self, key: str, make: Callable[[], StageReport]) -> None:
        """A study changes no form: only its report is kept."""
        if not self.run.has_stage(key):
            self.run.record_stage(key, asdict(make()))

    def _take(self, key: str, compressor: Compressor, save: Callable[[Form], None]) -> None:
        form, report = run_compressor(compressor, self.progress)
        save(form)
        history = getattr(compressor, "history", None)
        if isinstance(history, History) and history.losses:
            self.run.save_history(key, history)
            write_curves(self.run.path / f"{key}-curves.png", TITLES[key], history)
        self.run.record_stage(key, asdict(report))


def _network(form: Form) -> EfficientMedNeXt:
    assert form.network is not None
    return form.network


def _graph(form: Form) -> Graph:
    assert form.graph is not None
    return form.graph
