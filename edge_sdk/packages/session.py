"""A target's session together with what the package says about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edge_sdk.closing import Closing
from edge_sdk.errors import GeometryError
from edge_sdk.packages.manifest import Manifest
from edge_sdk.session import Patch, Session


class PackageSession(Closing):
    """A session that knows its manifest; see `edge_sdk.session.Session`."""

    def __init__(self, inner: Session, manifest: Manifest, chosen: str | None = None) -> None:
        """
        Args:
            chosen: How this target came to be chosen, where nobody named it.
        """
        self.inner, self.manifest, self._chosen = inner, manifest, chosen

    @property
    def target(self) -> str:
        """Name of the target, such as "openvino" or "openvino:NPU"."""
        return self.inner.target

    @property
    def description(self) -> Mapping[str, Any]:
        """Runtime version, device, threads, and other settings for reports; "chosen" where the target was."""
        return {**self.inner.description, **({"chosen": self._chosen} if self._chosen else {})}

    def infer(self, patch: Patch) -> Patch:
        """Logits (N, K, D', H', W') of a patch (N, C, D, H, W), float32, before upsampling.

        Raises:
            GeometryError: The patch has another shape than the package's.
        """
        expected = (self.manifest.in_channels, *self.manifest.patch)
        given = np.shape(patch)
        if len(given) != 5 or given[1:] != expected:
            raise GeometryError(
                f"patch of shape {given}, expected (N, {', '.join(map(str, expected))})",
                where=self.target,
                remedy="cut patches of the package's size, as edge_sdk.segment does",
            )
        return self.inner.infer(patch)

    def close(self) -> None:
        """Give back what the runtime holds."""
        self.inner.close()
