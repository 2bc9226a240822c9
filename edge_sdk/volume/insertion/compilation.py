"""How kernels are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numba
from numba import njit

kernel = njit(cache=True, nogil=True, error_model="numpy")
"""Decorator of kernels: kept on disk, so that a second process starts at once, and free of Python's lock."""


@contextmanager
def superword_vectorised() -> Iterator[None]:
    """Compile what is compiled within with LLVM's superword vectoriser.

    Clang has it on by default, numba has it off. The eight corners of a linear insertion become vector lanes: twice
    as fast with the same rounding, as the tests against PLUS's volumes show.
    """
    before = numba.config.SLP_VECTORIZE
    numba.config.SLP_VECTORIZE = 1
    try:
        yield
    finally:
        numba.config.SLP_VECTORIZE = before
