"""ExecuTorch programs of one delegate call: an input tensor, XNNPACK, an output tensor."""

from __future__ import annotations

from math import prod

from executorch.exir._serialize._program import PTEFile, deserialize_pte_binary, serialize_pte_binary
from executorch.exir.scalar_type import ScalarType
from executorch.exir.schema import (
    AllocationDetails,
    BackendDelegate,
    BackendDelegateDataReference,
    BackendDelegateInlineData,
    Buffer,
    Chain,
    ContainerMetadata,
    DataLocation,
    DelegateCall,
    EValue,
    ExecutionPlan,
    Instruction,
    Program,
    SubsegmentOffsets,
    Tensor,
    TensorShapeDynamism,
)
from executorch.exir.version import EXECUTORCH_SCHEMA_VERSION

BACKEND = "XnnpackBackend"
ALIGNMENT = 4096
BYTES = 4


def program_bytes(blob: bytes, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> bytes:
    """A .pte whose method "forward" hands a float32 tensor to the XNNPACK delegate `blob`."""
    shapes = (input_shape, output_shape)
    start = -(-prod(input_shape) * BYTES // ALIGNMENT) * ALIGNMENT
    plan = ExecutionPlan(
        name="forward",
        container_meta_type=ContainerMetadata("", ""),
        values=[EValue(_tensor(shape, offset)) for shape, offset in zip(shapes, (0, start), strict=True)],
        inputs=[0],
        outputs=[1],
        chains=[Chain([], [], [Instruction(DelegateCall(0, [0, 1]))], None)],
        operators=[],
        delegates=[BackendDelegate(BACKEND, BackendDelegateDataReference(DataLocation.INLINE, 0), [])],
        non_const_buffer_sizes=[0, start + prod(output_shape) * BYTES],
    )
    program = Program(
        version=EXECUTORCH_SCHEMA_VERSION,
        execution_plan=[plan],
        constant_buffer=[Buffer(b"")],
        backend_delegate_data=[BackendDelegateInlineData(blob)],
        segments=[],
        constant_segment=SubsegmentOffsets(0, []),
    )
    return bytes(serialize_pte_binary(PTEFile(program), extract_delegate_segments=True, segment_alignment=ALIGNMENT))


def program_of(pte: bytes) -> Program:
    """What a .pte holds, with the delegates' data in place."""
    return deserialize_pte_binary(pte).program


def _tensor(shape: tuple[int, ...], offset: int) -> Tensor:
    return Tensor(
        scalar_type=ScalarType.FLOAT,
        storage_offset=0,
        sizes=list(shape),
        dim_order=list(range(len(shape))),
        requires_grad=False,
        layout=0,
        data_buffer_idx=0,
        allocation_info=AllocationDetails(memory_id=1, memory_offset_low=offset, memory_offset_high=0),
        shape_dynamism=TensorShapeDynamism.STATIC,
    )
