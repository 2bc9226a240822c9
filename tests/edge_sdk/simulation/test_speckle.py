"""Speckle statistics against theory."""

from __future__ import annotations

import numpy as np
from scipy import stats

from edge_sdk.simulation.speckle import gaussian_mean, scatterer_field, slow_variation

SPACING = (0.4, 0.3, 0.5)
SIGMA = (0.5, 0.3, 0.6)


def uniform_field(seed: int = 0) -> np.ndarray:
    field = scatterer_field(np.ones((104, 104, 104), np.float32), SPACING, np.random.default_rng(seed), SIGMA)
    inside = slice(8, -8)  # the edge is mirrored, which adds variance there
    return (field[..., 0] + 1j * field[..., 1])[inside, inside, inside]


def test_magnitude_of_uniform_tissue_is_rayleigh() -> None:
    magnitude = np.abs(uniform_field())
    # Rayleigh: mean / standard deviation = sqrt(pi / (4 - pi)) = 1.91, the signal-to-noise ratio of speckle.
    assert np.isclose(magnitude.mean() / magnitude.std(), 1.913, rtol=0.02)
    assert np.isclose((magnitude**2).mean(), 1.0, rtol=0.03)
    independent = magnitude[::7, ::7, ::7].ravel()
    assert stats.kstest(independent, stats.rayleigh(scale=np.sqrt(0.5)).cdf).pvalue > 0.01


def test_correlation_falls_as_the_point_spread_function_says() -> None:
    field = uniform_field(1)
    for axis, (sigma, step) in enumerate(zip(SIGMA[::-1], SPACING[::-1], strict=True)):
        for lag in (1, 2, 3):
            lagged = np.moveaxis(field, axis, 0)
            measured = (lagged[lag:] * lagged[:-lag].conj()).mean().real
            assert np.isclose(measured, np.exp(-((lag * step) ** 2) / (4 * sigma**2)), atol=0.03)


def test_amplitude_scales_the_echo() -> None:
    amplitude = np.ones((40, 40, 80), np.float32)
    amplitude[..., 40:] = 10.0
    field = scatterer_field(amplitude, SPACING, np.random.default_rng(2), SIGMA)
    power = (field**2).sum(axis=-1)
    assert np.isclose(power[..., 48:].mean() / power[..., :32].mean(), 100.0, rtol=0.1)


def test_smoothing_keeps_a_constant_and_spreads_an_impulse() -> None:
    values = np.full((12, 13, 14), 3.5, np.float32)
    assert np.allclose(gaussian_mean(values, SPACING, SIGMA), 3.5, rtol=1e-5)
    impulse = np.zeros((31, 31, 31), np.float32)
    impulse[15, 15, 15] = 1
    smooth = gaussian_mean(impulse, SPACING, SIGMA)
    assert np.isclose(smooth.sum(), 1.0, rtol=1e-4)
    x = (np.arange(31) - 15) * SPACING[0]
    assert np.isclose((smooth.sum(axis=(0, 1)) * x**2).sum(), SIGMA[0] ** 2, rtol=0.05)


def test_slow_variation_is_standardized_and_smooth() -> None:
    noise = slow_variation((40, 50, 60), (0.5, 0.5, 0.5), np.random.default_rng(3), step=6.0)
    assert noise.shape == (40, 50, 60)
    assert abs(noise.mean()) < 1e-3
    assert np.isclose(noise.std(), 1.0, rtol=1e-3)
    for axis in range(3):
        assert np.diff(noise, axis=axis).std() < 0.2
