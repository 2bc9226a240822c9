"""A session on ExecuTorch's runtime."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Not `portable_lib`, which wraps it: that one imports the whole exporter, 4 s and pages of warnings.
from executorch.extension.pybindings import _portable_lib as portable_lib

from edge_sdk.errors import TargetError
from edge_sdk.quiet import without_stderr_lines
from edge_sdk.session import Patch, SessionDescription
from targets.base import BaseSession, reason, require_artifact
from targets.executorch.devices import FULL_NAME


class ExecuTorchSession(BaseSession):
    """See `edge_sdk.session.Session`. The thread pool belongs to the process: the last session opened sizes it."""

    target = "executorch"

    def __init__(self, artifact: Path, *, precision: str, threads: int | None = None) -> None:
        require_artifact(artifact, self.target)
        # The thread pool is made at its first use, and its makers log how they count the CPU's cores.
        with without_stderr_lines("[cpuinfo_utils.cpp", "[threadpool.cpp"):
            portable_lib._threadpool_get_thread_count()
            if threads is not None:
                portable_lib._unsafe_reset_threadpool(threads)
        # The module does not keep the buffer that it runs from: hold it as long as the module.
        self._buffer = artifact.read_bytes()
        try:
            self._module: Any = portable_lib._load_for_executorch_from_buffer(self._buffer)
            sizes = self._module.method_meta("forward").input_tensor_meta(0).sizes()
        except RuntimeError as cause:
            raise TargetError(
                f"ExecuTorch cannot load it ({reason(cause)})",
                where=artifact,
                remedy="export the package again with this ExecuTorch version",
            ) from cause
        depth, height, width, channels = (int(size) for size in sizes)
        super().__init__(
            (1, channels, depth, height, width),
            SessionDescription(
                f"executorch {importlib.metadata.version('executorch')}",
                device=FULL_NAME,
                precision=precision,
                threads=int(portable_lib._threadpool_get_thread_count()),
            ),
        )

    def _run(self, patch: Patch) -> Patch:
        # (1, C, D, H, W) → (D, H, W, C), the program's order, and back
        planes = np.ascontiguousarray(patch[0].transpose(1, 2, 3, 0))
        (logits,) = self._module.run_method("forward", (torch.from_numpy(planes),))
        return np.ascontiguousarray(logits.numpy().transpose(3, 0, 1, 2))[None]

    def _release(self) -> None:
        self._module = None
        self._buffer = b""


open_session = ExecuTorchSession
