"""Shapes of every tensor for one patch size."""

from __future__ import annotations

from edge_sdk.errors import GeometryError
from edge_sdk.graph import Concat, Conv, Graph, Input, Interleave, PadStart, Triple
from targets.lowering.planes import Planes

Shape = tuple[int, int, int, int, int]


def tensor_shapes(graph: Graph, patch_shape: Triple) -> dict[str, Shape]:
    """Name → (N, C, D, H, W) of its output, for one patch of `patch_shape` (D, H, W).

    Raises:
        GeometryError: The patch is not a multiple of what the network needs.
    """
    if any(size < 1 or size % graph.patch_multiple for size in patch_shape):
        raise GeometryError(
            f"patch {patch_shape} (D, H, W) given, multiples of {graph.patch_multiple} expected",
            remedy="choose such a patch size",
        )
    shapes: dict[str, Shape] = {}
    for node in graph:
        if isinstance(node, Input):
            shapes[node.name] = (1, node.channels, *patch_shape)
            continue
        n, c, *size = shapes[node.inputs[0]]
        match node:
            case Conv():
                c = node.weight.shape[0]
                size = [convolved(node, axis, extent) for axis, extent in enumerate(size)]
            case Concat():
                c = sum(shapes[name][1] for name in node.inputs)
            case PadStart():
                size = [extent + before for extent, before in zip(size, node.before, strict=True)]
            case Interleave():
                size = [2 * extent for extent in size]
            case Planes():
                size[0] = node.count
        shapes[node.name] = (n, c, size[0], size[1], size[2])
    return shapes


def convolved(conv: Conv, axis: int, extent: int) -> int:
    """Extent of the output along an axis (0: D, 1: H, 2: W) whose input has this one."""
    reach = conv.dilation[axis] * (conv.weight.shape[2 + axis] - 1)
    return int((extent + 2 * conv.padding[axis] - reach - 1) // conv.stride[axis] + 1)
