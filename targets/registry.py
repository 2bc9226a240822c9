"""The targets by name. Nothing of a runtime is imported before it is used."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import TargetError
from edge_sdk.extras import missing_module
from edge_sdk.graph import Graph
from edge_sdk.quiet import quiet_imports
from edge_sdk.session import ExecutedOperator, Patch, Session, Target


@dataclass
class LazyTarget:
    """A target whose modules lie in `targets.<name>`; see `edge_sdk.session.Target`.

    Attributes:
        artefact: File in the target's folder that a session opens.
        runtime: Modules that running needs, with the distribution to install first.
        exporter: Modules that exporting needs as well.
    """

    name: str
    extra: str
    artefact: str
    runtime: tuple[str, ...]
    exporter: tuple[str, ...]

    def missing(self) -> str | None:
        """Why this target cannot run here (one line with the remedy), or None where it can."""
        return missing_module(self.runtime, self.extra)

    def version(self) -> str:
        """Version of the runtime; call only where nothing is missing."""
        return importlib.metadata.version(self.runtime[0])

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> Session:
        """Open the artefact in `folder`; raises TargetError where that cannot be done."""
        session: Session = self._module("session").open_session(
            folder / self.artefact, precision=precision, threads=threads
        )
        return session

    def inspect(
        self, folder: Path, patch: Patch, *, precision: str, threads: int | None = None
    ) -> list[ExecutedOperator]:
        """Run `patch` with profiling and report every executed operator."""
        del precision  # told by the operators themselves
        operators: list[ExecutedOperator] = self._module("inspect").inspect(
            folder / self.artefact, patch, threads=threads
        )
        return operators

    def export(
        self,
        graph: Graph,
        folder: Path,
        patch_shape: tuple[int, int, int],
        calibration: NDArray[np.float32],
    ) -> None:
        """Write the artefact for `graph` into `folder`, which is made if it is not there."""
        if problem := missing_module(self.exporter, "train"):
            raise TargetError(problem, where=f"export to {self.name}")
        module = self._module("export")
        folder.mkdir(parents=True, exist_ok=True)
        module.export(graph, folder / self.artefact, patch_shape, calibration)

    def _module(self, name: str) -> Any:
        if problem := self.missing():
            raise TargetError(problem, where=self.name)
        with quiet_imports():
            return importlib.import_module(f"targets.{self.name}.{name}")


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "openvino": LazyTarget("openvino", "openvino", "model.xml", ("openvino",), ()),
        "onnxruntime": LazyTarget("onnxruntime", "onnxruntime", "model.onnx", ("onnxruntime",), ("onnx",)),
        "executorch": LazyTarget(
            "executorch", "executorch", "model.pte", ("executorch", "torch"), ("executorch", "torch")
        ),
    }
)
