"""Poses as they arrive, and what they say about other moments: how live frames get theirs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

import numpy as np

from edge_sdk.sweep.feeds.items import NamedPose
from edge_sdk.sweep.interpolation import interpolate
from edge_sdk.sweep.merging import MAX_GAP_S
from edge_sdk.sweep.sweep import MISSING, OK, TrackedTransform

KEPT_S = 10.0
"""Older poses than this, counted from the newest of their transform, are forgotten."""


class PoseTimeline:
    """The last seconds of every transform; threads may share it."""

    def __init__(self, *, max_gap: float = MAX_GAP_S, kept_s: float = KEPT_S) -> None:
        """
        Args:
            max_gap: Seconds; two poses further apart than this are not interpolated between.
            kept_s: Seconds of poses to keep.
        """
        self._max_gap, self._kept_s = max_gap, kept_s
        self._poses: dict[str, deque[NamedPose]] = {}
        self._changed = threading.Condition()

    @property
    def names(self) -> tuple[str, ...]:
        """Transforms that were heard of."""
        with self._changed:
            return tuple(self._poses)

    def add(self, pose: NamedPose) -> None:
        """Take a pose in; one that is older than what is kept, such as after a clock went back, starts anew."""
        with self._changed:
            poses = self._poses.setdefault(pose.name, deque())
            if poses and pose.moment < poses[-1].moment - self._kept_s:
                poses.clear()
            poses.append(pose)
            while poses[0].moment < pose.moment - self._kept_s:
                poses.popleft()
            self._changed.notify_all()

    def wait_for(self, names: Iterable[str], moment: float, seconds: float) -> bool:
        """Wait until every transform has a pose of `moment` or later, at most so long; whether it has."""
        names = tuple(names)
        with self._changed:
            return self._changed.wait_for(lambda: all(self._newest(name) >= moment for name in names), max(0, seconds))

    def at(self, name: str, moment: float) -> TrackedTransform:
        """The pose of a transform at a moment, as a transform of one frame; see `interpolate`.

        Where there is none, the status is that of the nearest pose within the gap if that one has a word of its own,
        such as OUT_OF_VOLUME; else MISSING.
        """
        with self._changed:
            near = [each for each in self._poses.get(name, ()) if abs(each.moment - moment) <= self._max_gap]
        if not near:
            return TrackedTransform(np.full((1, 4, 4), np.nan), (MISSING,))
        poses = TrackedTransform(np.stack([each.matrix for each in near]), tuple(each.status for each in near))
        times = np.array([each.moment for each in near])
        found = interpolate(poses, times, np.array([moment]), max_gap=self._max_gap)
        nearest = near[int(np.argmin(abs(times - moment)))].status
        if found.status[0] == OK or nearest == OK:
            return found
        return TrackedTransform(found.matrices, (nearest,))

    def _newest(self, name: str) -> float:
        poses = self._poses.get(name)
        return poses[-1].moment if poses else np.nan
