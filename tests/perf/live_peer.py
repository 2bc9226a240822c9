"""The peer, which waits for the sweep's end: reconstruct, then MONAI's sliding window with the network as published.

A process that has read the sweep and warmed up; every line on stdin is one measurement, answered by a JSON line. What a
person would also wait for is left out in the peer's favor: reading files, loading the network, compiling.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from tests.perf.exports import ROOT
from tests.perf.live_cases import cases


def published(manifest: Any, checkpoint: Path | None) -> Any:
    """The published form of the package's variant and width, with logits at full resolution as MONAI expects them."""
    import torch
    from torch import nn

    from edge_sdk.network import efficient_mednext, load_published

    torch.manual_seed(0)
    described = manifest.recipe["network"]
    network = efficient_mednext(
        described["variant"], manifest.in_channels, len(manifest.labels), described["width"], described["decoder_width"]
    )
    if checkpoint is not None:
        load_published(network, checkpoint)
    upsample = nn.Upsample(scale_factor=manifest.output_stride, mode="trilinear", align_corners=False)
    return nn.Sequential(network, upsample).eval()


def serve(name: str, overlap: float, threads: int, work: Path, answers: TextIO) -> None:
    """Get ready, then answer until stdin ends."""
    import torch
    from monai.inferers import sliding_window_inference

    from apps.benchmark.denormals import flush_denormals
    from apps.inputs import read_configs
    from apps.report.memory import peak_rss_mb
    from edge_sdk import load_package, read_sweep
    from edge_sdk.volume.reconstruct import reconstruct
    from edge_sdk.volume.settings import ReconstructionSettings

    flush_denormals()
    torch.set_num_threads(threads)
    case = next(case for case in cases(work) if case.name == name)
    sweep, config = read_sweep(case.sweep), read_configs(case.config)
    with load_package(case.package) as package:
        manifest = package.manifest
    settings = None if config and config.reconstruction else ReconstructionSettings(spacing=manifest.spacing_mm)
    network = published(manifest, case.checkpoint)

    def segmented(voxels: Any) -> Any:
        patches = torch.from_numpy((voxels[None, None] - np.float32(shift)) / np.float32(scale))
        with torch.inference_mode():
            logits = sliding_window_inference(patches, manifest.patch, 1, network, overlap=overlap)
            return logits.argmax(1)[0].to(torch.uint8).numpy()

    shift, scale = manifest.normalization.shift, manifest.normalization.scale
    volume = reconstruct(sweep, config=config, settings=settings, threads=threads)
    if not np.allclose(volume.grid.spacing, manifest.spacing_mm):
        raise ValueError(f"the volume has {volume.grid.spacing} mm, the package {manifest.spacing_mm}")
    segmented(np.zeros(manifest.patch, np.uint8))

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    answer(
        weights="random" if case.checkpoint is None else case.checkpoint.name,
        parameters=sum(each.numel() for each in network.parameters()),
        volume={"shape": list(volume.voxels.shape), "sum": int(volume.voxels.sum(dtype=int))},
    )
    for _ in sys.stdin:
        start = time.perf_counter()
        volume = reconstruct(sweep, config=config, settings=settings, threads=threads)
        middle = time.perf_counter()
        segmented(volume.voxels)
        end = time.perf_counter()
        answer(reconstruct_s=middle - start, inference_s=end - middle, wait_s=end - start, peak_rss_mb=peak_rss_mb())


def main(name: str, overlap: str, threads: str, work: str = str(ROOT / "build" / "perf")) -> None:
    """Serve; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(name, float(overlap), int(threads), Path(work), answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
