"""Two processes of gloo that share every batch train as one process does.

The published form has GroupNorm only, which knows nothing of other samples, so nothing needs to be exchanged but
gradients and the logits of the loss. (A student with BatchNorm would normalize each process's part of a batch by
itself; its running statistics, and so its form, are those of the leading process.)
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from edge_sdk.errors import TrainingError
from edge_sdk.network.published import read_state
from quantization.processor import chosen_processor
from quantization.recipe import read_recipe
from quantization.run_folder import CHECKPOINT
from quantization.training import build_network, train

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
[network]
variant = "T"
width = 8
decoder_width = 8
supervise_full_resolution = false
[data]
labels = { 0 = "background", 1 = "ball" }
patch = [32, 32, 32]
validation_fraction = 0.25
[train]
steps = 2
batch = 2
learning_rate = 1e-4
warmup_steps = 1
validate_every = 2
"""


def meet(rank: int, port: int, told: multiprocessing.queues.Queue[tuple[int, str]]) -> None:
    """One of two processes, of which the second fails at its work."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}

    def work() -> int:
        if rank == 1:
            raise TrainingError("no data", where=f"process {rank}", remedy="mount it")
        return rank

    with chosen_processor("float32") as processor:
        assert processor.together(lambda: rank) == rank
        assert processor.gathered_values(10 * rank) == [0, 10]
        assert processor.agreed(float(rank)) == 0
        try:
            processor.together(work)
        except TrainingError as error:
            told.put((rank, str(error)))


@pytest.mark.slow
def test_what_fails_in_one_process_ends_all_of_them_with_the_same_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    processes = [context.Process(target=meet, args=(rank, port, told)) for rank in (0, 1)]
    for process in processes:
        process.start()
    heard = sorted(told.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert heard == [(rank, "process 1: no data; mount it") for rank in (0, 1)]


@pytest.mark.slow
def test_two_processes_give_the_weights_of_one(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    plan = read_recipe(tmp_path / "recipe.toml")
    one = train(data_folder, plan, tmp_path / "one")
    words = ["train", "--data", data_folder, "--recipe", tmp_path / "recipe.toml", "-o", tmp_path / "two"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "apps"]
    command = [*torchrun, *map(str, words)]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200, check=False)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.count("\n") == 1
    assert "2 steps on CPU, float32, 2 processes" in printed.stdout
    assert "Error" not in printed.stderr

    torch.manual_seed(plan.seed)
    start = flat(build_network(plan).state_dict())
    alone, shared = (torch.load(path / "train.pt") for path in (one.path, tmp_path / "two"))
    assert shared["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    assert shared["validation"] == [(2, pytest.approx(alone["validation"][0][1], abs=1e-3))]
    # Relative to how far the weights have moved; Adam makes whole steps of gradients that are rounding errors only.
    moved = flat(alone["module"]) - start
    assert (flat(shared["module"]) - start - moved).norm() < 0.01 * moved.norm()
    averages = (flat(read_state(path / CHECKPOINT)) for path in (one.path, tmp_path / "two"))
    torch.testing.assert_close(*averages, rtol=0, atol=1e-5)


def flat(state: dict[str, Tensor]) -> Tensor:
    """All weights of a GroupNorm network, (P,)."""
    return torch.cat([value.flatten() for value in state.values()])
