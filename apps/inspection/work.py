"""What kind of work an executed operator does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_sdk.session import ExecutedOperator

LAYOUT = "layout and copies"

# Operators that compute no value, only put values elsewhere, in the words of the three runtimes.
MOVING = frozenset(
    {"Concat", "DepthToSpace", "Gather", "Pad", "Reorder", "Reshape", "Slice", "SpaceToDepth", "Split", "Squeeze"}
    | {"StridedSlice", "Tile", "Transpose", "Unsqueeze", "VariadicSplit"}
    | {"Concatenate2", "Concatenate3", "Concatenate4", "Concatenate5"}
    | {"StaticConstantPad", "StaticReshape", "StaticSlice", "StaticTranspose"}
)


def work_of(operator: ExecutedOperator) -> str:
    """ "INT8" or "float", by the type that it computes on; "layout and copies"; else the name of its type.

    OpenVINO's Reorder counts as layout where it changes the element type, too.
    """
    if operator.operator in MOVING:
        return LAYOUT
    if operator.precision in ("int8", "uint8"):
        return "INT8"
    return "float" if "float" in operator.precision else operator.precision
