"""What a pruning has done so far, on disk: every round's cut and recovered network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path
from edge_sdk.network.checkpoints import load_network, save_network
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.records.pruning import RoundRow

STATE = "state.json"


class RoundsState(BaseModel):
    """Content of `state.json`; see `Rounds`."""

    budgets: list[int]
    rows: list[RoundRow]


@dataclass
class Rounds:
    """A folder with `state.json`, and of round k `cut-k.safetensors`, `fit-k.pt` and `recovered-k.safetensors`.

    Attributes:
        budgets: Multiplications to stay within, one for every round.
        rows: What the report says of the rounds that are finished.
    """

    folder: Path
    budgets: list[int] = field(default_factory=list)
    rows: list[RoundRow] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Rounds:
        """What an interrupted run left, or an empty beginning.

        Raises:
            TrainingError: The file is damaged.
        """
        path = folder / STATE
        if not path.is_file():
            return cls(folder)
        try:
            state = RoundsState.model_validate(json.loads(path.read_text()))
        except ValueError as cause:
            raise TrainingError(
                f"the interrupted pruning cannot be read ({type(cause).__name__})",
                where=path,
                remedy="delete this folder to prune again",
            ) from cause
        return cls(folder, state.budgets, state.rows)

    def write(self) -> None:
        """Keep budgets and rows."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.folder / STATE) as temporary:
            state = RoundsState(budgets=self.budgets, rows=self.rows)
            temporary.write_text(json.dumps(state.model_dump(mode="json")) + "\n")

    @property
    def current(self) -> int:
        """Number of the round to do, from 0."""
        return len(self.rows)

    @property
    def current_budget(self) -> int:
        """Multiplications to stay within after the round to do."""
        return self.budgets[self.current]

    def fit_file(self) -> Path:
        """Checkpoint of the current round's recovery."""
        return self.folder / f"fit-{self.current}.pt"

    def cut_network(self) -> EfficientMedNeXt | None:
        """The network of the current round after its cut; None before."""
        path = self.folder / f"cut-{self.current}.safetensors"
        return load_network(path) if path.is_file() else None

    def keep_cut(self, network: EfficientMedNeXt) -> None:
        """Keep the current round's network before its recovery."""
        save_network(network, self.folder / f"cut-{self.current}.safetensors")

    def recovered_network(self) -> EfficientMedNeXt | None:
        """The network that the last finished round gave; None in the first one."""
        return load_network(self.folder / f"recovered-{self.current - 1}.safetensors") if self.current else None

    def finish(self, network: EfficientMedNeXt, row: RoundRow) -> None:
        """Keep the recovered network of the current round, and go on to the next one."""
        fit = self.fit_file()
        save_network(network, self.folder / f"recovered-{self.current}.safetensors")
        self.rows.append(row)
        self.write()
        fit.unlink(missing_ok=True)
