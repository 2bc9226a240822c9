"""The device that a sweep was streamed on."""

from __future__ import annotations

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from edge_sdk.device import describe_device


class DeviceFacts(ReportPart):
    """What this device is, see `edge_sdk.device.describe_device`."""

    cpu: str | NotMeasured
    architecture: str | NotMeasured
    isa: list[str] | NotMeasured
    """Instruction sets that decide which kernels a runtime takes."""
    cores: int | NotMeasured
    """Physical cores."""
    threads: int | NotMeasured
    """Processors that the process may run on."""
    ram_mb: int | NotMeasured
    """Memory of the device, MiB."""
    os: str | NotMeasured
    kernel: str | NotMeasured
    python: str | NotMeasured
    machine: str | NotMeasured
    """Whether the device is virtual, or its product name."""
    container: str | NotMeasured
    governor: str | NotMeasured
    """CPU frequency governor."""
    turbo: str | NotMeasured
    power: str | NotMeasured
    """Mains or battery."""


def device_facts() -> DeviceFacts:
    """Describe this device."""
    return DeviceFacts.model_validate(
        {
            name: NotMeasured(why=fact.reason or "not known") if fact.value is None else fact.value
            for name, fact in describe_device().items()
        }
    )
