"""The constant lag at which one signal over time is best told by another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.image_motion import Floats, MotionSignal

_STEPS = 8
"""Grid points per standard deviation of the smoothing."""
_REACH = 4
"""Standard deviations after which a sample no longer counts."""
_LONGEST_GAP = 5
"""Samples further apart than this many standard deviations leave a gap."""
_FEWEST = 3
ALIKE = 0.02
"""Peaks whose correlations differ by less are alike."""
_SHARE = 0.5
"""Of the target's samples must find a partner at every lag."""


@dataclass(frozen=True)
class Alignment:
    """What came out of trying lags.

    Attributes:
        lags: (L,) seconds tried.
        correlation: (L,) at each of them, 0 to 1, less what as many random signals would give; NaN where too little
            overlaps.
        peaks: Lag and correlation of every peak; first the chosen one: the highest, or where others are alike, the
            one of them nearest to 0. The target at t goes with the others at t + lag.
        error: Standard error of the lag in seconds; infinite where the signals do not tell.
        significance: How many standard deviations the correlation is from that of unrelated signals (Fisher's z).
        times, target, fitted: The target (M, K) and what the others make of it at that lag, on a regular grid.
        unaligned: (M, K) the same combination of the others at lag 0; NaN where there is none.
    """

    lags: Floats
    correlation: Floats
    peaks: tuple[tuple[float, float], ...]
    error: float
    significance: float
    times: Floats
    target: Floats
    fitted: Floats
    unaligned: Floats


def align(target: MotionSignal, others: MotionSignal, *, smoothing: float, max_lag: float) -> Alignment | None:
    """Find the lag at which a linear combination of `others` comes closest to `target`.

    Both are brought to one regular grid by local linear regression with a Gaussian kernel, the same for both: what
    one sensor resolves and the other does not would else pull the lag to where samples meet. For each lag the least
    squares fit gives R², adjusted for the number of signals and of independent samples (Bartlett's count); a
    parabola through the best three gives the lag between grid points.

    Args:
        target: (M, K) values.
        others: (N, P) values.
        smoothing: Standard deviation of the kernel, seconds.
        max_lag: Lags from -max_lag to max_lag are tried.

    Returns:
        None where the two overlap for too short a time, or one of them is constant.
    """
    if min(len(target.times), len(others.times)) < _FEWEST:
        return None
    step = smoothing / _STEPS
    count = int(np.ceil(max_lag / step))
    start = target.times[0]
    size = int(np.floor((target.times[-1] - start) / step)) + 1
    grid = start + step * np.arange(-count, size + count)
    y = _on_grid(target, grid[count : count + size], smoothing)
    x = _on_grid(others, grid, smoothing)
    wanted = max(_SHARE * np.isfinite(y).all(1).sum(), 8 * _STEPS)
    # A fit is as large as the signals: of each only the result is kept, and the two that are needed are made again.
    left = np.full((2 * count + 1, y.shape[1]), np.nan)
    for at in range(len(left)):
        fit = _fit(y, x[at : at + size])
        if fit is not None and len(fit.rows) >= wanted:
            left[at] = fit.unexplained
    if np.isnan(left).all():
        return None
    best = int(np.nanargmin(left.prod(1)))
    fit = _fit(y, x[best : best + size])
    if fit is None:
        return None
    rank = int(np.linalg.matrix_rank(fit.design))
    independent = max(fit.independent, rank + 4.0)
    adjusted = np.clip(left * (independent - 1) / (independent - rank - 1), None, 1)
    correlation = np.sqrt(1 - adjusted.prod(1) ** (1 / adjusted.shape[1]))
    tops = _tops(correlation)
    fit = _fit(y, x[tops[0] : tops[0] + size])
    if fit is None:
        return None
    lags = np.asarray(np.arange(-count, count + 1) * step, np.float64)
    fitted = np.full(y.shape, np.nan)
    fitted[fit.rows] = fit.fitted + fit.mean_y
    return Alignment(
        lags=lags,
        correlation=correlation,
        peaks=tuple((float(lags[top] + step * _vertex(correlation, top)), float(correlation[top])) for top in tops),
        error=fit.lag_error(step),
        significance=float(np.arctanh(min(correlation[tops[0]], 1 - 1e-12)) * np.sqrt(independent - rank - 2)),
        times=grid[count : count + size],
        target=y,
        fitted=fitted,
        unaligned=fit.apply(x[count : count + size]),
    )


def _tops(correlation: Floats) -> list[int]:
    """Indices of the peaks of (2 C + 1,) correlations over lags from -C to C, the chosen one first."""
    padded = np.concatenate([[-np.inf], np.nan_to_num(correlation, nan=-np.inf), [-np.inf]])
    tops = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]))
    alike = tops[correlation[tops] >= np.nanmax(correlation) - ALIKE]
    chosen = int(alike[np.argmin(abs(alike - len(correlation) // 2))])
    return [chosen, *(int(top) for top in tops if top != chosen and correlation[top] > 0)]


def _vertex(values: Floats, best: int) -> float:
    """Where the parabola through the three values around the highest has its top, in samples from it."""
    if not 0 < best < len(values) - 1 or not np.isfinite(values[best - 1 : best + 2]).all():
        return 0.0
    before, at, after = values[best - 1 : best + 2]
    curvature = before - 2 * at + after
    return float((before - after) / (2 * curvature)) if curvature < 0 else 0.0


@dataclass(frozen=True)
class _Fit:
    """Least squares fit of K columns by others.

    Attributes:
        rows: Which grid points took part.
        design: (R, P) the others there, less their mean.
        coefficients, mean_x, mean_y: What makes the fit.
        fitted, residual: (R, K), both less the mean.
        unexplained: (K,) the residual's share of each column's variance.
    """

    rows: NDArray[np.intp]
    design: Floats
    coefficients: Floats
    mean_x: Floats
    mean_y: Floats
    fitted: Floats
    residual: Floats
    unexplained: Floats

    def apply(self, x: Floats) -> Floats:
        values: Floats = (x - self.mean_x) @ self.coefficients + self.mean_y
        return values

    @property
    def independent(self) -> float:
        """Samples that count as independent, of two series that are each correlated in time (Bartlett 1935)."""
        weight = _autocovariance(self._whitened(self.fitted + self.residual))
        weight = weight * _autocovariance(self._whitened(self.fitted))
        return len(self.rows) / max(1.0, _both_sides(weight) / max(float(weight[0]), 1e-300))

    def lag_error(self, step: float) -> float:
        """Standard error of the lag: the residual over the slope that no refit of the coefficients takes up."""
        slope = self._whitened(np.gradient(self.fitted, step, axis=0))
        free = np.column_stack([np.ones(len(self.rows)), self.design])
        own = slope - free @ np.linalg.lstsq(free, slope, rcond=1e-9)[0]
        power = float((own**2).sum())
        if power <= 1e-9 * float((slope**2).sum()):
            return float("inf")
        weight = _autocovariance(self._whitened(self.residual)) * _autocovariance(own)
        variance = len(self.rows) * max(_both_sides(weight), float(weight[0]))
        return float(np.sqrt(variance) / power)

    def _whitened(self, values: Floats) -> Floats:
        """Columns in units of their residual's spread: a column that tells nothing does not drown the other."""
        spread = np.sqrt((self.residual**2).mean(0))
        result: Floats = values / np.maximum(spread, 1e-9 * max(float(abs(self.fitted).max()), 1e-300))
        return result


def _fit(y: Floats, x: Floats) -> _Fit | None:
    """Least squares fit of y by x where both are known; None where one is constant."""
    rows = np.flatnonzero(np.isfinite(y).all(1) & np.isfinite(x).all(1))
    if len(rows) < 2:
        return None
    mean_x, mean_y = x[rows].mean(0), y[rows].mean(0)
    design, wanted = x[rows] - mean_x, y[rows] - mean_y
    total = (wanted**2).sum(0)
    if not total.any() or not design.any():
        return None
    coefficients = np.linalg.lstsq(design, wanted, rcond=1e-9)[0]
    fitted = design @ coefficients
    residual = wanted - fitted
    left = np.divide((residual**2).sum(0), total, out=np.ones(len(total)), where=total > 0)
    return _Fit(rows, design, coefficients, mean_x, mean_y, fitted, residual, left)


def _both_sides(covariance: Floats) -> float:
    """Sum over positive and negative lags of what is given for lags from 0."""
    return 2 * float(covariance.sum()) - float(covariance[0])


def _autocovariance(values: Floats) -> Floats:
    """Autocovariance over lags 0 to a quarter of the length, summed over columns, tapered to 0."""
    size = len(values)
    spectrum = abs(np.fft.rfft(values - values.mean(0), 2 * size, axis=0)) ** 2
    reach = max(2, size // 4)
    covariance = np.fft.irfft(spectrum.sum(1), 2 * size)[:reach] / size
    tapered: Floats = covariance * (1 - np.arange(reach) / reach)
    return tapered


def _on_grid(motion: MotionSignal, grid: Floats, smoothing: float) -> Floats:
    """(G, K) local linear regression of the values; NaN in gaps and beyond the ends."""
    step = grid[1] - grid[0]
    reach = int(np.ceil(_REACH * smoothing / step))
    nearest = np.rint((motion.times - grid[0]) / step).astype(int)
    rows = nearest[:, None] + np.arange(-reach, reach + 1)
    inside = (rows >= 0) & (rows < len(grid))
    rows = rows.clip(0, len(grid) - 1)
    away = (motion.times[:, None] - grid[rows]) / smoothing
    weight = np.exp(-(away**2) / 2) * motion.weights[:, None] * inside

    def total(values: Floats) -> Floats:
        return np.bincount(rows.ravel(), values.ravel(), len(grid)).astype(np.float64)

    s0, s1, s2 = total(weight), total(weight * away), total(weight * away**2)
    covered = _covered(motion.times, grid, _LONGEST_GAP * smoothing)
    determinant = s0 * s2 - s1**2
    covered &= determinant > 1e-9 * np.maximum(s0**2, 1e-300)
    result = np.full((len(grid), motion.values.shape[1]), np.nan)
    for column, values in enumerate(motion.values.T):
        t0, t1 = total(weight * values[:, None]), total(weight * away * values[:, None])
        result[covered, column] = ((s2 * t0 - s1 * t1) / np.where(covered, determinant, 1))[covered]
    return result


def _covered(times: Floats, grid: Floats, max_gap: float) -> NDArray[np.bool_]:
    """Whether a grid point lies between two samples that are no further apart than `max_gap`."""
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    covered: NDArray[np.bool_] = (times[after] - times[after - 1] <= max_gap) & (grid >= times[0]) & (grid <= times[-1])
    return covered
