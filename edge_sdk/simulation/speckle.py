"""Fully developed speckle, fixed in the world.

Scatterers are complex Gaussian, scaled by the square root of the local echogenicity and blurred by a
point-spread function of three widths; the magnitude is then Rayleigh distributed (Wagner, Smith, Sandrik and
Lopez 1983). Since the field belongs to the world and not to a frame, frames that cross the same place agree.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Standard deviations of the point-spread function, mm: lateral (x), axial (y), elevational (z).
PSF_SIGMA_MM = (0.42, 0.25, 0.50)
# Scale of the slow echogenicity variation of tissue, mm.
VARIATION_STEP_MM = 9.0
_TRUNCATE_SIGMA = 3.0


def scatterer_field(
    amplitude: NDArray[np.float32],
    spacing: tuple[float, float, float],
    generator: np.random.Generator,
    psf_sigma: tuple[float, float, float] = PSF_SIGMA_MM,
) -> NDArray[np.float32]:
    """The complex echo field.

    Args:
        amplitude: (D, H, W) square root of echogenicity.
        spacing: mm, (x, y, z).
        generator: Source of the scatterers.
        psf_sigma: Standard deviations of the Gaussian point-spread function, mm, (x, y, z).

    Returns:
        (D, H, W, 2) float32, real and imaginary part; the mean square is the squared amplitude.
    """
    field = generator.standard_normal((*amplitude.shape, 2), dtype=np.float32)
    field *= (amplitude * np.float32(np.sqrt(0.5)))[..., None]
    kernels = [_gaussian(sigma / step) for sigma, step in zip(psf_sigma, spacing, strict=True)]
    # Squares that sum to 1 keep the variance of white noise.
    return _filter(field, [taps / np.sqrt((taps**2).sum()) for taps in kernels])


def gaussian_mean(
    values: NDArray[np.float32], spacing: tuple[float, float, float], sigma: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Gaussian smoothing of (D, H, W); spacing and standard deviations in mm, (x, y, z)."""
    kernels = [_gaussian(s / step) for s, step in zip(sigma, spacing, strict=True)]
    return _filter(values[..., None].copy(), [taps / taps.sum() for taps in kernels])[..., 0]


def slow_variation(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    generator: np.random.Generator,
    step: float = VARIATION_STEP_MM,
) -> NDArray[np.float32]:
    """Smooth noise of standard deviation about 1 with structures of `step` mm; (D, H, W) float32."""
    coarse = [max(4, int(np.ceil(n * mm / step)) + 1) for n, mm in zip(shape, spacing[::-1], strict=True)]
    noise = generator.standard_normal(coarse, dtype=np.float32)
    planes = np.stack([cv2.resize(p, shape[:0:-1], interpolation=cv2.INTER_CUBIC) for p in noise])
    flat = planes.reshape(len(planes), -1)
    out = np.empty((shape[0], flat.shape[1]), np.float32)
    rows = np.linspace(0, len(planes) - 1, shape[0])
    low = np.minimum(rows.astype(int), len(planes) - 2)
    # Raised-cosine weights keep the seams between coarse planes smooth.
    weight = (0.5 - 0.5 * np.cos(np.pi * (rows - low))).astype(np.float32)
    for z in range(shape[0]):
        out[z] = (1 - weight[z]) * flat[low[z]] + weight[z] * flat[low[z] + 1]
    out -= out.mean()
    out /= out.std()
    return out.reshape(shape)


def _gaussian(sigma: float) -> NDArray[np.float32]:
    reach = max(1, int(np.ceil(_TRUNCATE_SIGMA * sigma)))
    return np.asarray(np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), np.float32)


def _filter(field: NDArray[np.float32], kernels: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Separable filter of (D, H, W, C), in place but for the last pass; kernels along x, y, z."""
    kernel_x, kernel_y, kernel_z = kernels
    for plane in field:
        plane[:] = cv2.sepFilter2D(plane, -1, kernel_x, kernel_y, borderType=cv2.BORDER_REFLECT).reshape(plane.shape)
    flat = field.reshape(len(field), -1)
    along_z = cv2.sepFilter2D(flat, -1, np.ones(1, np.float32), kernel_z, borderType=cv2.BORDER_REFLECT)
    return np.asarray(along_z, np.float32).reshape(field.shape)
