"""Streaming real recordings: the volume is PLUS's own, and the mask is `segment`'s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.work.outcome import FinishedSweep
from edge_sdk.closing import Closing
from edge_sdk.inference.segment import segment
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.packages.manifest import Manifest, Normalization, TrainingData
from edge_sdk.session import SessionDescription
from edge_sdk.sweep.formats import read_sweep
from edge_sdk.sweep.plus_config import read_plus_config
from tests.apps.stream.replaying import run_stream

pytestmark = pytest.mark.real

CASES = [
    ("Config_VolumeReconstruction_SpinePhantom_NN_MEAN.xml", "VolumeReconstructorTestNNMEANvolumeRef.mha"),
    ("Config_VolumeReconstruction_SpinePhantom_LN_MAXI.xml", "VolumeReconstructorTestLNMAXIvolumeRef.mha"),
    ("Config_VolumeReconstruction_SonixRP_TRUS_D70mm_LN_MEAN.xml", "VolumeReconstructorTestLNMEANvolumeRef.mha"),
]


class Brightness(Closing):
    """A network that labels by brightness relative to the patch."""

    target = "brightness"
    description = SessionDescription("brightness")

    def infer(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        coarse = patch[:, :, ::2, ::2, ::2]
        return np.concatenate([np.full_like(coarse, patch.mean()), coarse], 1)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(("config", "reference"), CASES)
@pytest.mark.parametrize("spacing", [0.5, 0.8])
def test_the_streamed_volume_is_plus_own(real_data: Path, config: str, reference: str, spacing: float) -> None:
    folder = real_data / "plus_golden"
    manifest = Manifest(
        name="brightness",
        variant="S",
        labels={0: "background", 1: "bright"},
        patch=(48, 48, 48),
        spacing_mm=(spacing,) * 3,
        normalization=Normalization(scale=255),
        precision={"openvino": "fp32"},
        training_data=TrainingData(name="none", license="none", cases=0),
    )
    session = Brightness()
    plan = plan_volume(
        read_sweep(folder / "SpinePhantomFreehand.igs.mha"), read_plus_config(folder / config), manifest.spacing_mm
    )
    outcome = run_stream(plan, Pacing(rate=4), VolumeSegmenter(session, manifest), manifest.spacing_mm)
    assert isinstance(outcome, FinishedSweep)
    assert outcome.frames.inserted == 21
    assert outcome.frames.dropped == 0
    plus = SimpleITK.ReadImage(str(folder / reference))
    assert outcome.volume.grid.shape[::-1] == plus.GetSize()
    assert outcome.volume.grid.origin == pytest.approx(plus.GetOrigin(), abs=1e-3)
    assert np.array_equal(outcome.volume.voxels, SimpleITK.GetArrayFromImage(plus))
    assert outcome.mask.voxels.any()
    assert np.array_equal(outcome.mask.voxels, segment(session, outcome.volume, manifest).voxels)
