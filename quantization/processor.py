"""Where a fit computes: the device, its precision, and the processes that share the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from edge_sdk.errors import EdgeSdkError, TrainingError
from quantization.recipe import FitPrecision

T = TypeVar("T")
CPU = torch.device("cpu")
ABLE = ("cuda", "xpu")
"""Kinds of accelerators on which the network trains; cuda stands for AMD's, too."""
PATIENCE = timedelta(hours=2)
"""For the leading process, while it measures Dice."""


@dataclass(frozen=True)
class Processor:
    """A device, a precision and a place among the processes of one training.

    Attributes:
        precision: Of convolutions and products under autocast; weights, their average and losses stay float32.
        rank: This process's number.
        processes: That train together, each on its part of every batch.
    """

    device: torch.device = CPU
    precision: torch.dtype = torch.float32
    rank: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and measures Dice."""
        return self.rank == 0

    def __str__(self) -> str:
        accelerator = torch.get_device_module(self.device) if self.device.type != "cpu" else None
        named = f"{self.device} ({accelerator.get_device_name(self.device)})" if accelerator else "CPU"
        number = "1 process" if self.processes == 1 else f"{self.processes} processes"
        return f"{named}, {str(self.precision).removeprefix('torch.')}, {number}"

    def autocast(self) -> AbstractContextManager[Any]:
        """Inside, operators that bear it compute in the precision."""
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.precision)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps the small gradients of float16 from vanishing; does nothing in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == torch.float16)

    def part_of(self, batch: int) -> int:
        """How many of a batch's samples each process takes.

        Raises:
            TrainingError: The processes cannot have equal parts.
        """
        if batch % self.processes:
            raise TrainingError(
                f"a batch of {batch} cannot be split evenly among {self.processes} processes",
                remedy="choose a batch that is a multiple of the number of processes",
            )
        return batch // self.processes

    def share(self, batch: Tensor) -> Tensor:
        """This process's part of a batch (N, …), on the device.

        Raises:
            TrainingError: The processes cannot have equal parts.
        """
        part = self.part_of(len(batch))
        return batch[self.rank * part : (self.rank + 1) * part].to(self.device)

    def joined(self, module: nn.Module) -> nn.Module:
        """The module as it is called in training: gradients are averaged over all processes."""
        if self.processes == 1:
            return module
        # Auxiliary stages may be left out of the loss, and their weights then have no gradient.
        return nn.parallel.DistributedDataParallel(module, find_unused_parameters=True)

    def agreed(self, value: float) -> float:
        """The leading process's value, in all of them."""
        return self.gathered_values(value)[0]

    def gathered_values(self, value: T) -> list[T]:
        """The values of all processes, by rank, in all of them."""
        values = [value] * self.processes
        if self.processes > 1:
            distributed.all_gather_object(values, value)
        return values

    def together(self, work: Callable[[], T]) -> T:
        """What a piece of work gives here, once it ended well in every process.

        Raises:
            EdgeSdkError: It failed somewhere: the same error in every process, so that none waits for one that has
                gone.
        """
        error: EdgeSdkError | None = None
        try:
            result = work()
        except EdgeSdkError as failure:
            error = failure
        for raised in self.gathered_values(error):
            if raised is not None:
                raise raised
        return result


def gathered(part: Tensor) -> Tensor:
    """The parts (n, …) that all processes hold, in their order, as (N, …); itself where there is one process.

    A loss of whole batches (Dice sums over them) is so the same in every process. Gradients reach every part.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return part
    from torch.distributed.nn.functional import all_gather

    if not part.is_floating_point():
        parts = [torch.empty_like(part) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, part.contiguous())
        return torch.cat(parts)
    return torch.cat(list(all_gather(part.contiguous())))  # type: ignore[no-untyped-call]


@contextmanager
def chosen_processor(precision: FitPrecision = "auto") -> Iterator[Processor]:
    """The accelerator where there is one, else the CPU; under torchrun, one of several processes.

    Args:
        precision: "auto" is float32 on a CPU, and bfloat16 (float16 where it lacks that) on an accelerator.
    """
    device = _accelerator(int(os.environ.get("LOCAL_RANK", "0")))
    kind = _automatic(device) if precision == "auto" else getattr(torch, precision)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        yield Processor(device, kind)
        return
    distributed.init_process_group(distributed.get_default_backend_for_device(device), timeout=PATIENCE)
    try:
        yield Processor(device, kind, distributed.get_rank(), processes)
    finally:
        distributed.destroy_process_group()


def _accelerator(number: int) -> torch.device:
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None or found.type not in ABLE:
        return CPU
    device = torch.device(found.type, number % torch.accelerator.device_count())
    torch.accelerator.set_device_index(device)
    return device


def _automatic(device: torch.device) -> torch.dtype:
    if device.type == "cpu":
        return torch.float32
    able = getattr(torch.get_device_module(device), "is_bf16_supported", None)
    return torch.bfloat16 if able is not None and able(including_emulation=False) else torch.float16
