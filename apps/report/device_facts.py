"""The device that a report comes from."""

from __future__ import annotations

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured
from edge_sdk.device import describe_device


class DeviceFacts(ReportGroup):
    """What this device is, see `edge_sdk.device.describe_device`."""

    cpu: str | NotMeasured
    architecture: str | NotMeasured
    isa: list[str] | str | NotMeasured
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
            name: NotMeasured(why=fact.reason or "not known") if fact.value is None else fact.value or "none seen"
            for name, fact in describe_device().items()
        }
    )
