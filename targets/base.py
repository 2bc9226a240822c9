"""What the sessions of all targets share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_sdk.closing import Closing
from edge_sdk.errors import GeometryError, TargetError
from edge_sdk.session import Patch, SessionDescription


class BaseSession(Closing):
    """The part of `edge_sdk.session.Session` that does not depend on the runtime."""

    target: str

    def __init__(
        self, patch_shape: tuple[int, ...], description: SessionDescription, *, device: str | None = None
    ) -> None:
        """
        Args:
            patch_shape: (N, C, D, H, W) of the network's input.
            description: How the session runs; the patch shape is added.
            device: Another one than the runtime's default; it becomes part of the target's name.
        """
        if device:
            self.target = f"{self.target}:{device}"
        self._patch_shape = patch_shape
        self._description = replace(description, patch_shape=patch_shape)
        self._open = True

    @property
    def description(self) -> SessionDescription:
        """Runtime, device, precision, threads, patch shape (N, C, D, H, W)."""
        return self._description

    def infer(self, patch: Patch) -> Patch:
        """Logits (N, K, D', H', W') of a patch (N, C, D, H, W), float32, before upsampling.

        Raises:
            GeometryError: The patch has another shape than the one the session was opened for.
            TargetError: The session is closed, or the runtime fails.
        """
        if not self._open:
            raise TargetError("the session is closed", where=self.target, remedy="open the package again")
        ready = require_patch(patch, self._patch_shape, self.target)
        try:
            return self._run(ready)
        except MemoryError:
            raise
        except Exception as cause:  # the runtimes' exceptions share no other base
            raise TargetError(
                f"the runtime fails on a patch ({reason(cause)})",
                where=self.target,
                remedy="export the package again with this version of the runtime",
            ) from cause

    def close(self) -> None:
        """Give back what the runtime holds; a second call does nothing."""
        if self._open:
            self._open = False
            self._release()

    @abstractmethod
    def _run(self, patch: Patch) -> Patch:
        """Logits of a contiguous float32 patch of the right shape, in an array of the caller's own."""

    @abstractmethod
    def _release(self) -> None:
        """Drop every reference to the runtime's objects."""


def require_patch(patch: Patch, expected: tuple[int, ...], target: str) -> Patch:
    """The patch as contiguous float32, if it has the shape (N, C, D, H, W) that the session was opened for.

    Raises:
        GeometryError: It has another shape.
    """
    given = tuple(int(size) for size in np.shape(patch))
    if given != expected:
        raise GeometryError(
            f"patch of shape {given} given, {expected} (N, C, D, H, W) expected",
            where=target,
            remedy="cut tiles of the package's patch size, or export for this size",
        )
    return np.ascontiguousarray(patch, np.float32)


def require_artifact(artifact: Path, target: str) -> None:
    """Check that the artifact's file is there.

    Raises:
        TargetError: It is not.
    """
    if not artifact.is_file():
        raise TargetError(f"no {target} artifact", where=artifact, remedy=f"export the package with --target {target}")


def reason(cause: Exception) -> str:
    """The line of a runtime's message that tells why; runtimes put their own source lines first."""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[-1] if lines else type(cause).__name__
