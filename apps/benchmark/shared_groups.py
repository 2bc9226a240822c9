"""The groups of a benchmark report that all its targets share: what was measured, on what, and how."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from typing_extensions import TypeAliasType

from apps.report.device_facts import DeviceFacts
from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured

ManifestValue = TypeAliasType(
    "ManifestValue", "str | int | float | bool | NotMeasured | list[ManifestValue] | dict[str, ManifestValue]"
)
"""A value of a manifest, with the reason in place of each null and of each empty text, list and mapping."""


def manifest_value(value: JsonValue, why: str) -> ManifestValue:
    """A value of a manifest, with `NotMeasured(why)` in place of every blank in it."""
    if isinstance(value, dict):
        return manifest_values(value, why)
    if value is None or (isinstance(value, str | list) and not value):
        return NotMeasured(why=why)
    if isinstance(value, list):
        return [manifest_value(inner, why) for inner in value]
    return value


def manifest_values(values: Mapping[str, JsonValue], why: str) -> dict[str, ManifestValue] | NotMeasured:
    """Values of a manifest by name, with `NotMeasured(why)` in place of every blank in them; blank without any."""
    if not values:
        return NotMeasured(why=why)
    return {name: manifest_value(value, why) for name, value in values.items()}


class GateGroup(ReportGroup):
    """The gate's verdict when the package was made.

    Attributes:
        verdict: "passed", "failed" or "not run".
        reason: In one line.
    """

    verdict: str
    reason: str


class IdentityGroup(ReportGroup):
    """What was measured.

    Attributes:
        sdk_version: Version of edge-sdk.
        sdk_commit: Git commit that it ran from.
        written_utc: When the report was written, ISO 8601, UTC.
        package: Path as it was given.
        package_name: Name in the manifest.
        package_sha256: Of the package's file.
        manifest_sha256: Of the manifest, which holds the hashes of all other files.
        package_bytes: Size of the package.
        variant: Variant of the network: "T", "S", "M", "L".
        precision: Runtime → "int8" or "fp32".
        recipe: What compression did, as the manifest records it.
        gate: The gate's verdict.
        training_data: What the network learned from, as the manifest records it.
        seed: Seed of the random patch and of the simulated sweep.
    """

    sdk_version: str
    sdk_commit: str | NotMeasured
    written_utc: str
    package: str
    package_name: str
    package_sha256: str | NotMeasured
    manifest_sha256: str
    package_bytes: int
    variant: str
    precision: dict[str, str]
    recipe: dict[str, ManifestValue] | NotMeasured
    gate: GateGroup | NotMeasured
    training_data: dict[str, ManifestValue] | NotMeasured
    seed: int


class DeviceGroup(DeviceFacts):
    """The device, and what was found on it at the start of a benchmark.

    Attributes:
        load_average_at_start: Of the system over 1, 5 and 15 minutes, before the first target.
        npu, gpu: Accelerators that were not used, and why.
    """

    load_average_at_start: list[float] | NotMeasured
    npu: NotMeasured
    gpu: NotMeasured


class ProtocolGroup(ReportGroup):
    """How latency was measured; see `apps.benchmark.protocol.MeasurementProtocol` for the first five.

    Attributes:
        mode: The order of the inferences and their batch size.
        stop_rule: When the measured inferences end.
        clock: What is timed, and by which clock.
        isolation: What the targets share.
    """

    warmup: int | NotMeasured
    samples: int | NotMeasured
    min_seconds: float | NotMeasured
    seed: int | NotMeasured
    threads: int | str | NotMeasured
    mode: str | NotMeasured
    stop_rule: str | NotMeasured
    clock: str | NotMeasured
    isolation: str | NotMeasured


class WorkloadGroup(ReportGroup):
    """The volume that every target segments.

    Attributes:
        patch_shape: (N, C, D, H, W) of the network's input.
        patch_values: What the voxels of the patch are whose latency is measured.
        volume_shape_dhw: Voxels of the volume.
        volume_spacing_mm_xyz: Spacing of the volume, mm.
        network_spacing_mm_xyz: Spacing that the volume is resampled to, mm.
        least_tile_overlap: Least share of a patch, per axis, that the next one covers again.
        blending: How the patches' logits become one mask.
        compounding_ms: Time in which the sweep became the volume.
        compounded_frames_per_second: The sweep's frames over that time.
        data: "real" or "synthetic".
        which: The file, or the simulated sweep.
    """

    patch_shape: list[int] | NotMeasured
    patch_values: str | NotMeasured
    volume_shape_dhw: list[int] | NotMeasured
    volume_spacing_mm_xyz: list[float] | NotMeasured
    network_spacing_mm_xyz: list[float] | NotMeasured
    least_tile_overlap: float | NotMeasured
    blending: str | NotMeasured
    compounding_ms: float | NotMeasured
    compounded_frames_per_second: float | NotMeasured
    data: str | NotMeasured
    which: str | NotMeasured
