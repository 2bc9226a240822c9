"""Twenty kills at any moment, while files are written too: the resumed training ends with an unbroken one's bits."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quantization.recipe import Recipe
from quantization.run_folder import CHECKPOINT
from quantization.training import train

KILLS, STEPS = 20, 20


def trained(data: Path, recipe: Recipe, out: Path, steps_done: Any) -> None:
    """A training in a process of its own, which tells how far it is."""
    torch.set_num_threads(1)

    def report(done: int, _total: int, text: str) -> None:
        if text.startswith("train"):
            steps_done.value = done

    train(data, recipe, out, progress=report)


class Trainings:
    """Starts trainings from a server that has the libraries loaded, and has never run a thread of theirs."""

    def __init__(self, data: Path, recipe: Recipe) -> None:
        self.data, self.recipe = data, recipe
        self.context: ForkServerContext = multiprocessing.get_context("forkserver")
        # What a training imports, early or late: else each of them would spend seconds on it.
        self.context.set_forkserver_preload(
            ["quantization.training", "monai.transforms", "monai.losses", "torch._dynamo"]
        )
        self.steps_done = self.context.Value("i", 0, lock=False)

    def start(self, out: Path) -> ForkServerProcess:
        process = self.context.Process(target=trained, args=(self.data, self.recipe, out, self.steps_done))
        process.start()
        return process

    def finish(self, out: Path) -> None:
        process = self.start(out)
        process.join()
        assert process.exitcode == 0

    def kill(self, out: Path, after_steps: int, delay: float, *, writing: bool) -> bool:
        """Kill a training some steps from where it began, then after a delay in seconds, or while it writes a file.

        Returns:
            Whether it was killed before it came to its end.
        """
        aim, process = min(self.steps_done.value + after_steps, STEPS), self.start(out)
        while process.is_alive() and self.steps_done.value < aim:
            time.sleep(0.001)
        until = time.monotonic() + (10 if writing else delay)
        while process.is_alive() and time.monotonic() < until and not (writing and half_written(out)):
            time.sleep(0.0005)
        process.kill()
        process.join()
        assert process.exitcode in (-signal.SIGKILL, 0)
        return process.exitcode != 0


def half_written(out: Path) -> list[Path]:
    return list(out.glob(".part-*"))


@pytest.mark.slow
def test_twenty_kills_change_nothing(recipe: Recipe, data_folder: Path, tmp_path: Path) -> None:
    fit = recipe.train.model_copy(update={"steps": STEPS, "save_every": 2, "validate_every": 6})
    trainings = Trainings(data_folder, recipe.model_copy(update={"train": fit}))
    trainings.finish(tmp_path / "whole")
    trainings.steps_done.value = 0
    draw, cut = np.random.default_rng(7), tmp_path / "cut"
    kills, left_behind = 0, set()
    while kills < KILLS:
        after, delay = int(draw.integers(0, 3)), draw.uniform(0, 0.3)
        kills += trainings.kill(cut, after, delay, writing=kills % 2 == 1)
        left_behind |= {path.name[len(".part-01234567-") :] for path in half_written(cut)}
    assert "train.pt" in left_behind
    trainings.finish(cut)
    for name in (CHECKPOINT, "train-losses.csv"):
        assert (cut / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    whole, resumed = (torch.load(run / "train.pt") for run in (tmp_path / "whole", cut))
    assert resumed["losses"] == whole["losses"]
    assert resumed["validation"] == whole["validation"]
    assert all(torch.equal(resumed["average"][name], value) for name, value in whole["average"].items())
    assert not half_written(cut)
