"""Compressors one after another, each finished once: what a run folder holds already is not made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edge_sdk.graph import Graph
from edge_sdk.network.checkpoints import load_network, save_network
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.progress import Progress
from quantization.compressor import Compressor, run_compressor
from quantization.curves import write_curves
from quantization.records.distillation import DistillationReport
from quantization.records.int8 import QuantizationReport
from quantization.records.pruning import PruningReport
from quantization.records.run_record import AnyStageReport
from quantization.records.stage import DISTILLATION, PRUNING, QUANTIZATION, SWAPS, StageKey
from quantization.records.swaps import SwapReport
from quantization.run_folder import GraphPrecision, RunFolder

CURVE_TITLES: dict[StageKey, str] = {
    DISTILLATION: "Distillation of the deploy form",
    PRUNING: "Recovery after the last cut",
    QUANTIZATION: "Fine-tuning in INT8",
}
"""Stages that fit, to the titles of their curves."""
FormT = TypeVar("FormT")


@dataclass(frozen=True)
class Stages:
    """The stages of a run; a stage's report in run.json is written last and says that its files are complete.

    Attributes:
        run: Where the results are kept.
        progress: Called after every step.
    """

    run: RunFolder
    progress: Progress | None = None

    def network(
        self,
        key: StageKey,
        file: str,
        make: Callable[[], Compressor[EfficientMedNeXt, DistillationReport | PruningReport]],
    ) -> EfficientMedNeXt:
        """The network that a stage gives, in evaluation mode.

        Args:
            key: Key of the stage in run.json.
            file: Name of the file that keeps the network.
            make: Builds the compressor, if it has to work.
        """
        if not self.run.has_stage(key):
            self._take(make(), lambda network: save_network(network, self.run.path / file))
        return load_network(self.run.path / file)

    def graph(self, precision: GraphPrecision, make: Callable[[], Compressor[Graph, QuantizationReport]]) -> None:
        """Have the quantization's deploy graph in the run.

        Args:
            precision: Precision of the graph.
            make: Builds the compressor, if it has to work.
        """
        if not self.run.has_stage(QUANTIZATION):
            self._take(make(), lambda graph: self.run.save_graph(precision, graph))

    def study_swaps(self, make: Callable[[], SwapReport]) -> None:
        """Have the report of the swap study in the run; the study changes no form."""
        if not self.run.has_stage(SWAPS):
            self.run.record_stage(make())

    def _take(self, compressor: Compressor[FormT, AnyStageReport], save: Callable[[FormT], None]) -> None:
        made = run_compressor(compressor, self.progress)
        save(made.form)
        stage = made.report.stage
        if made.history is not None and made.history.losses:
            self.run.save_history(stage, made.history)
            write_curves(self.run.path / f"{stage}-curves.png", CURVE_TITLES[stage], made.history)
        self.run.record_stage(made.report)
