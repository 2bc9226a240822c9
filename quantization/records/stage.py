"""What every stage of a compression reports: figures, tables and notes, as run.json keeps them."""

from __future__ import annotations

from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from quantization.records.part import Cell, RecordPart, RecordRow

StageKey = Literal["distil", "swaps", "prune", "quantise"]
"""Key of a stage in run.json, and the beginning of its files' names; every version has written these."""
DISTILLATION: StageKey = "distil"
SWAPS: StageKey = "swaps"
PRUNING: StageKey = "prune"
QUANTIZATION: StageKey = "quantise"


class StageTables(RecordPart):
    """The tables of a stage; the keys of the file are their titles."""

    def titled(self) -> dict[str, list[dict[str, Cell]]]:
        """Title to rows of equal keys."""
        tables: dict[str, list[dict[str, Cell]]] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return tables


SummaryT = TypeVar("SummaryT", bound=RecordRow)
TablesT = TypeVar("TablesT", bound=StageTables)


class StageReport(RecordPart, Generic[SummaryT, TablesT]):
    """What a stage did.

    Attributes:
        stage: Key of the stage.
        name: Name of the compressor that worked, such as "prune".
        summary: The few figures that matter.
        tables: Details.
        notes: What a reader must know, a sentence each.
    """

    stage: ClassVar[StageKey]
    name: str
    summary: SummaryT
    tables: TablesT
    notes: list[str] = Field(default_factory=list)
