"""What a runtime must do to be a target, and what a session of it offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from edge_sdk.graph import Graph

Patch = NDArray[np.float32]


def runtime_of(target: str) -> str:
    """The runtime that a target's name begins with: "openvino:NPU" is OpenVINO's NPU, "openvino" its CPU."""
    return target.partition(":")[0]


def artifacts_of(package: Path, target: str) -> Path:
    """The folder, in a package's folder, of what a target opens."""
    return package / runtime_of(target)


@dataclass(frozen=True)
class ExecutedOperator:
    """One operator as a runtime really executed it.

    Attributes:
        name: Of this operator in the runtime's graph.
        operator: Kind of the operator, as the runtime names it.
        kernel: The implementation that ran.
        precision: Element type that the kernel computed on, such as "float32" or "int8".
        milliseconds: Of this run; None where the runtime does not time single operators.
    """

    name: str
    operator: str
    kernel: str
    precision: str
    milliseconds: float | None


@dataclass(frozen=True)
class SessionDescription:
    """How a session runs, for reports; None where a value is unknown or does not apply.

    Attributes:
        runtime: Name and version of the runtime, such as "openvino 2026.4.1".
        device: The runtime's name of the device.
        providers: ONNX Runtime's execution providers, in the order of preference.
        precision: Precision of the artifact, such as "int8" or "fp32".
        threads: Number of threads, or in words where the runtime does not tell it.
        compiled: Whether the compiled artifact was taken from the cache.
        patch_shape: (N, C, D, H, W) of the network's input.
        chosen: How this target came to be chosen, where nobody named it.
    """

    runtime: str
    device: str | None = None
    providers: tuple[str, ...] | None = None
    precision: str | None = None
    threads: int | str | None = None
    compiled: str | None = None
    patch_shape: tuple[int, ...] | None = None
    chosen: str | None = None

    def known(self) -> dict[str, str | int | tuple[str, ...] | tuple[int, ...]]:
        """The values that are not None, by name, for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


class Session(Protocol):
    """An opened network on one target; a context manager."""

    @property
    def target(self) -> str:
        """Name of the target, such as "openvino" or "openvino:NPU"."""

    @property
    def description(self) -> SessionDescription:
        """Runtime version, device, threads, and other settings for reports."""

    def infer(self, patch: Patch) -> Patch:
        """Logits (N, K, D', H', W') of a patch (N, C, D, H, W), float32, before upsampling.

        Raises:
            GeometryError: The patch has another shape than the one the session was opened for.
        """

    def close(self) -> None:
        """Give back what the runtime holds."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Target(Protocol):
    """A runtime with its device; listed in `targets.registry.TARGETS`."""

    name: str
    extra: str
    """The extra of `pip install edge-sdk[extra]` that brings the runtime."""

    def missing(self) -> str | None:
        """Why this target cannot run here (one line with the remedy), or None where it can."""

    def missing_exporter(self) -> str | None:
        """Why nothing can be exported to it here (one line with the remedy), or None where it can."""

    def version(self) -> str:
        """Version of the runtime; call only where nothing is missing."""

    def devices(self) -> Mapping[str, str]:
        """Devices that the runtime finds here, with what it calls them; the first, the CPU, is the default.

        Raises:
            TargetError: The runtime is not installed.
        """

    def on(self, device: str) -> Target:
        """This runtime on another of its devices, by its name in upper or lower case.

        Raises:
            TargetError: The device is not here; those that are are named.
        """

    def probe(self, folder: Path, selftest: Path, *, precision: str, threads: int | None = None) -> float | None:
        """Open the artifact in `folder` in a process of its own and run the self-test's patch there.

        Returns:
            The largest |logit - reference|; None where this program cannot start another process.

        Raises:
            TargetError: It crashed, did not end in time, or the runtime refused the artifact.
        """

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> Session:
        """Open the artifact in `folder` (the target's folder of a package); precision "fp32" or "int8".

        Raises:
            TargetError: The runtime is not installed or cannot load the artifact.
        """

    def inspect(
        self, folder: Path, patch: Patch, *, precision: str, threads: int | None = None
    ) -> list[ExecutedOperator]:
        """Run `patch` once with profiling and report every executed operator."""

    def oldest_runtime(self, folder: Path) -> str:
        """Lowest version of the runtime that runs the artifact in `folder`, by what the artifact holds.

        Raises:
            TargetError: Something that reads the artifact is not installed.
        """

    def describe(self, folder: Path, fields: Mapping[str, str]) -> None:
        """Write name → text into the metadata of the artifact in `folder`, if its format has a place for them.

        Raises:
            TargetError: Something that reads the artifact is not installed.
        """

    def export(
        self, graph: Graph, folder: Path, patch_shape: tuple[int, int, int], calibration: NDArray[np.float32]
    ) -> None:
        """Write the artifact for a graph into `folder`.

        Args:
            graph: The deploy form; quantized where it holds `Quantize` nodes, else FP32.
            folder: Folder of the artifact; made if it is not there.
            patch_shape: (D, H, W) of the static input, voxels.
            calibration: (M, C, D, H, W) patches, for scales that only this target's lowering needs.
        """
