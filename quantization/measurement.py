"""What a form costs on a device, as whoever can run it measures it: `quantization` itself knows no runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from edge_sdk.graph import Graph

if TYPE_CHECKING:
    from torch import nn  # a device that only measures has none

AnyForm: TypeAlias = "Graph | nn.Module"
"""A deploy graph, or the module of a form that has none, such as GroupNorm's."""


@dataclass(frozen=True)
class Timing:
    """One form on the device.

    Attributes:
        samples_ms: Of one patch each, in order of time.
        artifact_bytes: What the runtime loads.
    """

    samples_ms: list[float]
    artifact_bytes: int

    @property
    def median_ms(self) -> float:
        """The median of the samples."""
        return median(self.samples_ms)


@dataclass(frozen=True)
class Timings:
    """Forms that were measured together, each once a round.

    Attributes:
        forms: Name to timing.
        conditions: Runtime, machine, threads, rounds: what a reader needs to judge the numbers.
    """

    forms: dict[str, Timing]
    conditions: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """As JSON, medians included."""
        forms = {name: {"median_ms": timing.median_ms, **asdict(timing)} for name, timing in self.forms.items()}
        return {"conditions": self.conditions, "forms": forms}


class Measure(Protocol):
    """Runs forms on this device."""

    def __call__(self, forms: Mapping[str, AnyForm], /) -> Timings:
        """Latency of one patch, all forms interleaved; without what cannot be measured here, the conditions say why."""
