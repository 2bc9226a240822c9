from __future__ import annotations

import multiprocessing
import threading

import pytest

from edge_sdk.volume.workers import share


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_each_job_is_done_once(threads):
    done, makers = list[int](), set[int]()

    def worker():
        makers.add(threading.get_ident())
        return done.append

    share(range(100), worker, threads)
    assert sorted(done) == list(range(100))
    assert len(makers) <= (threads or 100)
    share([], worker, threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_reaches_the_caller_and_ends_the_work(threads):
    done = list[int]()

    def do(job):
        if job == 3:
            raise ValueError("job 3")
        done.append(job)

    with pytest.raises(ValueError, match="job 3"):
        share(range(10_000), lambda: do, threads)
    assert len(done) < 10_000
    share([1, 2], lambda: done.append, threads)
    assert sorted(done[-2:]) == [1, 2]


def test_works_while_all_other_threads_are_busy():
    """A job that shares work itself, as a tile of a tile."""
    done = list[tuple[int, int]]()

    def outer(job):
        share(range(3), lambda: lambda inner: done.append((job, inner)), 2)

    share(range(5), lambda: outer, 2)
    assert len(set(done)) == len(done) == 15


def _sum_in_child(queue):
    done = list[int]()
    share(range(20), lambda: done.append, 2)
    queue.put(sum(done))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_forked_child_has_threads_of_its_own():
    share(range(20), lambda: lambda _: None, 2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_sum_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=30) == 190
    child.join(30)
    assert child.exitcode == 0
