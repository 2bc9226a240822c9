"""PLUS's running mean of a voxel that a pixel hits."""

# ruff: noqa: ARG001 (numba binds the arguments of an implementation by their names)

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from edge_sdk.volume.arithmetic.conversion import toward_zero
from edge_sdk.volume.arithmetic.implementations import chosen, floating
from edge_sdk.volume.insertion.modes import FULL_HIT, LARGEST, SATURATED

_SHIFT = np.uint64(32)
_RECIPROCALS = np.array([-(-(1 << 32) // count) for count in range(1, 257)], np.uint64)
"""2³² / (n + 1), rounded up: for numerators below 2¹⁶ the product's upper half is the exact integer quotient."""
_SHARES = _RECIPROCALS * np.arange(256, dtype=np.uint64)


def mean_of(old: Any, weight: Any, value: Any, added: Any) -> Any:
    """The mean of a voxel's level and a pixel's, weighted, as PLUS truncates it."""
    raise NotImplementedError


@chosen(mean_of)
def _mean_of(old, weight, value, added):  # type: ignore[no-untyped-def]
    if floating(value):

        def float32(old, weight, value, added):  # type: ignore[no-untyped-def]
            total = np.float32(weight + added)
            return np.float32(np.float32(value * np.float32(added)) + np.float32(old * np.float32(weight))) / total

        return float32

    if value == types.uint64:
        return lambda old, weight, value, added: (value * added + old * weight) // (weight + added)

    def whole(old, weight, value, added):  # type: ignore[no-untyped-def]
        before, more = np.int64(weight), np.int64(added)
        return toward_zero(value * more + old * before, before + more)

    return whole


def filtered(old: Any, value: Any) -> Any:
    """PLUS's recursive filter of a voxel that has too many hits to count: 255/256 of its level, 1/256 of the pixel."""
    raise NotImplementedError


@chosen(filtered)
def _filtered(old, value):  # type: ignore[no-untyped-def]
    if floating(value):
        return lambda old, value: np.float32(np.float64(value) / 256 + np.float64(old) * (255 / 256))
    if value == types.uint64:
        return lambda old, value: (value + np.uint64(255) * old) >> np.uint64(8)
    return lambda old, value: toward_zero(value + np.int64(255) * old, np.int64(256))


def nearest_mean(old: Any, weight: Any, value: Any) -> Any:
    """(level, weight) of a voxel after a full hit of a pixel."""
    raise NotImplementedError


@chosen(nearest_mean)
def _nearest_mean(old, weight, value):  # type: ignore[no-untyped-def]
    if value == types.uint64:

        def byte(old, weight, value):  # type: ignore[no-untyped-def]
            if weight > SATURATED:
                return filtered(old, value), weight
            count = weight >> np.uint64(8)
            mean = (value * _RECIPROCALS[count] + old * _SHARES[count]) >> _SHIFT
            return mean, weight + np.uint64(FULL_HIT)

        return byte

    def wide(old, weight, value):  # type: ignore[no-untyped-def]
        if weight > SATURATED:
            return filtered(old, value), weight
        return mean_of(old, weight, value, np.uint64(FULL_HIT)), weight + np.uint64(FULL_HIT)

    return wide


def nearest_weighted(old: Any, weight: Any, value: Any, importance: Any) -> Any:
    """(level, weight) of a voxel after a hit of a pixel with an importance, uint8."""
    raise NotImplementedError


@chosen(nearest_weighted)
def _nearest_weighted(old, weight, value, importance):  # type: ignore[no-untyped-def]
    def hit(old, weight, value, importance):  # type: ignore[no-untyped-def]
        added = np.uint64(importance)
        if weight > SATURATED:
            return filtered(old, value), weight
        if added == 0:
            return old, weight
        return mean_of(old, weight, value, added), min(weight + added, np.uint64(LARGEST))

    return hit
