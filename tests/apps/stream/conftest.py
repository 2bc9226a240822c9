"""Tiny sweeps, a network that is a formula, and a clock that tests turn by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from apps.stream import job
from apps.stream.core.clock import Clock
from edge_sdk.closing import Closing
from edge_sdk.packages.manifest import Manifest, Normalization, TrainingData
from edge_sdk.session import SessionDescription
from edge_sdk.sweep.sweep import Sweep, TrackedTransform

LABELS = {0: "background", 1: "dark", 2: "bright"}


class FormulaSession(Closing):
    """Labels by brightness, with a threshold that depends on the whole patch, so that stale tiles show."""

    target = "formula"

    def __init__(self) -> None:
        self.description = SessionDescription("formula 1")
        self.calls = 0
        self.hook: Callable[[int], None] = lambda _call: None

    def infer(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls += 1
        self.hook(self.calls)
        coarse = patch[:, :, ::2, ::2, ::2]
        middle = patch.mean()
        return np.concatenate([middle - coarse, np.full_like(coarse, 0.08), coarse - middle], 1)

    def close(self) -> None:
        """Nothing is held."""


class HandClock(Clock):
    """Time passes only by waiting, or when a test says so."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def wait_until(self, moment: float, stop: threading.Event) -> None:  # noqa: ARG002
        self.time = max(self.time, moment)


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name="formula",
        variant="S",
        labels=LABELS,
        patch=(16, 16, 16),
        spacing_mm=(1.0, 1.0, 1.0),
        normalization=Normalization(scale=255),
        precision={"openvino": "fp32"},
        training_data=TrainingData(name="none", license="none", cases=0),
    )


@pytest.fixture
def session() -> FormulaSession:
    return FormulaSession()


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    """Frames (24, 30) of a fixed pattern, 1 mm pixels, moving along z by 1 mm at 20 frames/s."""

    def make(frames: int = 24, bad: dict[int, str] | None = None, seed: int = 0) -> Sweep:
        rng = np.random.default_rng(seed)
        images = rng.integers(1, 255, (frames, 24, 30), dtype=np.uint8)
        matrices = np.repeat(np.eye(4)[None], frames, axis=0)
        matrices[:, 2, 3] = np.arange(frames)
        matrices[:, 1, 3] = 0.25 * np.sin(np.arange(frames))
        status = tuple((bad or {}).get(index, "OK") for index in range(frames))
        return Sweep(
            images=images,
            timestamps=5.0 + np.arange(frames) / 20,
            transforms={"ImageToReference": TrackedTransform(matrices, status)},
            image_status=("OK",) * frames,
        )

    return make


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, session: FormulaSession, manifest: Manifest) -> None:
    """Every path is a package of the formula."""

    class Opened(SimpleNamespace):
        def __enter__(self) -> Opened:
            return self

        def __exit__(self, *_error: object) -> None:
            return None

    opened = Opened(manifest=manifest, digest="ab" * 32, open=lambda _target, _threads: session)
    monkeypatch.setattr(job, "load_package", lambda _path: opened)
