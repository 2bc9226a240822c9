"""A target's session together with what the package says about the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.closing import Closing
from edge_sdk.errors import GeometryError
from edge_sdk.packages.manifest import Manifest
from edge_sdk.session import Patch, Session, SessionDescription


class PackageSession(Closing):
    """A session that knows its manifest; see `edge_sdk.session.Session`."""

    def __init__(self, inner: Session, manifest: Manifest, chosen: str | None = None) -> None:
        """
        Args:
            inner: The target's session; closed with this one.
            manifest: The package's manifest.
            chosen: How this target came to be chosen, where nobody named it.
        """
        self.inner, self.manifest, self._chosen = inner, manifest, chosen

    @property
    def target(self) -> str:
        """Name of the target, such as "openvino" or "openvino:NPU"."""
        return self.inner.target

    @property
    def description(self) -> SessionDescription:
        """The inner session's description, with how the target came to be chosen."""
        return replace(self.inner.description, chosen=self._chosen)

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
