"""PLUS's running mean of a voxel that gets a share of a pixel."""

# ruff: noqa: ARG001 (numba binds the arguments of an implementation by their names)

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from edge_sdk.volume.arithmetic.implementations import chosen
from edge_sdk.volume.insertion.corners import SHARE_BITS
from edge_sdk.volume.insertion.modes import LARGEST

_TIE = 2.0**-40
"""Lifts an exact tie over the error of a reciprocal; any other quotient is at least 2⁻³⁸ away from one."""
_ROUNDED_TWICE = 0.5 + 0.5 / (1 << SHARE_BITS) + _TIE
_TWICE_BITS = SHARE_BITS + 1
_TWICE = np.int64((1 << SHARE_BITS) + 1)


def running_mean(old: Any, weight: Any, value: Any, share: Any, unit_bits: Any) -> Any:
    """The running mean of one voxel, and its weight, whose unit is 2^unit_bits of the share's.

    PLUS rounds the mean of integers twice, first to the share's fractional bits, then to a gray level; it does not
    round float32.

    Args:
        old: Level of the voxel, see `edge_sdk.volume.arithmetic.levels.fine_level`.
        weight: int32 accumulated weight, 256 for a full hit.
        value: Level of the pixel.
        share: int32 with SHARE_BITS fractional bits; 0 leaves the voxel as it is.
        unit_bits: Fractional bits of `share` in a unit of `weight`.
    """
    raise NotImplementedError


@chosen(running_mean)
def _running_mean(old, weight, value, share, unit_bits):  # type: ignore[no-untyped-def]
    if value == types.float64:

        def byte(old, weight, value, share, unit_bits):  # type: ignore[no-untyped-def]
            before = np.int32(weight << unit_bits)
            total = np.int32(before + share)
            mean = (np.float64(share) * value + np.float64(before) * old) * (1.0 / np.float64(total))
            rounded = np.floor(mean + _ROUNDED_TWICE)
            new_weight = np.int32(min(np.int32(total + (1 << (unit_bits - 1))) >> unit_bits, LARGEST))
            return (old, weight) if share == 0 else (rounded, new_weight)

        return byte

    if value == types.int64:

        def whole(old, weight, value, share, unit_bits):  # type: ignore[no-untyped-def]
            if share == 0:
                return old, weight
            before = np.int64(weight) << unit_bits
            total = before + np.int64(share)
            # Both roundings at once, in integers: a 16-bit mean leaves a double too few bits to tell a tie.
            numerator = ((np.int64(share) * value + before * old) << _TWICE_BITS) + total * _TWICE
            mean = numerator // (total << _TWICE_BITS)
            return mean, np.int32(min((total + (1 << (unit_bits - 1))) >> unit_bits, LARGEST))

        return whole

    def float32(old, weight, value, share, unit_bits):  # type: ignore[no-untyped-def]
        if share == 0:
            return old, weight
        before = np.int64(weight) << unit_bits
        total = before + np.int64(share)
        # The share's unit is a power of two, so leaving it out changes no rounding.
        numerator = np.float32(np.float32(share) * value) + np.float32(np.float32(before) * old)
        new_weight = np.int32(min((total + (1 << (unit_bits - 1))) >> unit_bits, LARGEST))
        return np.float32(numerator / np.float32(total)), new_weight

    return float32
