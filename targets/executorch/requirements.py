"""The oldest ExecuTorch that runs a program, as far as it was tried."""

from __future__ import annotations

from pathlib import Path

from executorch.exir._serialize._program import deserialize_pte_binary

OLDEST_TRIED = "1.0"
"""1.0.1 ran programs that 1.4.1 made, FP32 and INT8. ExecuTorch promises that newer runtimes run older programs, and
nothing about older ones; what 1.0.1 was tried with is one XNNPACK delegate and no operators beside it."""
MADE_FOR_LATER = "1.4"
_DELEGATE = "XnnpackBackend"


def oldest_runtime(artifact: Path) -> str:
    """Major and minor number of the oldest ExecuTorch that ran such a program.

    Args:
        artifact: A model.pte.
    """
    file = deserialize_pte_binary(artifact.read_bytes())
    plans = getattr(file, "program", file).execution_plan
    plain = all(not plan.operators and {each.id for each in plan.delegates} == {_DELEGATE} for plan in plans)
    return OLDEST_TRIED if plain else MADE_FOR_LATER
