"""A few threads that stay, for numba kernels that release the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

from edge_sdk.device import usable_processors
from edge_sdk.errors import GeometryError

Job = TypeVar("Job")


def usable_threads() -> int:
    """Processors that this process may run on; 1 where the system does not tell."""
    return usable_processors() or 1


def checked_threads(threads: int) -> int:
    """`threads`, if at least 1.

    Raises:
        GeometryError: `threads` is less than 1.
    """
    if threads < 1:
        raise GeometryError(f"{threads} threads cannot do anything", remedy="give at least 1")
    return threads


def share(jobs: Iterable[Job], worker: Callable[[], Callable[[Job], None]], threads: int | None = None) -> None:
    """Do all jobs, each once, on several threads, of which the caller's is one.

    Args:
        jobs: What to do; they must not depend on each other.
        worker: Makes the function that does a job, once per thread, so that it may keep scratch memory.
        threads: Most threads to use, the caller's included; None: as many as the process may use.

    Raises:
        Exception: One that a job raised, after all threads have stopped; the caller's own before others.
    """
    waiting = list(jobs)
    waiting.reverse()
    threads = min(usable_threads() if threads is None else checked_threads(threads), len(waiting))

    def work() -> None:
        try:
            do = worker()
            while True:
                try:
                    job = waiting.pop()  # atomic
                except IndexError:
                    return
                do(job)
        finally:
            waiting.clear()  # after a failure nobody goes on

    others = [_pool().submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        # Where the pool is busy, those that have not begun have nothing left to do.
        wait([future for future in others if not future.cancel()])
    for future in others:
        if not future.cancelled():
            future.result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, usable_threads() - 1), thread_name_prefix="volume")


if hasattr(os, "register_at_fork"):  # a forked child has the pool's memory but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
