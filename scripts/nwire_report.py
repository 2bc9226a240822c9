"""Dice and centerline distance of a wire model on the held-out sweep of scripts/nwire_dataset.py.

The centerline of the segmentation is the centroid of every connected piece in every slice across the wires, which all
cross the slices steeply. Distances are in mm, to the straight wires of the phantom's drawing: "as registered" is fCal's
own registration, "aligned" the same wires after the one translation that fCal's points in this sweep ask for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_sdk import load_package, read_volume, segment
from edge_sdk.metrics import dice_per_class
from edge_sdk.volume.grid import Volume

Points = NDArray[np.float64]
PIXELS_AT_LEAST = 3


def slice_centroids(mask: Volume, axis: int) -> Points:
    """World positions (M, 3) of the connected pieces in every slice across `axis` (0: z, 1: y, 2: x)."""
    found: list[list[float]] = []
    for position in range(mask.voxels.shape[axis]):
        plane = np.ascontiguousarray(mask.voxels.take(position, axis) == 1).astype(np.uint8)
        _, _, stats, centers = cv2.connectedComponentsWithStats(plane, connectivity=8)
        for stat, (column, row) in zip(stats[1:], centers[1:], strict=True):
            if stat[cv2.CC_STAT_AREA] >= PIXELS_AT_LEAST:
                index = [float(row), float(column)]
                index.insert(axis, float(position))
                found.append(index[::-1])
    points = np.array(found).reshape(-1, 3)
    matrix = mask.grid.index_to_world
    world: Points = points @ matrix[:3, :3].T + matrix[:3, 3]
    return world


def nearest(points: Points, others: Points) -> Points:
    """Distance (M,) of every point to the nearest of `others`."""
    distances = [np.linalg.norm(others - point, axis=1).min() for point in points]
    return np.array(distances)


def wire_axis(lines: dict[str, list[list[float]]]) -> int:
    """The array axis that the wires follow most closely."""
    along = sum(np.abs(np.subtract(line[-1], line[0])) for line in lines.values() if len(line) > 1)
    return 2 - int(np.argmax(along))


def segment_with_published(run: Path, image: Volume) -> Volume:
    """The mask of the network that a run of training or compression holds, not compressed."""
    from edge_sdk.network.module_session import ModuleSession
    from quantization.draft_manifest import draft_manifest
    from quantization.forms import published_network
    from quantization.run_folder import RunFolder

    folder = RunFolder(run)
    manifest = draft_manifest(folder.recipe, name=run.name, precision={"torch": "fp32"}, cases=1)
    with ModuleSession(published_network(folder)) as session:
        return segment(session, image, manifest)


def main() -> None:
    """Segment the held-out volume and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--package", type=Path)
    model.add_argument("--published-form-of", type=Path, metavar="RUN", help="before compression: a run's checkpoint")
    parser.add_argument("--heldout", type=Path, required=True, help="heldout folder of scripts/nwire_dataset.py")
    parser.add_argument("--target", default="auto")
    options = parser.parse_args()
    image = read_volume(options.heldout / "images" / "validation.nii.gz")
    if options.package is None:
        mask, report = segment_with_published(options.published_form_of, image), {"target": "torch, published form"}
    else:
        with load_package(options.package) as package, package.open(options.target) as session:
            mask, report = segment(session, image), {"target": session.target}
    for name, suffix in {"as registered": "", "aligned": "_aligned"}.items():
        labels = read_volume(options.heldout / f"labels{suffix}" / "validation.nii.gz")
        lines = json.loads((options.heldout / f"centerlines{suffix}" / "validation.json").read_text())
        truth = np.array([point for line in lines.values() for point in line])
        found = slice_centroids(mask, wire_axis(lines))
        to_wire, to_mask = nearest(found, truth), nearest(truth, found)
        report[name] = {
            "dice": dice_per_class(mask.voxels, labels.voxels, [1])[1],
            "found_to_wire_mm": {"mean": to_wire.mean(), "p95": np.percentile(to_wire, 95)},
            "wire_to_found_mm": {"mean": to_mask.mean(), "p95": np.percentile(to_mask, 95)},
            "wire_found_within_1mm": float((to_mask <= 1).mean()),
        }
    print(json.dumps(report, indent=2, default=float))


if __name__ == "__main__":
    main()
