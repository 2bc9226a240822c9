"""A run on disk: what training and compression leave, and what export reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path, remove_parts
from edge_sdk.graph import Graph, load_graph, save_graph
from quantization.fitting import History
from quantization.recipe import Recipe
from quantization.records.run_record import (
    FILE_NAME,
    AnyStageReport,
    CaseNames,
    RunRecord,
    first_invalid_field,
    read_record,
)
from quantization.records.stage import StageKey

CHECKPOINT = "checkpoint.safetensors"
"""The published form: what training gave, or what a compression began with."""
STUDENT = "student.safetensors"
PRUNED = "pruned.safetensors"
GraphPrecision = Literal["fp32", "int8"]
GRAPHS: dict[GraphPrecision, str] = {"fp32": "graph-fp32.npz", "int8": "graph.npz"}
CALIBRATION = "calibration.npz"


def changed_cases(recorded: Mapping[str, str], contents: Mapping[str, str]) -> list[str]:
    """Names of the cases whose image or labels differ from the recorded ones.

    Args:
        recorded: Name of each case to its digest, as a run recorded it.
        contents: The same of the cases at hand.
    """
    return [name for name, digest in contents.items() if name in recorded and recorded[name] != digest]


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
        run, resumed = cls(path), (path / FILE_NAME).is_file()
        if resumed and run.recipe != recipe:
            raise TrainingError(
                "holds a run of another recipe", where=path, remedy="give its recipe to resume it, or another folder"
            )
        remove_parts(path)
        if not resumed:
            run._write(RunRecord(recipe=recipe))
        return run

    @property
    def record(self) -> RunRecord:
        """What run.json holds; `update` changes it.

        Raises:
            TrainingError: There is no run here, or its record is of a version that this one does not understand.
        """
        try:
            return read_record(self.path)
        except ValidationError as cause:
            fault = first_invalid_field(cause)
            part = "recipe" if fault.startswith("recipe") else "record"
            raise TrainingError(
                f"{FILE_NAME} holds no valid {part} ({fault})",
                where=self.path,
                remedy="train or compress again with this version",
            ) from cause
        except (OSError, ValueError) as cause:
            raise TrainingError(
                f"no readable {FILE_NAME} ({cause})",
                where=self.path,
                remedy="give the -o folder of train or compress",
            ) from cause

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run.

        Raises:
            TrainingError: As `record`.
        """
        return self.record.recipe

    @contextmanager
    def update(self) -> Iterator[RunRecord]:
        """Give the record to be changed, and write it after the block.

        Raises:
            TrainingError: As `record`.
        """
        record = self.record
        yield record
        self._write(record)

    def require_same_cases(self, cases: CaseNames, contents: Mapping[str, str]) -> None:
        """Record the cases of the run, or check that they are the recorded ones.

        Args:
            cases: How the data are split.
            contents: Name of each case to the digest of its labels and image; a run of an earlier version recorded
                none, and is told apart by names only.

        Raises:
            TrainingError: The run was made of other cases, or of other images or labels under the same names.
        """
        with self.update() as record:
            if record.cases is not None and record.cases.by_part() != cases.by_part():
                raise self._other("on other data")
            if changed := changed_cases(record.contents, contents):
                more = f" and of {len(changed) - 1} other cases" if len(changed) > 1 else ""
                raise self._other(f"on another image or other labels of case {changed[0]!r}{more}")
            record.cases, record.contents = cases, dict(contents)

    def require_same_origin(self, sha256: str | None) -> None:
        """Record the checkpoint that a training begins with, or check that it is the recorded one.

        Args:
            sha256: SHA-256 of the checkpoint; None for random weights.

        Raises:
            TrainingError: The run began with another checkpoint.
        """
        with self.update() as record:
            if record.has_origin and record.from_sha256 != sha256:
                raise self._other("that began with another checkpoint")
            record.from_sha256 = sha256

    def has_stage(self, key: StageKey) -> bool:
        """Whether a stage of compression is finished."""
        return key in self.record.stages.by_key()

    def record_stage(self, report: AnyStageReport) -> None:
        """Add a finished stage's report to run.json."""
        with self.update() as record:
            record.stages = record.stages.with_report(report)

    def save_history(self, phase: str, history: History) -> None:
        """Write the loss of every step, and the validation Dice where it was measured, as CSV."""
        scores = dict(history.validation)
        lines = ["step,loss,validation_dice"]
        for step, loss in enumerate(history.losses, 1):
            lines.append(f"{step},{loss:.6g},{f'{scores[step]:.5f}' if step in scores else ''}")
        with atomic_path(self.path / f"{phase}-losses.csv") as temporary:
            temporary.write_text("\n".join(lines) + "\n")

    def save_graph(self, precision: GraphPrecision, graph: Graph) -> None:
        """Write the deploy form of a precision."""
        with atomic_path(self.path / GRAPHS[precision]) as temporary:
            save_graph(graph, temporary)

    def graph(self, precision: GraphPrecision) -> Graph:
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

    def _other(self, difference: str) -> TrainingError:
        return TrainingError(
            f"holds a run {difference}", where=self.path, remedy="give the same again to resume it, or another folder"
        )

    def _write(self, record: RunRecord) -> None:
        with atomic_path(self.path / FILE_NAME) as temporary:
            temporary.write_text(json.dumps(record.to_json(), indent=2) + "\n")
