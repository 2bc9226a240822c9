"""What pruning reports."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from quantization.records.part import RecordRow
from quantization.records.stage import PRUNING, StageKey, StageReport, StageTables


class PruningSummary(RecordRow):
    """How much smaller the network became.

    Attributes:
        parameters_before, parameters: Weights and biases of the inference graph before and after.
        macs_before, macs: Multiply-accumulates of the deploy form for one patch before and after.
        macs_share: macs / macs_before.
        latency_ms, latency_budget_ms: Median latency of one patch and its limit, ms; set with a budget in ms.
    """

    parameters_before: int
    parameters: int
    macs_before: int
    macs: int
    macs_share: float
    latency_ms: float | None = None
    latency_budget_ms: float | None = None


class StageCut(RecordRow):
    """A stage of the network before and after; a text that did not change names one value only.

    Attributes:
        stage: Name of the stage.
        channels, blocks, branches: Width or widths, number of blocks, number of depthwise branches.
        gmac_before, gmac: 10⁹ multiply-accumulates of one patch.
        share: gmac / gmac_before.
    """

    stage: str
    channels: str
    blocks: str
    branches: str
    gmac_before: float
    gmac: float
    share: float


class RoundRow(RecordRow):
    """A round of pruning.

    Attributes:
        round: Number of the round, from 1.
        gmac: 10⁹ multiply-accumulates of one patch after the round.
        parameters: Weights and biases of the inference graph.
        dice_after_cut, dice_recovered: Mean Dice on the validation cases; None without such cases.
    """

    round: int
    gmac: float
    parameters: int
    dice_after_cut: float | None
    dice_recovered: float | None


class PruningTables(StageTables):
    """The cut by stages of the network and by rounds."""

    stages: list[StageCut] = Field(
        validation_alias="Before and after, by stage", serialization_alias="Before and after, by stage"
    )
    rounds: list[RoundRow] = Field(validation_alias="Rounds", serialization_alias="Rounds")


class PruningReport(StageReport[PruningSummary, PruningTables]):
    """Structured pruning."""

    stage: ClassVar[StageKey] = PRUNING
