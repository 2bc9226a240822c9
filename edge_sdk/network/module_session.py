"""A torch module as a session, so that references are evaluated through the same path as every target."""

from __future__ import annotations

import torch
from torch import nn

from edge_sdk.closing import Closing
from edge_sdk.session import Patch, SessionDescription


class ModuleSession(Closing):
    """Runs a module that maps (N, C, D, H, W) to logits; implements `edge_sdk.session.Session`."""

    target = "torch"

    def __init__(self, module: nn.Module) -> None:
        self._module = module.eval()

    @property
    def description(self) -> SessionDescription:
        """torch's version and threads."""
        return SessionDescription(f"torch {torch.__version__}", threads=torch.get_num_threads())

    @torch.inference_mode()
    def infer(self, patch: Patch) -> Patch:
        """Logits of a patch."""
        weights = next(self._module.parameters(), None)
        given = torch.from_numpy(patch).to("cpu" if weights is None else weights.device)
        logits: Patch = self._module(given).float().cpu().numpy()
        return logits

    def close(self) -> None:
        """Nothing to give back."""
