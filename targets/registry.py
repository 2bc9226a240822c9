"""The targets by name. Nothing of a runtime is imported before it is used."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from targets.probe import require_running


@dataclass
class LazyTarget:
    """A target whose modules lie in `targets.<name>`; see `edge_sdk.session.Target`.

    Attributes:
        artifact: File in the target's folder that a session opens.
        runtime: Modules that running needs, with the distribution to install first.
        exporter: Modules that exporting needs as well.
        device: Of the runtime; None is its default, the CPU.
        describes: Whether the artifact has a place for metadata.
    """

    name: str
    extra: str
    artifact: str
    runtime: tuple[str, ...]
    exporter: tuple[str, ...]
    device: str | None = None
    describes: bool = False

    def missing(self) -> str | None:
        """Why this target cannot run here (one line with the remedy), or None where it can."""
        return missing_module(self.runtime, self.extra)

    def missing_exporter(self) -> str | None:
        """Why nothing can be exported to it here (one line with the remedy), or None where it can."""
        return missing_module(self.exporter, "train")

    def version(self) -> str:
        """Version of the runtime; call only where nothing is missing."""
        return importlib.metadata.version(self.runtime[0])

    def devices(self) -> Mapping[str, str]:
        """Devices that the runtime finds here, with what it calls them; the first one is the default."""
        found: dict[str, str] = self._module("devices").devices()
        return found

    def on(self, device: str) -> LazyTarget:
        """This runtime on another of its devices; raises TargetError with those that are here where it is not."""
        present = list(self.devices())
        found = next((name for name in present if name.casefold() == device.casefold()), None)
        if found is None:
            raise TargetError(
                f"{self.name} has no device {device!r} on this machine, there is {', '.join(present)}",
                remedy=f"choose one of {', '.join(f'{self.name}:{name}' for name in present)}",
            )
        return replace(self, device=None if found == present[0] else found)

    def probe(self, folder: Path, selftest: Path, *, precision: str, threads: int | None = None) -> float | None:
        """Run the self-test in a process of its own; raises TargetError where that does not go well."""
        name = f"{self.name}:{self.device}" if self.device else self.name
        return require_running(name, folder, selftest=selftest, precision=precision, threads=threads)

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> Session:
        """Open the artifact in `folder`; raises TargetError where that cannot be done."""
        device = {"device": self.device} if self.device else {}
        session: Session = self._module("session").open_session(
            folder / self.artifact, precision=precision, threads=threads, **device
        )
        return session

    def inspect(
        self, folder: Path, patch: Patch, *, precision: str, threads: int | None = None
    ) -> list[ExecutedOperator]:
        """Run `patch` with profiling and report every executed operator; raises TargetError on other devices."""
        del precision  # told by the operators themselves
        if self.device:
            raise TargetError(
                f"operators are told on the CPU only, not on {self.device}",
                where=self.name,
                remedy=f"inspect target {self.name}",
            )
        operators: list[ExecutedOperator] = self._module("inspect").inspect(
            folder / self.artifact, patch, threads=threads
        )
        return operators

    def oldest_runtime(self, folder: Path) -> str:
        """Lowest version of the runtime that runs the artifact in `folder`."""
        oldest: str = self._exporting_module("requirements").oldest_runtime(folder / self.artifact)
        return oldest

    def describe(self, folder: Path, fields: Mapping[str, str]) -> None:
        """Write name → text into the metadata of the artifact in `folder`, if its format has a place for them."""
        if self.describes:
            self._exporting_module("metadata").describe(folder / self.artifact, fields)

    def export(
        self,
        graph: Graph,
        folder: Path,
        patch_shape: tuple[int, int, int],
        calibration: NDArray[np.float32],
    ) -> None:
        """Write the artifact for `graph` into `folder`, which is made if it is not there."""
        module = self._exporting_module("export")
        folder.mkdir(parents=True, exist_ok=True)
        module.export(graph, folder / self.artifact, patch_shape, calibration)

    def _exporting_module(self, name: str) -> Any:
        if problem := self.missing_exporter():
            raise TargetError(problem, where=f"export to {self.name}")
        return self._module(name)

    def _module(self, name: str) -> Any:
        if problem := self.missing():
            raise TargetError(problem, where=self.name)
        try:
            with quiet_imports():
                return importlib.import_module(f"targets.{self.name}.{name}")
        except (ImportError, OSError) as cause:
            raise TargetError(
                f"the runtime does not load ({' '.join(str(cause).split())})",
                where=self.name,
                remedy=f"pip install --force-reinstall 'edge-sdk[{self.extra}]'",
            ) from cause


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "openvino": LazyTarget("openvino", "openvino", "model.xml", ("openvino",), ()),
        "onnxruntime": LazyTarget(
            "onnxruntime", "onnxruntime", "model.onnx", ("onnxruntime",), ("onnx",), describes=True
        ),
        "executorch": LazyTarget(
            "executorch", "executorch", "model.pte", ("executorch", "torch"), ("executorch", "torch")
        ),
    }
)
