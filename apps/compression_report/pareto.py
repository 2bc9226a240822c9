"""Which of what was tried nothing else beats."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(latencies: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Indices of the points that no other one beats in both, fastest first.

    A point is beaten where another is at least as fast and at least as accurate, and better in one of the two; of
    equal points the first is kept.
    """
    order = sorted(range(len(latencies)), key=lambda index: (latencies[index], -scores[index], index))
    front: list[int] = []
    for index in order:
        if not front or scores[index] > scores[front[-1]]:
            front.append(index)
    return front
