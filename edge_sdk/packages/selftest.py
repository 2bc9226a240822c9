"""The self-test of a package: a patch, the reference's logits for it, and how far a target may be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as DeflateError

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import EdgeSdkError, PackageError
from edge_sdk.session import Patch, Session, runtime_of


@dataclass(frozen=True)
class SelfTestVector:
    """What every target of a package is held against.

    Attributes:
        patch: (1, C, D, H, W) float32, network input.
        reference: (1, K, D', H', W') float32, logits of the fake-quantized (or FP32) reference network.
        bounds: Target → largest allowed |logit - reference|.
    """

    patch: Patch
    reference: Patch
    bounds: Mapping[str, float]


@dataclass(frozen=True)
class SelfTestResult:
    """How a target did; errors are None where it could not run, and `problem` says why.

    Attributes:
        max_error: Largest |logit - reference|.
        mean_error: Mean |logit - reference|.
        class_change: Share of logit voxels whose class (argmax) differs.
        bound: Largest allowed `max_error`.
    """

    target: str
    precision: str
    bound: float
    max_error: float | None = None
    mean_error: float | None = None
    class_change: float | None = None
    problem: str | None = None

    @property
    def passes(self) -> bool:
        """Whether the target ran and stayed within the bound."""
        return self.problem is None and self.max_error is not None and self.max_error <= self.bound

    @property
    def failure(self) -> str:
        """Why it does not pass, in one line; asked only where it does not."""
        return self.problem or f"self-test error {self.max_error:.4g} > {self.bound:.4g}"


def compact_patch(patch: Patch) -> Patch:
    """The nearest patch that is stored without loss in half the bytes; give this one to the reference."""
    return patch.astype(np.float16).astype(np.float32)


def run_selftest(vector: SelfTestVector, session: Session, precision: str) -> SelfTestResult:
    """Run the self-test patch through an open session and compare its logits with the reference.

    Args:
        vector: Patch, reference logits and bounds of the package.
        session: Opened target.
        precision: "int8" or "fp32", for the result.
    """
    try:
        logits = session.infer(vector.patch)
    except EdgeSdkError as error:
        bound = vector.bounds[runtime_of(session.target)]
        return SelfTestResult(session.target, precision, bound, problem=str(error))
    return compare_logits(vector, logits, session.target, precision)


def compare_logits(vector: SelfTestVector, logits: Patch, target: str, precision: str) -> SelfTestResult:
    """Compare a target's logits for the self-test patch with the reference.

    Args:
        vector: Patch, reference logits and bounds of the package.
        logits: (1, K, D', H', W') float32, what the target computed from `vector.patch`.
        target: Name of the target, such as "openvino:NPU".
        precision: "int8" or "fp32", for the result.
    """
    bound = vector.bounds[runtime_of(target)]
    if logits.shape != vector.reference.shape:
        problem = f"gave logits of shape {logits.shape}, expected {vector.reference.shape}"
        return SelfTestResult(target, precision, bound, problem=problem)
    if not np.isfinite(logits).all():
        return SelfTestResult(target, precision, bound, problem="gave logits that are not finite")
    distance = np.abs(logits - vector.reference)
    changed = logits.argmax(1) != vector.reference.argmax(1)
    return SelfTestResult(
        target, precision, bound, float(distance.max()), float(distance.mean()), float(changed.mean())
    )


def write_selftest(vector: SelfTestVector, path: Path) -> None:
    """Write the vector as .npz, in half precision where nothing that matters is lost."""
    loss = np.abs(vector.reference.astype(np.float16) - vector.reference).max()
    small = loss <= 0.01 * min(vector.bounds.values())
    arrays: dict[str, NDArray[Any]] = {
        "input": _without_loss(vector.patch),
        "reference": vector.reference.astype(np.float16 if small else np.float32),
    }
    arrays |= {f"bound/{target}": np.float64(bound) for target, bound in vector.bounds.items()}  # type: ignore[misc]
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def read_selftest(path: Path, *, where: object) -> SelfTestVector:
    """Read what `write_selftest` wrote.

    Raises:
        PackageError: Not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            patch, reference = (stored[key].astype(np.float32) for key in ("input", "reference"))
            bounds = {key.removeprefix("bound/"): float(stored[key]) for key in stored if key.startswith("bound/")}
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, DeflateError) as cause:
        raise PackageError(
            f"{path.name} is not a self-test vector ({cause})", where=where, remedy="export the package again"
        ) from cause
    return SelfTestVector(patch, reference, bounds)


def _without_loss(patch: Patch) -> NDArray[Any]:
    half = patch.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), patch) else patch
