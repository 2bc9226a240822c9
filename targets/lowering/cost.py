"""What a deploy graph asks of a machine: multiplications, and bytes between operators.

An engine that fuses well is assumed: activations, grids and sums after a convolution cost no passes of their own, so a
convolution reads its input, its weights and what is added to it, and writes once, in 1 byte for each value on a grid
and 4 for each float. Copies (joining, padding, interleaving) read and write everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from edge_sdk.graph import (
    Activation,
    Add,
    Conv,
    Copy,
    Graph,
    Input,
    Node,
    Quantize,
    Triple,
)
from targets.lowering.consumers import consumers
from targets.lowering.shapes import tensor_shapes

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Cost:
    """One operator with what is fused into it.

    Attributes:
        stage: Part of the network, such as "enc_block_0".
        macs: Multiply-accumulates.
        moved_bytes: Read and written.
        integer: Whether it multiplies 8-bit integers.
    """

    stage: str
    macs: int
    moved_bytes: int
    integer: bool


def stage_of(name: str) -> str:
    """The part of the network that an operator of this name belongs to."""
    return name.replace("/", ".").split(".")[0]


def operator_costs(graph: Graph, patch: Triple) -> list[Cost]:
    """One entry for each operator that a fusing engine runs, for one patch of (D, H, W), in the order of the graph."""
    return _Counter(graph, patch).run()


class _Counter:
    def __init__(self, graph: Graph, patch: Triple) -> None:
        self.graph = graph
        self.elements = {name: prod(shape) for name, shape in tensor_shapes(graph, patch).items()}
        self.readers = consumers(graph)
        self.place = {node.name: at for at, node in enumerate(graph)}
        self.fused: set[str] = set()
        self.on_grid: set[str] = set()

    def run(self) -> list[Cost]:
        for node in self.graph:
            if isinstance(node, Quantize) or (
                isinstance(node, Copy) and all(name in self.on_grid for name in node.inputs)
            ):
                self.on_grid.add(node.name)
        return [self._cost(node) for node in self.graph if not isinstance(node, Input) and node.name not in self.fused]

    def _cost(self, node: Node) -> Cost:
        chain = self._chain(node)
        self.fused.update(each.name for each in chain[1:])
        names = {each.name for each in chain}
        read = sum(self._bytes(name) for each in chain for name in each.inputs if name not in names)
        moved = read + self._bytes(chain[-1].name)
        if not isinstance(node, Conv):
            return Cost(stage_of(node.name), 0, moved, integer=False)
        integer = node.weight_scale is not None and node.inputs[0] in self.on_grid
        weights = node.weight.size * (1 if integer else FLOAT_BYTES) + node.bias.size * FLOAT_BYTES
        macs = node.weight.size * self.elements[node.name] // len(node.weight)
        return Cost(stage_of(node.name), macs, moved + weights, integer)

    def _chain(self, node: Node) -> list[Node]:
        """The operator and those after it that need no pass of their own; a sum belongs to its last operand."""
        chain = [node]
        while not isinstance(chain[-1], Quantize | Copy):
            readers = self.readers[chain[-1].name]
            after = readers[0] if len(readers) == 1 else None
            last = after is not None and chain[-1].name == max(after.inputs, key=self.place.__getitem__)
            if not (isinstance(after, Activation | Quantize) or (isinstance(after, Add) and last)):
                break
            chain.append(after)
        return chain

    def _bytes(self, name: str) -> int:
        return self.elements[name] * (1 if name in self.on_grid else FLOAT_BYTES)
