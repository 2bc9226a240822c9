"""The whole simulation: anatomy, motion, frames, poses, labels and the configuration that PLUS would need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import RecipeError
from edge_sdk.progress import Progress
from edge_sdk.simulation.anatomy import SweptRegion, random_phantom
from edge_sdk.simulation.motion import SWEEP_LENGTH_MM, FreehandMotion, face_to_probe, freehand
from edge_sdk.simulation.phantom import LABEL_NAMES, Phantom
from edge_sdk.simulation.plus_xml import plus_configuration
from edge_sdk.simulation.probe import Probe, probe_named
from edge_sdk.simulation.scanner import DYNAMIC_RANGE_DB, FIELD_SPACING_MM, Scanner, Settings, echo_field
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.volume.grid import Grid, Volume

LABEL_SPACING_MM = 0.6
FIELD_MARGIN_MM = 1.5
# Where the swept region's middle lies in the Reference frame, mm: drawn between these corners.
ORIGIN_RANGE_MM = ((-40.0, 10.0, 60.0), (40.0, 60.0, 140.0))


@dataclass(frozen=True)
class Simulation:
    """A tracked sweep and the truth behind it.

    Attributes:
        sweep: Frames with ProbeToTracker, ReferenceToTracker and ImageToProbe.
        labels: uint8 labels in the Reference frame, over all that was swept, `LABEL_SPACING_MM` apart.
        label_names: Name of every label.
        plus_config_xml: PLUS configuration: ImageToProbe and VolumeReconstruction.
        phantom: The anatomy itself, from which labels can be had on any grid.
        motion: True and tracked poses.
    """

    sweep: Sweep
    labels: Volume
    label_names: dict[int, str]
    plus_config_xml: str
    phantom: Phantom
    motion: FreehandMotion


def simulate(
    *,
    frames: int = 120,
    anatomy: str = "vascular",
    seed: int = 0,
    probe: str = "convex",
    frame_rate: float = 25.0,
    gain_db: float = 0.0,
    dynamic_range_db: float = DYNAMIC_RANGE_DB,
    progress: Progress | None = None,
) -> Simulation:
    """Simulates one freehand sweep over a speckle phantom.

    The sweep is always `SWEEP_LENGTH_MM` long, so its speed is length · frame_rate / frames: by default about
    11 mm/s and 0.45 mm from frame to frame, which fills voxels of 0.6 mm.

    Args:
        frames: Number of frames, 2 or more.
        anatomy: "vascular" (branching vessel, cyst, lesion, reflector with shadow) or "cysts" (two cysts, two
            lesions).
        seed: Of everything random; on one machine the same seed gives the same sweep, bit for bit.
        probe: "convex" or "linear".
        frame_rate: Frames per second, for the time stamps.
        gain_db: Brightness of the machine.
        dynamic_range_db: Of the log compression.
        progress: Called with (frames done, frames, text).

    Raises:
        RecipeError: An unknown anatomy or probe, or a number out of range.
    """
    if frames < 2:
        raise RecipeError(f"a sweep of {frames} frames was asked for", remedy="take 2 frames or more")
    if not frame_rate > 0 or not dynamic_range_db > 0:
        raise RecipeError(f"frame rate {frame_rate} and dynamic range {dynamic_range_db} must both be more than 0")
    array = probe_named(probe)
    generator = np.random.default_rng([seed, 2])
    origin = generator.uniform(*np.array(ORIGIN_RANGE_MM))
    phantom = random_phantom(anatomy, SweptRegion(array, SWEEP_LENGTH_MM), origin, seed)
    motion = freehand(frames, origin, generator)

    low, high = _swept_box(array, motion)
    field = echo_field(phantom, _grid_over(low - FIELD_MARGIN_MM, high + FIELD_MARGIN_MM, FIELD_SPACING_MM))
    scanner = Scanner(field, array, Settings(gain_db, dynamic_range_db))
    images = np.empty((frames, *array.image_shape), np.uint8)
    for number, pose in enumerate(motion.face_to_world):
        images[number] = scanner.frame(pose)
        if progress is not None:
            progress(number + 1, frames, "simulating frames")

    image_to_probe = face_to_probe() @ array.image_to_face
    label_grid = _grid_over(low, high, (LABEL_SPACING_MM,) * 3)
    return Simulation(
        sweep=_sweep(images, motion, image_to_probe, frame_rate),
        labels=Volume(phantom.labels(label_grid), label_grid),
        label_names=dict(LABEL_NAMES),
        plus_config_xml=plus_configuration(array, image_to_probe),
        phantom=phantom,
        motion=motion,
    )


def labels_on(simulation: Simulation, grid: Grid) -> Volume:
    """The simulation's labels on any grid in the Reference frame, exact at every voxel center."""
    return Volume(simulation.phantom.labels(grid), grid)


def _swept_box(probe: Probe, motion: FreehandMotion) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the world-aligned box around all that the beams reach, mm."""
    starts, directions = probe.beam_rays()
    rim = np.concatenate([starts, starts + probe.depth * directions])
    points = rim @ motion.face_to_world[:, :3, :3].transpose(0, 2, 1) + motion.face_to_world[:, None, :3, 3]
    return points.min(axis=(0, 1)), points.max(axis=(0, 1))


def _grid_over(low: NDArray[np.float64], high: NDArray[np.float64], spacing: tuple[float, float, float]) -> Grid:
    size = np.ceil((high - low) / spacing).astype(int) + 1
    return Grid((int(size[2]), int(size[1]), int(size[0])), spacing, (float(low[0]), float(low[1]), float(low[2])))


def _sweep(
    images: NDArray[np.uint8], motion: FreehandMotion, image_to_probe: NDArray[np.float64], frame_rate: float
) -> Sweep:
    count = len(images)
    status = (OK,) * count
    timestamps = np.arange(count) / frame_rate
    matrices = {
        "ProbeToTracker": motion.probe_to_tracker,
        "ReferenceToTracker": motion.reference_to_tracker,
        "ImageToProbe": np.repeat(image_to_probe[None], count, axis=0),
    }
    return Sweep(
        images=images,
        timestamps=timestamps,
        transforms={name: TrackedTransform(matrix, status) for name, matrix in matrices.items()},
        image_status=status,
        fields=tuple({"FrameNumber": str(n), "UnfilteredTimestamp": f"{t:.6f}"} for n, t in enumerate(timestamps)),
        header={"UltrasoundImageOrientation": "MF", "UltrasoundImageType": "BRIGHTNESS"},
    )
