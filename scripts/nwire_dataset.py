"""Makes labeled volumes of a real wire phantom from fCal's recordings.

OUT/train and OUT/heldout have images/ and labels/ as `edge-sdk train` reads them, and centerlines/ with points on the
wires in mm. Training cases come from the calibration sweep (whole, and every second frame, even and odd); the held-out
case is the validation sweep, which neither the network nor ImageToProbe has seen. Labels are the phantom's wires,
rasterized; voxels that no frame reached are background.

In the validation sweep the phantom's registration is off by more than half a millimeter, as fCal's own segmented points
show. So heldout also has labels_aligned/ and centerlines_aligned/: the same wires moved by the one translation that
brings them closest to those points.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk import read_sweep, write_volume
from edge_sdk.files import atomic_path
from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config, read_xml
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.transforms import TransformGraph
from edge_sdk.sweep.wire_phantom import WireInWorld, rasterize_wires, wires_in_world
from edge_sdk.volume.grid import Volume
from edge_sdk.volume.reconstruct import compound
from edge_sdk.volume.settings import ReconstructionSettings

CONFIGURATION = "PlusDeviceSet_fCal_Sim_SpatialCalibration_1.2.xml"
RESULT = "FreehandCalibration3NWires.results.xml"
TRAINING, HELD_OUT = "fCal_Test_Calibration_3NWires.igs.mha", "fCal_Test_Validation_3NWires.igs.mha"
CENTERLINE_STEP_MM = 0.25
Wires = Sequence[WireInWorld]
Shift = NDArray[np.float64] | None


class Options(argparse.Namespace):
    """The command line."""

    data: Path
    out: Path
    spacing: float
    radius: float


def segmented_points(config: PlusConfig, result: Path, part: str) -> dict[str, NDArray[np.float64]]:
    """The points (M, 3) that fCal segmented in `part` of its result, by wire, in mm in Reference."""
    graph = TransformGraph(config.transforms)
    points: dict[str, list[NDArray[np.float64]]] = {}
    for frame in read_xml(result).iterfind(f".//{part}/Frame"):
        fields = {field.get("Name"): field.get("Value", "") for field in frame.iter("CustomFrameField")}
        for name in ("ProbeToTracker", "ReferenceToTracker"):
            graph.add(name, np.array(fields[f"{name}Transform"].split(), np.float64).reshape(4, 4))
        pose = graph.resolve("Image", "Reference")
        for point in frame.iterfind("SegmentedPoints/Point"):
            pixel = np.array([*point.get("Position", "").split(), 1], np.float64)
            points.setdefault(point.get("WireName", ""), []).append((pose @ pixel)[:3])
    return {name: np.array(values) for name, values in points.items()}


def check_geometry(wires: Wires, points: dict[str, NDArray[np.float64]], what: str) -> None:
    """Print how far segmented points lie from the wires they belong to."""
    distances = np.concatenate([wire.distance(points[wire.name]) for wire in wires if wire.name in points])
    print(
        f"{what}: {len(distances)} segmented points lie {distances.mean():.2f} mm from their wire in the mean, "
        f"95th percentile {np.percentile(distances, 95):.2f} mm"
    )


def shift_to(wires: Wires, points: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The translation (3,) in mm that brings the wires closest to the points, in the least-squares sense."""
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for wire in wires:
        along = (wire.back - wire.front) / np.linalg.norm(wire.back - wire.front)
        across = np.eye(3) - np.outer(along, along)
        normal += across * len(points[wire.name])
        right += across @ wire.offset(points[wire.name]).sum(0)
    return np.linalg.solve(normal, right).astype(np.float64)


def every(sweep: Sweep, step: int, start: int) -> Sweep:
    """The sweep with only every `step`-th image from `start` on marked as usable."""
    given = enumerate(sweep.image_status)
    return replace(
        sweep, image_status=tuple(status if index % step == start else "NOT_SELECTED" for index, status in given)
    )


def write_case(folder: Path, name: str, sweep: Sweep, config: PlusConfig, options: Options, shift: Shift) -> None:
    """Write image, label and centerlines of one case and print what it holds."""
    compounder, summary = compound(sweep, config=config, settings=ReconstructionSettings((options.spacing,) * 3))
    grid, hit = compounder.grid, compounder.hit()
    write_volume(Volume(compounder.voxels(), grid), folder / "images" / f"{name}.nii.gz")
    for place, move in {"": np.zeros(3), "_aligned": shift}.items():
        if move is None:
            continue
        wires = [wire.moved(move) for wire in wires_in_world(config)]
        labels = rasterize_wires(wires, grid, options.radius)
        labels = labels.with_voxels(labels.voxels * hit)
        write_volume(labels, folder / f"labels{place}" / f"{name}.nii.gz")
        lines = {wire.name: seen(wire, grid.index_to_world, hit).round(3).tolist() for wire in wires}
        with atomic_path(folder / f"centerlines{place}" / f"{name}.json") as path:
            path.write_text(json.dumps(lines) + "\n", encoding="utf-8")
        length = sum(len(points) for points in lines.values()) * CENTERLINE_STEP_MM
        print(
            f"{folder.name}/labels{place}/{name}: {'×'.join(map(str, hit.shape[::-1]))} voxels, "
            f"{summary.frames_inserted} frames, {hit.mean():.1%} of the volume reached, "
            f"{labels.voxels.mean():.2%} wire, {length:.0f} mm of wire seen"
        )


def seen(wire: WireInWorld, index_to_world: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Points of the wire (M, 3) in mm that lie in voxels which a frame reached."""
    points = wire.centerline(CENTERLINE_STEP_MM)
    world_to_index = np.linalg.inv(index_to_world)
    index = np.rint(points @ world_to_index[:3, :3].T + world_to_index[:3, 3]).astype(int)
    inside = ((index >= 0) & (index < hit.shape[::-1])).all(1)
    inside[inside] = hit[tuple(index[inside, ::-1].T)]
    visible: NDArray[np.float64] = points[inside]
    return visible


def main() -> None:
    """Parse the command line, check the geometry and write all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the fCal recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--spacing", type=float, default=0.5, help="mm per voxel")
    parser.add_argument("--radius", type=float, default=1.0, help="mm around a wire's centerline that are labeled")
    options = parser.parse_args(namespace=Options())
    phantom = read_plus_config(options.data / CONFIGURATION)
    result = options.data / RESULT
    config = replace(phantom, transforms=phantom.transforms | read_plus_config(result).transforms)
    wires = wires_in_world(config)
    check_geometry(wires, segmented_points(config, result, "CalibrationData"), "calibration sweep")
    held_out_points = segmented_points(config, result, "ValidationData")
    check_geometry(wires, held_out_points, "validation sweep")
    shift = shift_to(wires, held_out_points)
    aligned = tuple(wire.moved(shift) for wire in wires)
    check_geometry(aligned, held_out_points, f"validation sweep, wires moved by {shift.round(2).tolist()} mm")
    training = read_sweep(options.data / TRAINING)
    cases = {"whole": training, "even": every(training, 2, 0), "odd": every(training, 2, 1)}
    for name, sweep in cases.items():
        write_case(options.out / "train", name, sweep, config, options, None)
    held_out = read_sweep(options.data / HELD_OUT)
    write_case(options.out / "heldout", "validation", held_out, config, options, shift)


if __name__ == "__main__":
    main()
