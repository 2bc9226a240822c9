"""A run on disk: what training and compression leave, and what export reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path, remove_parts
from edge_sdk.graph import Graph, load_graph, save_graph
from quantization.fitting import History
from quantization.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"
"""The published form: what training gave, or what a compression began with."""
STUDENT = "student.safetensors"
PRUNED = "pruned.safetensors"
GRAPHS = {"fp32": "graph-fp32.npz", "int8": "graph.npz"}
CALIBRATION = "calibration.npz"
DESCRIPTION = "run.json"


@dataclass(frozen=True)
class RunFolder:
    """Folder of one run; every file is written to a temporary name and renamed."""

    path: Path

    @classmethod
    def create(cls, path: Path, recipe: Recipe) -> RunFolder:
        """A new run, or the same one again to be resumed.

        Raises:
            TrainingError: The folder holds a run of another recipe.
        """
        path.mkdir(parents=True, exist_ok=True)
        run, resumed = cls(path), (path / DESCRIPTION).is_file()
        if resumed and run.recipe != recipe:
            raise TrainingError(
                "holds a run of another recipe", where=path, remedy="give its recipe to resume it, or another folder"
            )
        remove_parts(path)
        if not resumed:
            run._write({"recipe": recipe.model_dump(mode="json")})
        return run

    @property
    def description(self) -> dict[str, Any]:
        """What run.json says.

        Raises:
            TrainingError: There is no run here.
        """
        try:
            stored: dict[str, Any] = json.loads((self.path / DESCRIPTION).read_text())
        except (OSError, ValueError) as cause:
            raise TrainingError(
                f"no readable {DESCRIPTION} ({cause})",
                where=self.path,
                remedy="give the -o folder of train or compress",
            ) from cause
        return stored

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run.

        Raises:
            TrainingError: There is no run here, or it holds no recipe that this version understands.
        """
        try:
            return Recipe.model_validate(self.description.get("recipe"))
        except ValidationError as cause:
            raise TrainingError(
                f"{DESCRIPTION} holds no valid recipe ({cause.errors()[0]['msg']})",
                where=self.path,
                remedy="train or compress again with this version",
            ) from cause

    def record(self, key: str, value: Any) -> None:
        """Add a result to run.json."""
        self._write({**self.description, key: value})

    def settle(self, key: str, value: Any, other: str) -> None:
        """Add to run.json what the run is made of, or check that it is the same again.

        Args:
            other: What is said of a run that was made of something else, such as "on other data".

        Raises:
            TrainingError: It was.
        """
        if self.description.get(key, value) != value:
            raise TrainingError(
                f"holds a run {other}", where=self.path, remedy="give the same again to resume it, or another folder"
            )
        self.record(key, value)

    def has_stage(self, key: str) -> bool:
        """Whether a stage of compression is finished."""
        return key in self.description.get("stages", {})

    def record_stage(self, key: str, report: dict[str, Any]) -> None:
        """Add a finished stage's report to run.json."""
        self.record("stages", {**self.description.get("stages", {}), key: report})

    def save_history(self, phase: str, history: History) -> None:
        """Write the loss of every step, and the validation Dice where it was measured, as CSV."""
        scores = dict(history.validation)
        lines = ["step,loss,validation_dice"]
        for step, loss in enumerate(history.losses, 1):
            lines.append(f"{step},{loss:.6g},{f'{scores[step]:.5f}' if step in scores else ''}")
        with atomic_path(self.path / f"{phase}-losses.csv") as temporary:
            temporary.write_text("\n".join(lines) + "\n")

    def save_graph(self, precision: str, graph: Graph) -> None:
        """Write the deploy form of a precision ("fp32" or "int8")."""
        with atomic_path(self.path / GRAPHS[precision]) as temporary:
            save_graph(graph, temporary)

    def graph(self, precision: str) -> Graph:
        """The deploy form of a precision.

        Raises:
            TrainingError: The run was not compressed.
        """
        path = self.path / GRAPHS[precision]
        if not path.is_file():
            raise TrainingError(
                f"has no {precision} deploy form",
                where=self.path,
                remedy="run edge-sdk compress on its checkpoint first",
            )
        return load_graph(path)

    def save_calibration(self, patches: NDArray[np.float32]) -> None:
        """Write calibration patches (M, C, D, H, W)."""
        with atomic_path(self.path / CALIBRATION) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, patches=patches.astype(np.float16))

    @property
    def calibration(self) -> NDArray[np.float32]:
        """Calibration patches (M, C, D, H, W), normalized.

        Raises:
            TrainingError: They are missing or damaged.
        """
        try:
            with np.load(self.path / CALIBRATION, allow_pickle=False) as stored:
                patches: NDArray[np.float32] = stored["patches"].astype(np.float32)
        except (OSError, ValueError, KeyError, BadZipFile) as cause:
            raise TrainingError(
                f"no readable {CALIBRATION} ({cause})", where=self.path, remedy="compress again"
            ) from cause
        return patches

    def _write(self, description: dict[str, Any]) -> None:
        with atomic_path(self.path / DESCRIPTION) as temporary:
            temporary.write_text(json.dumps(description, indent=2) + "\n")
