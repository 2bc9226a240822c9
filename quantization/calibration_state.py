"""What an interrupted calibration keeps on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path
from edge_sdk.graph import Conv, Graph, Quantize
from edge_sdk.packages.manifest import Normalization
from quantization.recipe import QuantizeRecipe
from quantization.records.int8 import QuantizedFormRow
from quantization.sensitivity import LayerDamage


class CalibrationState(BaseModel):
    """The state after some steps.

    Attributes:
        made_from: `calibration_digest` of what is calibrated.
        ranges: Quantized tensor to its grid.
        layers: Sensitivity of the layers that were measured.
        float_layers: The layers that stay float; None before they are chosen.
        forms: The forms that were measured to choose them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_from: str
    ranges: dict[str, Quantize]
    layers: list[LayerDamage]
    float_layers: list[str] | None
    forms: list[QuantizedFormRow]

    @classmethod
    def read(cls, path: Path, made_from: str) -> CalibrationState | None:
        """The state in a file; None where there is no file.

        Raises:
            TrainingError: The file is damaged, or holds another calibration.
        """
        if not path.is_file():
            return None
        try:
            state = cls.model_validate(json.loads(path.read_text()))
        except ValueError as cause:
            raise TrainingError(
                f"the interrupted calibration cannot be read ({type(cause).__name__})",
                where=path,
                remedy="delete this file to calibrate again",
            ) from cause
        if state.made_from != made_from:
            raise TrainingError(
                "holds the calibration of another network, other patches or another recipe",
                where=path,
                remedy="delete this file to calibrate again, or use another output folder",
            )
        return state

    def write(self, path: Path) -> None:
        """Write the file."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(self.model_dump(mode="json")) + "\n")


def calibration_digest(
    graph: Graph, patches: NDArray[np.float32], plan: QuantizeRecipe, normalization: Normalization
) -> str:
    """SHA-256 of everything that a calibration depends on.

    Args:
        graph: Float deploy form.
        patches: (M, C, D, H, W) normalized calibration patches.
        plan: The recipe's section.
        normalization: Normalization of the patches.
    """
    digest = hashlib.sha256(plan.model_dump_json().encode() + normalization.model_dump_json().encode())
    for node in graph:
        digest.update(f"{type(node).__name__} {node.name} {node.inputs}".encode())
        if isinstance(node, Conv):
            digest.update(node.weight.tobytes() + node.bias.tobytes())
    digest.update(np.ascontiguousarray(patches).tobytes())
    return digest.hexdigest()
