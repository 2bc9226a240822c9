"""Denormal numbers take a slow path in many CPUs' float units: a benchmark lets them count as zero.

The setting is the calling thread's, and threads that are started later inherit it: call before a runtime opens.
"""

from __future__ import annotations

import ctypes
import platform
import sys

import numpy as np

_X86_FLUSH = 0x8040
"""MXCSR: flush to zero (bit 15), denormals are zero (bit 6)."""
_ARM_FLUSH = 1 << 24
"""FPCR: flush to zero."""
_X86_MXCSR = 7
"""Index of MXCSR among the 32-bit words of glibc's fenv_t on x86-64; on arm64, FPCR is the first word."""


def flush_denormals() -> str | None:
    """Flush denormals in this thread and those it starts; None, or why that could not be done."""
    places = {
        "x86_64": (_X86_MXCSR, _X86_FLUSH),
        "aarch64": (0, _ARM_FLUSH),
    }
    machine = platform.machine()
    if sys.platform != "linux" or machine not in places:
        return f"only done on Linux on {' and '.join(places)}, this is {platform.system()} on {machine}"
    register, flush = places[machine]
    environment = (ctypes.c_uint32 * 8)()
    try:
        library = ctypes.CDLL(None)
        library.fegetenv(environment)
        environment[register] |= flush
        library.fesetenv(environment)
    except (OSError, AttributeError):
        return "the C library has no fesetenv"
    return None if denormals_are_flushed() else "the C library did not change the float unit's mode"


def denormals_are_flushed() -> bool:
    """Whether half of the smallest normal float32 is 0 here."""
    smallest = np.full(4, np.finfo(np.float32).tiny)
    return not (smallest * np.float32(0.5)).any()
