"""What an artifact says about itself, so that a program can use it without the package's manifest."""

from __future__ import annotations

import json

from edge_sdk.packages.manifest import Manifest

UPSAMPLING = "trilinear, align_corners=False, to the patch's size; then argmax over the classes"


def artifact_fields(manifest: Manifest) -> dict[str, str]:
    """Name → text of the fields that an artifact's metadata hold; all but "name", "layout" and "upsampling" are JSON.

    Args:
        manifest: Manifest of the package.
    """
    dumped = manifest.model_dump(mode="json", by_alias=True)
    stated = {
        key: dumped[key] for key in ("patch", "spacing_mm", "orientation", "labels", "inference", "output_stride")
    }
    return {
        "name": manifest.name,
        "layout": "input (1, channel, z, y, x), output (1, class, z / stride, y / stride, x / stride), float32",
        "normalization": json.dumps(dumped["normalisation"]),
        **{key: json.dumps(value) for key, value in stated.items()},
        "upsampling": UPSAMPLING,
    }
