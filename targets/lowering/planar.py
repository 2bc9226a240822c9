"""3D convolutions as 2D ones, for engines that have no others.

The planes along D become the batch of a 2D convolution. A kernel of depth k is k convolutions of depth 1, each on
planes shifted by its place in the kernel, and their sum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.graph import Add, Conv, Graph, Node, Triple
from targets.lowering.planes import Planes
from targets.lowering.shapes import tensor_shapes


def planar(graph: Graph, patch_shape: Triple) -> Graph:
    """Every convolution of depth or depth stride above 1 replaced by `Planes`, convolutions of depth 1, and sums.

    Exact but for the order of the sums. The weight integers and scales stay those of the whole convolution.
    """
    shapes = tensor_shapes(graph, patch_shape)
    nodes: list[Node] = []
    shifted: dict[tuple[str, int, int, int], str] = {}
    for node in graph:
        if isinstance(node, Conv) and (node.weight.shape[2] > 1 or node.stride[0] > 1 or node.padding[0]):
            nodes += _split(node, shapes[node.inputs[0]][2], shapes[node.name][2], shifted)
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _split(conv: Conv, planes_in: int, planes_out: int, shifted: dict[tuple[str, int, int, int], str]) -> list[Node]:
    """The nodes in place of `conv`; `shifted` knows the `Planes` that earlier convolutions made."""
    depth = conv.weight.shape[2]
    # From the ends of the kernel to its middle: what is rounded twice is the small part of the sum.
    order = sorted(range(depth), key=lambda tap: -abs(tap - (depth - 1) / 2))
    firsts = {tap: tap * conv.dilation[0] - conv.padding[0] for tap in order}
    step = conv.stride[0]
    # Outer planes of a dilated kernel may meet nothing but padding.
    order = [tap for tap in order if _meets(firsts[tap], step, planes_in, planes_out)]
    nodes: list[Node] = []
    total = ""
    for place, tap in enumerate(order):
        last = place == len(order) - 1
        (source,) = conv.inputs
        first = firsts[tap]
        if (first, step, planes_out) != (0, 1, planes_in):
            key = (source, first, step, planes_out)
            if key not in shifted:
                shifted[key] = f"{conv.name}.planes{tap}"
                nodes.append(Planes(name=shifted[key], inputs=conv.inputs, first=first, step=step, count=planes_out))
            source = shifted[key]
        part = conv.name if len(order) == 1 else f"{conv.name}.tap{tap}"
        nodes.append(
            replace(
                conv,
                name=part,
                inputs=(source,),
                weight=np.ascontiguousarray(conv.weight[:, :, tap : tap + 1]),
                bias=conv.bias if last else np.zeros_like(conv.bias),
                stride=(1, *conv.stride[1:]),
                padding=(0, *conv.padding[1:]),
                dilation=(1, *conv.dilation[1:]),
            )
        )
        if total:
            name = conv.name if last else f"{conv.name}.sum{tap}"
            nodes.append(Add(name=name, inputs=(total, part)))
            total = name
        else:
            total = part
    return nodes


def _meets(first: int, step: int, planes_in: int, planes_out: int) -> bool:
    """Whether any of `planes_out` planes, from `first` on, is one of `planes_in`."""
    return any(0 <= first + step * index < planes_in for index in range(planes_out))
