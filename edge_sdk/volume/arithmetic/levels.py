"""Pixels in the types in which kernels compute."""

# ruff: noqa: ARG001, PLW0108 (numba binds the arguments of an implementation by their names)

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from edge_sdk.volume.arithmetic.implementations import chosen, floating


def level(pixel: Any) -> Any:
    """A pixel in the type in which nearest insertion computes: uint64 for 8 bits, int64 or float32 otherwise."""
    raise NotImplementedError


@chosen(level)
def _level(pixel):  # type: ignore[no-untyped-def]
    if floating(pixel):
        return lambda pixel: np.float32(pixel)
    return (lambda pixel: np.uint64(pixel)) if pixel == types.uint8 else (lambda pixel: np.int64(pixel))


def signed_level(pixel: Any) -> Any:
    """A pixel as int64, or float32."""
    raise NotImplementedError


@chosen(signed_level)
def _signed_level(pixel):  # type: ignore[no-untyped-def]
    return (lambda pixel: np.float32(pixel)) if floating(pixel) else (lambda pixel: np.int64(pixel))


def fine_level(pixel: Any) -> Any:
    """A pixel in the type in which linear insertion computes: float64 for 8 bits, int64 or float32 otherwise."""
    raise NotImplementedError


@chosen(fine_level)
def _fine_level(pixel):  # type: ignore[no-untyped-def]
    if floating(pixel):
        return lambda pixel: np.float32(pixel)
    return (lambda pixel: np.float64(pixel)) if pixel == types.uint8 else (lambda pixel: np.int64(pixel))


def left_out(pixel: Any, darkest: Any) -> bool:
    """Whether a pixel is darker than `darkest`, or not finite."""
    raise NotImplementedError


@chosen(left_out)
def _left_out(pixel, darkest):  # type: ignore[no-untyped-def]
    if floating(pixel):
        return lambda pixel, darkest: not (pixel >= darkest and abs(pixel) < np.inf)
    return lambda pixel, darkest: pixel < darkest


def weighed(pixel: Any, darkest: Any, factor: Any) -> Any:
    """(value, factor) of a pixel, float32; both count for nothing where it is left out."""
    raise NotImplementedError


@chosen(weighed)
def _weighed(pixel, darkest, factor):  # type: ignore[no-untyped-def]
    if floating(pixel):

        def float32(pixel, darkest, factor):  # type: ignore[no-untyped-def]
            out = left_out(pixel, darkest)  # NaN · 0 would be NaN
            return (np.float32(0), np.float32(0)) if out else (np.float32(pixel), factor)

        return float32

    def whole(pixel, darkest, factor):  # type: ignore[no-untyped-def]
        return np.float32(pixel), (np.float32(0) if left_out(pixel, darkest) else factor)

    return whole
