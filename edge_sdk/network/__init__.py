"""EfficientMedNeXt in torch; needs the `train` extra."""

from edge_sdk.network.efficient_mednext import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.published import load_published, published_outputs

__all__ = ["EfficientMedNeXt", "efficient_mednext", "load_published", "published_outputs"]
