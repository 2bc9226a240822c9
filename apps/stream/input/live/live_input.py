"""Live devices as a stream's input."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import DeviceState, SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.input.live.devices import LiveDevices
from apps.stream.input.live.geometry import (
    Calibration,
    ImageGeometry,
    VolumeRegion,
    calibrate,
    check_crop,
    check_extent,
    live_plan,
)
from apps.stream.input.live.live_frames import LiveFrames
from apps.stream.input.live.synchronizer import WAIT_S
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import EdgeSdkError, PoseError
from edge_sdk.gray_range import range_text
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.recording.template import RecordingTemplate
from edge_sdk.sweep.sweep import GRAY_RANGE
from edge_sdk.sweep.warning import SweepWarning

NAMES_S = 15.0
"""A tracker that is reset and takes its tools' definitions answers in time; a peer sends its transforms in a second."""
FIRST_POSE_S = 30.0
POLL_S = 0.05


@dataclass(frozen=True)
class LiveSweep:
    """A live sweep before its start; see `PreparedSweep`.

    Attributes:
        plan: How frames become a volume.
        devices: The devices that give images and poses.
        calibration: How the images get to the world.
        lag: Seconds: a frame at t takes the pose at t + lag.
        wait_s: Seconds that a frame waits for its pose at most.
    """

    plan: VolumePlan
    devices: LiveDevices
    calibration: Calibration
    lag: float
    wait_s: float

    @property
    def template(self) -> RecordingTemplate:
        template, gray_range = self.calibration.template, self.plan.gray_range
        if gray_range is None:
            return template
        return replace(template, header={**template.header, GRAY_RANGE: range_text(gray_range)})

    def frames(self, control: StreamControl, clock: Clock, record_to: BoundedQueue[Recorded] | None) -> LiveFrames:
        return LiveFrames(
            self.devices,
            self.calibration.placement,
            control,
            clock,
            shape=self.plan.frame_shape,
            pixel_type=self.plan.pixel_type,
            lag=self.lag,
            wait_s=self.wait_s,
            skip_interval=self.plan.settings.skip_interval,
            fixed=dict(self.calibration.fixed),
            record_to=record_to,
        )


class LiveInput:
    """Live devices; see `SweepInput`."""

    pacing = "live"
    recording: Path | None = None

    def __init__(
        self,
        name: str,
        devices: LiveDevices,
        clock: Clock,
        *,
        config: PlusConfig | None,
        package_spacing: tuple[float, float, float],
        spacing: tuple[float, float, float] | None = None,
        region: VolumeRegion,
        geometry: ImageGeometry,
        lag: float = 0.0,
        wait_s: float = WAIT_S,
        warnings: tuple[SweepWarning, ...] = (),
    ) -> None:
        """
        Args:
            name: For headings: the source's URI.
            devices: Source of frames and poses, opened.
            clock: Clock by which the devices stamp frames and poses.
            config: Calibration and reconstruction settings.
            package_spacing: mm per voxel (x, y, z) that the package expects.
            spacing: mm per voxel that someone asked for, whatever the configuration says.
            region: Extent of the volume, as far as it was given.
            geometry: What is known of the images.
            lag: Seconds: a frame at t takes the pose at t + lag.
            wait_s: Seconds that a frame waits for its pose at most.
            warnings: What is known of the sweep before its start.

        Raises:
            GeometryError: The configuration's extent is not possible, see `check_extent`.
        """
        if region == VolumeRegion() and config is not None and config.reconstruction is not None:
            check_extent(config.reconstruction)
        self.name, self._devices, self._clock = name, devices, clock
        self._config, self._package_spacing, self._region = config, package_spacing, region
        self._spacing, self._geometry, self._lag, self._wait_s = spacing, geometry, lag, wait_s
        self._warnings = warnings

    def preview(self) -> SeenFrame | None:
        image = self._devices.newest
        return None if image is None else SeenFrame(self._devices.images, image.image, None, "not started")

    def devices(self) -> tuple[DeviceState, ...]:
        return self._devices.states()

    def prepare(self) -> LiveSweep:
        image = self._devices.first_image()
        if self._geometry.crop is not None:
            check_crop(self._geometry.crop, (image.image.shape[0], image.image.shape[1]))
        found = self._calibrated(image)
        plan = live_plan(
            found, self._region, lambda: self._first_pose(found), self._warnings, gray_range=self._devices.gray_range()
        )
        return LiveSweep(plan, self._devices, found, self._lag, self._wait_s)

    def set_pixel_spacing(self, spacing: tuple[float, float]) -> None:
        before = self._geometry
        self._geometry = replace(before, pixel_spacing=spacing)
        try:
            self._calibrated(self._devices.first_image(0.0), 0.0)
        except EdgeSdkError:
            self._geometry = before
            raise

    def set_crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        rows, columns = self._devices.first_image(0.0).image.shape
        check_crop((origin, size), (rows, columns))
        self._geometry = replace(self._geometry, crop=(origin, size))

    def _calibrated(self, image: TimedImage, seconds: float | None = None) -> Calibration:
        """The calibration, as soon as the transforms that it needs are known, within so long."""
        seconds = NAMES_S if seconds is None else seconds
        provenance = replace(self._devices.provenance, pose_lag_s=self._lag or None)
        limit = time.monotonic() + seconds
        while True:
            try:
                return calibrate(
                    image,
                    self._devices.poses.names,
                    self._config,
                    self._geometry,
                    self._package_spacing,
                    provenance,
                    spacing=self._spacing,
                )
            except PoseError:
                if time.monotonic() >= limit:
                    if not self._devices.poses.names:
                        raise self._no_pose(seconds, "") from None
                    raise
                time.sleep(POLL_S)

    def _first_pose(self, found: Calibration) -> NDArray[np.float64]:
        limit = time.monotonic() + FIRST_POSE_S
        self._devices.poses.begin()
        names, reason = found.placement.tracked, ""
        while time.monotonic() < limit:
            image = self._devices.first_image()
            moment = image.moment + self._lag
            self._devices.poses.wait(names, moment, WAIT_S)
            pose, reason = found.placement.of_moment(self._devices.poses.at(names, moment, 0.0, 0))
            if not reason:
                return pose
            time.sleep(POLL_S)
        raise self._no_pose(FIRST_POSE_S, reason)

    def _no_pose(self, seconds: float, reason: str) -> PoseError:
        why = self._devices.sensor_says() or reason or "the source sends no transforms"
        return PoseError(
            f"no frame had a pose within {seconds:g} s ({why})",
            where=self.name,
            remedy="check the pose sensor, and bring the probe into its view before the start",
        )
