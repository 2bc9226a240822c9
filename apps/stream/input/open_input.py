"""Opens what the options of a job name: a recording, or the devices of a live sweep."""

from __future__ import annotations

from contextlib import ExitStack

from apps.levels import say_levels
from apps.stream.core.clock import Clock
from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.input_options import InputOptions
from apps.stream.input.recorded.recorded_input import RecordedInput
from apps.stream.input.sweep_input import SweepInput
from apps.stream.input.uris.poses import live_poses, recorded_poses
from apps.stream.input.uris.sources import LiveUri, ReplayUri
from apps.sweep_warnings import warn
from apps.sweeps import SweepOptions, load_sweep
from edge_sdk.errors import EdgeSdkError

Spacing = tuple[float, float, float]


def open_input(options: InputOptions, package_spacing: Spacing, clock: Clock, stack: ExitStack) -> SweepInput:
    """Open a recording, or the devices of a live sweep.

    Args:
        options: What to open.
        package_spacing: mm per voxel (x, y, z) that the package expects.
        clock: Clock of the stream.
        stack: Closes the devices.

    Raises:
        EdgeSdkError: The source or its poses cannot be used.
    """
    spacing = None if options.spacing is None else (options.spacing,) * 3
    if isinstance(options.source, ReplayUri):
        return _recording(options, options.source, package_spacing, spacing)
    return _devices(options, options.source, package_spacing, spacing, clock, stack)


def _recording(
    options: InputOptions, source: ReplayUri, package_spacing: Spacing, spacing: Spacing | None
) -> RecordedInput:
    _check_for_recording(options, source)
    poses = None if options.poses is None else recorded_poses(options.poses)
    sweep = load_sweep(
        source.path,
        SweepOptions(poses, options.lag, options.max_gap, options.pixel_spacing),
        config=options.config,
    )
    plan = plan_volume(sweep, options.config, package_spacing, spacing=spacing)
    say_levels(plan.sweep)
    warn(plan.warnings)
    return RecordedInput(source.path.name, plan, source.pacing)


def _devices(
    options: InputOptions,
    source: LiveUri,
    package_spacing: Spacing,
    spacing: Spacing | None,
    clock: Clock,
    stack: ExitStack,
) -> SweepInput:
    from apps.stream.input.live.devices import LiveDevices
    from apps.stream.input.live.geometry import ImageGeometry, VolumeRegion, live_config
    from apps.stream.input.live.live_input import LiveInput
    from apps.stream.input.live.synchronizer import WAIT_S

    poses = None if options.poses is None else live_poses(options.poses)
    region = VolumeRegion(options.box, options.around)
    config, warnings = live_config(options.config, options.grid, region)
    warn(warnings)
    devices = LiveDevices(source, poses, clock, max_gap=options.max_gap, orientation=options.orientation)
    return LiveInput(
        source.uri,
        stack.enter_context(devices),
        clock,
        config=config,
        package_spacing=package_spacing,
        spacing=spacing,
        region=region,
        geometry=ImageGeometry(options.pixel_spacing, options.crop),
        lag=options.lag or 0.0,
        wait_s=WAIT_S if options.wait_s is None else options.wait_s,
        warnings=warnings,
    )


def _check_for_recording(options: InputOptions, source: ReplayUri) -> None:
    """Refuse what only a live sweep takes: silence would let a user believe that it was done."""
    live_only = {
        "--crop": options.crop,
        "--wait": options.wait_s,
        "--box": options.box,
        "--around": options.around,
        "--orientation": None if options.orientation == "MF" else options.orientation,
    }
    given = [name for name, value in live_only.items() if value is not None]
    if given:
        raise EdgeSdkError(
            f"is a recording, and {', '.join(given)} {'is' if len(given) == 1 else 'are'} for live sources",
            where=source.uri,
            remedy="leave it out; the volume of a recording is what its frames reach, or what --config says",
        )
