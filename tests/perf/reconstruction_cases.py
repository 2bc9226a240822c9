"""What is reconstructed: the frames, and the ways to insert them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.extent import grid_for
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.settings import HoleFilling, ReconstructionSettings
from tests.perf.exports import ROOT

SHAPE = (616, 820)
SPACING_MM = 0.5
SONIX_TRUS = ClipRegion((192, 16), (420, 580), Fan((-45.0, 45.0), (380.0, 20.0), (120.0, 360.0)))
"""Of PLUS's SonixRP_TRUS_D70mm configuration, for where that file is absent."""
STICK = (HoleFilling("STICK", stick_length=9, sticks=1),)


@dataclass(frozen=True)
class Case:
    """One way to insert frames.

    Attributes:
        name: In the report.
        settings: For the compounder; spacing, clip and holes do not count.
        fan: Only the pixels of the fan.
        plus_ms: Published milliseconds of PLUS's own C++ on one and two threads, or None where none is published.
    """

    name: str
    settings: ReconstructionSettings
    fan: bool
    plus_ms: tuple[float, float] | None = None


def cases() -> list[Case]:
    """Nearest and linear, in every mode, over all pixels and over the fan; PLUS's mean also in its own arithmetic."""
    # Frames per second on one and two threads, read off PLUS built with -O3 on a machine of this kind.
    published = {
        ("nearest", "mean", False): (216, 284), ("nearest", "maximum", False): (189, 350),
        ("linear", "mean", False): (23, 46), ("linear", "maximum", False): (25, 48),
        ("nearest", "mean", True): (876, 1289), ("linear", "mean", True): (121, 159),
    }  # fmt: skip
    found = []
    for fan in (False, True):
        for interpolation in ("nearest", "linear"):
            for compounding, mean in (("mean", "plus"), ("mean", "true"), ("maximum", "plus"), ("latest", "plus")):
                rate = published.get((interpolation, compounding, fan)) if mean == "plus" else None
                settings = ReconstructionSettings(
                    spacing=(SPACING_MM,) * 3,
                    interpolation=interpolation,
                    compounding=compounding,
                    mean=mean,
                    plus_optimization="FULL" if mean == "plus" else None,
                )
                kind = f" ({mean})" if compounding == "mean" else ""
                plus = None if rate is None else (1000 / rate[0], 1000 / rate[1])
                found.append(Case(f"{interpolation} {compounding}{kind}{', fan' if fan else ''}", settings, fan, plus))
    return found


@dataclass(frozen=True)
class Frames:
    """Frames with poses, the volume that holds them, and the fan.

    Attributes:
        images: (N, 616, 820) uint8.
        poses: (N, 4, 4) pixel to mm.
        fan: The fan to clip with.
        golden: Settings of the NN_MEAN reference with its hole filling; spacing 0.5 mm.
        source: What they are, for the report.
    """

    images: NDArray[np.uint8]
    poses: NDArray[np.float64]
    fan: ClipRegion
    golden: ReconstructionSettings
    source: str

    def grid(self, clip: ClipRegion | None) -> Grid:
        """Around all frames at 0.5 mm."""
        return grid_for(self.poses, SHAPE, SPACING_MM, clip=clip)

    def settings(self, case: Case) -> ReconstructionSettings:
        """Of a case, clipped as it says."""
        return replace(case.settings, clip=self.fan if case.fan else None)


def frames() -> Frames:
    """The freehand sweep of the spine phantom with PLUS's configurations; simulated frames where they are absent."""
    folder = Path(os.environ.get("EDGE_SDK_DATA", ROOT.parent / "shared" / "data")) / "plus_golden"
    if (folder / "SpinePhantomFreehand.igs.mha").is_file():
        return _recorded(folder)
    return _simulated()


def _recorded(folder: Path) -> Frames:
    from edge_sdk import read_sweep

    sweep = read_sweep(folder / "SpinePhantomFreehand.igs.mha")
    nearest = read_plus_config(folder / "Config_VolumeReconstruction_SpinePhantom_NN_MEAN.xml")
    trus = read_plus_config(folder / "Config_VolumeReconstruction_SonixRP_TRUS_D70mm_LN_MEAN.xml").reconstruction
    assert nearest.reconstruction is not None
    assert trus is not None
    assert trus.clip is not None
    return Frames(
        sweep.images,
        image_to_world(sweep, config=nearest).matrices,
        trus.clip,
        nearest.reconstruction,
        f"SpinePhantomFreehand of IGSIO: {len(sweep)} recorded frames and poses; fan of SonixRP_TRUS_D70mm_LN_MEAN",
    )


def _simulated(count: int = 21) -> Frames:
    import cv2

    from edge_sdk.simulation.simulate import simulate

    sweep = simulate(frames=count, seed=1).sweep
    poses = image_to_world(sweep).matrices
    images: Sequence[Any] = [cv2.resize(image, SHAPE[::-1], interpolation=cv2.INTER_LINEAR) for image in sweep.images]
    shrink = np.diag([sweep.images.shape[2] / SHAPE[1], sweep.images.shape[1] / SHAPE[0], 1.0, 1.0])
    golden = ReconstructionSettings((SPACING_MM,) * 3, None, None, None, "nearest", "mean", "plus", "FULL")
    return Frames(
        np.stack(images),
        poses @ shrink,
        SONIX_TRUS,
        replace(golden, fill_holes=STICK),
        f"{count} simulated frames enlarged to 820×616, as the recorded ones are not here: not comparable with PLUS's",
    )
