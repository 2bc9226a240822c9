"""Opens what the settings name as the source, with its poses."""

from __future__ import annotations

from contextlib import ExitStack

from apps.stream.core.clock import Clock
from apps.stream.core.settings import StreamSettings
from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.recorded_input import RecordedInput
from apps.stream.input.stream_input import StreamInput
from apps.stream.input.uri import ReplayUri, SourceUri
from apps.sweep_warnings import warn
from apps.sweeps import SweepOptions, load_sweep
from edge_sdk.errors import EdgeSdkError
from edge_sdk.sweep.plus_config import PlusConfig

Spacing = tuple[float, float, float]


def open_input(
    uri: SourceUri,
    settings: StreamSettings,
    config: PlusConfig | None,
    package_spacing: Spacing,
    clock: Clock,
    stack: ExitStack,
) -> StreamInput:
    """Open a recording, or the devices of a live sweep.

    Args:
        uri: What to open: the settings' source, parsed.
        settings: What is known of it.
        config: Calibration and reconstruction settings.
        package_spacing: mm per voxel (x, y, z) that the package expects.
        clock: Of the stream.
        stack: Closes the devices.

    Raises:
        EdgeSdkError: The source or its poses cannot be used.
    """
    assert settings.source.uri is not None
    spacing = settings.volume.spacing_mm
    wanted = None if spacing is None else (spacing,) * 3
    if isinstance(uri, ReplayUri):
        _check_for_recording(settings)
        pixel = settings.source.pixel_spacing_mm
        options = SweepOptions(
            settings.poses.uri, settings.poses.lag_s, settings.poses.max_gap_s, pixel and f"{pixel[0]},{pixel[1]}"
        )
        plan = plan_volume(load_sweep(uri.path, options, config=config), config, package_spacing, spacing=wanted)
        warn(plan.warnings)
        return RecordedInput(uri.path.name, plan, uri.pacing)
    from apps.stream.input.live.devices import LiveDevices
    from apps.stream.input.live.geometry import ImageGeometry, VolumeRegion
    from apps.stream.input.live.input import LiveInput

    crop = settings.source.crop
    geometry = ImageGeometry(settings.source.pixel_spacing_mm, crop and ((crop[0], crop[1]), (crop[2], crop[3])))
    devices = LiveDevices(
        settings.source.uri,
        uri,
        settings.poses.uri,
        clock,
        max_gap=settings.poses.max_gap_s,
        orientation=settings.source.orientation,
    )
    return LiveInput(
        settings.source.uri,
        stack.enter_context(devices),
        clock,
        config=config,
        package_spacing=package_spacing,
        spacing=wanted,
        region=VolumeRegion(settings.volume.box_mm, settings.volume.around_mm),
        geometry=geometry,
        lag=settings.poses.lag_s or 0.0,
        wait_s=settings.poses.wait_s,
    )


def _check_for_recording(settings: StreamSettings) -> None:
    """Refuse what only a live sweep takes: silence would let a user believe that it was done."""
    live_only = {
        "--crop": settings.source.crop,
        "--wait": settings.poses.wait_s,
        "--box": settings.volume.box_mm,
        "--around": settings.volume.around_mm,
        "--orientation": None if settings.source.orientation == "MF" else settings.source.orientation,
    }
    given = [name for name, value in live_only.items() if value is not None]
    if given:
        raise EdgeSdkError(
            f"is a recording, and {', '.join(given)} {'is' if len(given) == 1 else 'are'} for live sources",
            where=settings.source.uri,
            remedy="leave it out; the volume of a recording is what its frames reach, or what --config says",
        )
