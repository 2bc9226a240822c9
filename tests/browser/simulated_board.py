"""A board for the viewer's tests: a simulated sweep is compounded while it runs, the mask is the phantom's truth."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import ALLOWED, LEADS_TO, Command, DeviceState, Phase, QueueFill, SeenFrame, Slice, Status
from edge_sdk.closing import Closing
from edge_sdk.errors import StreamError
from edge_sdk.metrics import class_ml
from edge_sdk.simulation.simulate import Simulation, labels_on, simulate
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.extent import grid_for
from edge_sdk.volume.grid import Box, Extent, Grid, Volume


@cache
def _sweep() -> tuple[Simulation, NDArray[np.float64]]:
    simulation = simulate(frames=48)
    return simulation, image_to_world(simulation.sweep).matrices


class SimulatedBoard(Closing):
    """Plays the sweep forwards and backwards in a thread of its own.

    Attributes:
        shown: Fields of `Status` that a test sets.
        labels: Label to name.
        calls: Method → how often it was called.
        displayed_moments: What was confirmed as drawn.
        asked: Calibrations and crops that were asked for.
        save_s: How long saving takes.
    """

    def __init__(self, *, rate: float = 25.0, frames: bool = True) -> None:
        simulation, self._poses = _sweep()
        self._images = simulation.sweep.images
        self._grid = grid_for(self._poses, self._images.shape[1:], 0.6)
        self._truth = labels_on(simulation, self._grid).voxels
        self._origin = (0, 0, 0)
        self._extent = Extent(self._grid)
        self._clear()
        self.labels: Mapping[int, str] = simulation.label_names
        self.shown: dict[str, Any] = {}
        self.calls: Counter[str] = Counter()
        self.displayed_moments: list[float] = []
        self.asked: list[tuple[Any, ...]] = []
        self.save_s = 0.2
        self._phase: Phase = "ready"
        self._seen: SeenFrame | None = None
        self._read = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, args=(1 / rate, frames), daemon=True)
        self._thread.start()

    def _clear(self) -> None:
        self._compounder = Compounder(self._grid, threads=1)
        self._gray = np.zeros(self._grid.shape, np.uint8)
        self._mask = np.zeros(self._grid.shape, np.uint8)
        self._inserted: list[int] = []
        self._elapsed = 0.0
        self._changes = 0

    def forget_labels(self) -> None:
        """The mask becomes empty, as by a later inference."""
        self._mask[:] = 0
        self._changes += 1

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def title(self) -> str:
        return "Simulated sweep · phantom-s-int8"

    def status(self) -> Status:
        self.calls["status"] += 1
        running = self._phase == "running"
        latency = 118.0 if self._inserted else None
        status = Status(
            phase=self._phase,
            elapsed_s=self._elapsed,
            frames_read=self._read,
            frames_inserted=len(self._inserted),
            frames_dropped=2,
            left_out={"outside the volume": 3},
            frames_per_second=24.8 if running else 0.0,
            latency_ms=latency,
            displayed_ms=151.0 if latency and self.displayed_moments else None,
            queues=(
                QueueFill("frames", 3 if running else 0, 8, "drop oldest", 2),
                QueueFill("poses", 1, 1024, "refuse", 0),
                QueueFill("posed frames", 1, 4, "wait", 0),
                QueueFill("touched boxes", 40 if running else 0, 1024, "wait", 0),
            ),
            devices=(DeviceState("camera:0", "running"), DeviceState("ndi:/dev/ttyUSB0", "running")),
            warnings=(),
            class_ml=class_ml(self._mask, self._grid.voxel_ml, self.labels),
            rss_mb=412.0,
            memory_limit_mb=1500.0,
            saved_in="/data/sweeps/2026-11-28-101500" if self._phase == "saved" else "",
        )
        return replace(status, **self.shown)

    def frame(self) -> SeenFrame | None:
        self.calls["frame"] += 1
        return self._seen

    def labels_on(self, frame: SeenFrame, step: int) -> NDArray[np.uint8] | None:
        self.calls["labels_on"] += 1
        assert frame.image_to_world is not None
        height, width = frame.image.shape
        y, x = np.mgrid[0:height:step, 0:width:step]
        pixels = np.stack([x, y, np.zeros_like(x), np.ones_like(x)]).reshape(4, -1)
        index = np.rint(np.linalg.inv(self._grid.index_to_world) @ frame.image_to_world @ pixels)[2::-1].astype(int)
        inside = ((index >= 0) & (index < np.array(self._grid.shape)[:, None])).all(axis=0)
        cut = np.zeros(x.size, np.uint8)
        cut[inside] = self._mask[tuple(index[:, inside])]
        return cut.reshape(x.shape)

    def changes(self) -> int:
        return self._changes

    def grid(self) -> Grid | None:
        return self._extent.grid

    def begin_within(self, box: Box) -> None:
        """Show only this part of the volume, as one that has not grown yet; its first voxel becomes index 0."""
        self._origin = box.start
        self._extent = self._part(box)

    def grow(self) -> None:
        """The volume has grown to its whole size."""
        self._extent = self._part(Box((0, 0, 0), self._grid.shape))

    def _part(self, box: Box) -> Extent:
        first = self._grid.index_to_world @ [*box.start[::-1], 1]
        shape = tuple(int(size) for size in np.subtract(box.stop, box.start))
        grid = replace(self._grid, shape=shape, origin=tuple(float(place) for place in first[:3]))
        return Extent(grid, box.counted_from(self._origin).start)

    def slice(self, axis: str, index: int | None) -> Slice | None:
        self.calls["slice"] += 1
        extent, place = self._extent, "zyx".index(axis)
        if index is None:
            index = self._probe(extent)[place]
        index = min(max(index, extent.box.start[place]), extent.box.stop[place] - 1)
        down, across = (name for name in "zyx" if name != axis)
        steps = dict(zip("xyz", self._grid.spacing, strict=True))
        start, stop = list(extent.box.start), list(extent.box.stop)
        start[place], stop[place] = index, index + 1
        part = Box.between(start, stop).moved(self._origin).slices
        gray, labels = (np.take(voxels[part], 0, axis=place) for voxels in (self._gray, self._mask))
        return Slice(gray, labels, steps[down], steps[across], index, extent)

    def _probe(self, extent: Extent) -> tuple[int, int, int]:
        if not self._inserted:
            z, y, x = np.add(extent.box.start, extent.box.stop) // 2
            return int(z), int(y), int(x)
        height, width = self._images.shape[1:]
        middle = self._poses[self._inserted[-1]] @ (width / 2, height / 2, 0, 1)
        x, y, z = (np.linalg.inv(extent.lattice_to_world) @ middle)[:3]
        return round(z), round(y), round(x)

    def path(self) -> NDArray[np.float64]:
        top = np.array([self._images.shape[2] / 2, 0, 0, 1])
        return np.array([(self._poses[index] @ top)[:3] for index in self._inserted]).reshape(-1, 3)

    def volume(self) -> Volume | None:
        return Volume(self._gray.copy(), self._grid)

    def mask(self) -> Volume | None:
        return Volume(self._mask.copy(), self._grid)

    def command(self, name: Command) -> None:
        with self._lock:
            if name not in ALLOWED[self._phase]:
                raise StreamError(f"{name} is not possible while {self._phase}", where="stream")
            self._phase = LEADS_TO[name]
        if name == "new":
            self._clear()
        if name == "finish":
            threading.Timer(self.save_s, setattr, (self, "_phase", "finished")).start()
        if name == "save":
            threading.Timer(self.save_s, setattr, (self, "_phase", "saved")).start()

    def calibrate(self, first: tuple[float, float], second: tuple[float, float], distance_mm: float) -> float:
        self._before_the_start()
        self.asked.append(("calibrate", first, second, distance_mm))
        return float(distance_mm / np.hypot(*np.subtract(second, first)))

    def crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        self._before_the_start()
        self.asked.append(("crop", origin, size))

    def now(self) -> float:
        return time.perf_counter()

    def displayed(self, moment: float) -> None:
        self.displayed_moments.append(moment)

    def _before_the_start(self) -> None:
        if self._phase != "ready":
            raise StreamError("the sweep has started", where="stream", remedy="do it before the start")

    def _play(self, period: float, frames: bool) -> None:
        count = len(self._images)
        there_and_back = [*range(count), *range(count - 2, 0, -1)]
        while frames and not self._stop.wait(period):
            index = there_and_back[self._read % len(there_and_back)]
            self._seen = SeenFrame(self._read, self._images[index], self._poses[index])
            self._read += 1
            with self._lock:  # a command comes between two frames
                self._insert(index, period)

    def _insert(self, index: int, period: float) -> None:
        lost = any(device.condition == "lost" for device in self.shown.get("devices", ()))
        if self._phase != "running" or lost:
            return
        self._elapsed += period
        self._compounder.insert(self._images[index], self._poses[index])
        self._inserted = [*self._inserted[-150:], index]
        if len(self._inserted) % 5 == 0:
            self._gray, weights = self._compounder.read()
            self._mask = np.where(weights > 0, self._truth, 0).astype(np.uint8)
            self._changes += 1
