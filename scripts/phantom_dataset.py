"""Writes simulated, labeled volumes for training: DIR/images and DIR/labels, case_NNN.nii.gz in each.

Voxels that no beam of any frame reached are labeled background, since a network cannot know what is there.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from edge_sdk.files import atomic_path
from edge_sdk.simulation.dataset import random_case
from edge_sdk.simulation.phantom import LABEL_NAMES
from edge_sdk.volume.files import write_volume


def write_case(folder: Path, number: int, seed: int, spacing: float) -> dict[str, float]:
    """Makes one case; returns the milliliters of every label."""
    cv2.setNumThreads(1)
    volume, labels = random_case(seed, spacing)
    write_volume(volume, folder / "images" / f"case_{number:03d}.nii.gz")
    write_volume(labels, folder / "labels" / f"case_{number:03d}.nii.gz")
    counts = np.bincount(labels.voxels.ravel(), minlength=len(LABEL_NAMES))
    return {name: round(float(counts[value]) * labels.grid.voxel_ml, 3) for value, name in LABEL_NAMES.items()}


def main() -> None:
    """Parses the command line and makes all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1000, help="of the first case; the others follow")
    parser.add_argument("--spacing", type=float, default=0.6, help="mm per voxel")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    for name in ("images", "labels"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    written = {}
    # Not fork: numba and OpenCV hold threads.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        jobs = {
            pool.submit(write_case, options.out, n, options.seed + n, options.spacing): n for n in range(options.cases)
        }
        for job in track(as_completed(jobs), total=len(jobs), description="simulating"):
            written[f"case_{jobs[job]:03d}"] = {"seed": options.seed + jobs[job], "ml": job.result()}
    with atomic_path(options.out / "dataset.json") as path:
        about = {
            "labels": {str(value): name for value, name in LABEL_NAMES.items()},
            "spacing_mm": options.spacing,
            "orientation": "none",
            "cases": dict(sorted(written.items())),
        }
        Path(path).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
