"""What an operator tells of the images before the start: pixel size and crop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.input.live.geometry import ImageGeometry, VolumeRegion
from apps.stream.input.live.live_input import LiveInput
from apps.stream.input.live.poses import DeclaredPoses
from apps.stream.input.uris.motions import parse_motion
from apps.stream.outlets.running_board import RunningBoard
from edge_sdk.errors import GeometryError, PoseError, StreamError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.volume.settings import ReconstructionSettings


class Devices:
    """Opened devices with one frame, and a probe that slides."""

    def __init__(self) -> None:
        self.newest = TimedImage(np.zeros((60, 80), np.uint8), 5.0)
        self.images = 7
        self.poses = DeclaredPoses(parse_motion("linear:speed=1mm/s"))
        self.provenance = Provenance(poses_declared="linear:speed=1mm/s")

    def first_image(self, _seconds: float = 0.0) -> TimedImage:
        return self.newest

    def gray_range(self) -> None:
        return None

    def states(self) -> tuple[()]:
        return ()

    def sensor_says(self) -> str:
        return ""


def live(config: PlusConfig | None = None, region: VolumeRegion | None = None) -> LiveInput:
    devices: Any = Devices()
    return LiveInput(
        "camera:0",
        devices,
        Clock(),
        config=config,
        package_spacing=(1.0, 1.0, 1.0),
        region=region or VolumeRegion(around=(20.0, 20.0, 20.0)),
        geometry=ImageGeometry(),
    )


@pytest.fixture
def board() -> tuple[LiveInput, RunningBoard]:
    source = live()
    return source, RunningBoard("a title", {0: "background"}, source, StreamControl(Clock()), Clock())


def test_two_clicks_are_a_calibration(board: tuple[LiveInput, RunningBoard], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.stream.input.live.live_input.NAMES_S", 0.0)
    source, shown = board
    with pytest.raises(PoseError, match="--pixel-spacing"):
        source.prepare()
    assert shown.calibrate((10, 10), (40, 50), 25.0) == pytest.approx(0.5)
    sweep = source.prepare()
    assert sweep.plan.provenance.summary()["image_to_probe_assumed"].startswith("0.5 × 0.5 mm per pixel")
    assert sweep.template.pixel_spacing == (0.5, 0.5)


def test_a_crop_is_what_is_inserted(board: tuple[LiveInput, RunningBoard]) -> None:
    source, shown = board
    shown.calibrate((0, 0), (10, 0), 10.0)
    shown.crop((20, 10), (40, 30))
    clip = source.prepare().plan.settings.clip
    assert clip is not None
    assert clip.bounds((60, 80)) == (20, 59, 10, 39)
    with pytest.raises(StreamError, match="leaves the frame of 80×60"):
        shown.crop((60, 10), (40, 30))


def test_a_calibration_that_is_there_already_wins() -> None:
    source = live(PlusConfig({"ImageToProbe": np.eye(4)}))
    shown = RunningBoard("a title", {0: "background"}, source, StreamControl(Clock()), Clock())
    with pytest.raises(StreamError, match="would contradict"):
        shown.calibrate((0, 0), (10, 0), 10.0)
    assert source.prepare().plan.provenance.summary() == {"poses_declared": "linear:speed=1mm/s"}


def test_before_the_start_the_newest_frame_is_seen() -> None:
    seen = live().preview()
    assert seen is not None
    assert (seen.index, seen.image_to_world, seen.reason) == (7, None, "not started")


def test_what_no_growing_volume_follows_is_refused_when_the_devices_are_opened() -> None:
    config = PlusConfig(reconstruction=ReconstructionSettings((1.0, 1.0, 1.0), plus_optimization="NONE"))
    with pytest.raises(GeometryError, match="Optimization NONE; give --around"):
        live(config, VolumeRegion())
    assert live(config).name == "camera:0"
