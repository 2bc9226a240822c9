"""How long an inference takes."""

from __future__ import annotations

import statistics
import time

from edge_sdk.session import Patch, Session


def median_ms(session: Session, patch: Patch, runs: int) -> float:
    """Median milliseconds of inferences one after the other; the session must have run once before.

    Raises:
        EdgeSdkError: The session fails on the patch.
    """
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.infer(patch)
        times.append(1000.0 * (time.perf_counter() - start))
    return statistics.median(times)
