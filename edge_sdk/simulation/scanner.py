"""From echo field to B-mode: attenuation and shadow along beams, log compression, scan conversion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from edge_sdk.simulation.phantom import TISSUE, Phantom
from edge_sdk.simulation.probe import BEAM_STEP_MM, Probe
from edge_sdk.simulation.speckle import PSF_SIGMA_MM, gaussian_mean, scatterer_field, slow_variation
from edge_sdk.volume.grid import Grid

# Steps of the echo field, mm, (x, y, z): about one standard deviation of the point-spread function.
FIELD_SPACING_MM = (0.40, 0.25, 0.45)
DYNAMIC_RANGE_DB = 58.0
# Gray level of background tissue as a share of white, at gain 0.
TISSUE_LEVEL = 0.46
# Share of the tissue's attenuation that the time-gain compensation makes up for.
TGC_SHARE = 0.92


@dataclass(frozen=True)
class EchoField:
    """The world as ultrasound sees it.

    Attributes:
        echoes: Complex, (D, H, W, 2).
        attenuation: Two-way, dB/mm, (D, H, W).
        grid: Of both, aligned with the world's axes.
    """

    echoes: NDArray[np.float32]
    attenuation: NDArray[np.float32]
    grid: Grid


@dataclass(frozen=True)
class Settings:
    """Of the machine: gain (dB) and dynamic range (dB)."""

    gain_db: float = 0.0
    dynamic_range_db: float = DYNAMIC_RANGE_DB


def echo_field(phantom: Phantom, grid: Grid) -> EchoField:
    """Scatterers of a phantom on a grid that is aligned with the world's axes."""
    generator = np.random.default_rng(phantom.seed)
    index = phantom.materials(grid)
    echo_db = np.array([m.echo_db for m in phantom.palette], np.float32)[index]
    echo_db += np.float32(phantom.variation_db) * slow_variation(grid.shape, grid.spacing, generator)
    amplitude = np.power(np.float32(10), echo_db / np.float32(20))
    attenuation = np.array([m.attenuation for m in phantom.palette], np.float32)[index]
    # A beam is as wide as its point-spread function: shadows have soft edges.
    attenuation = gaussian_mean(attenuation, grid.spacing, PSF_SIGMA_MM)
    return EchoField(scatterer_field(amplitude, grid.spacing, generator), attenuation, grid)


class Scanner:
    """Makes frames of one echo field with one probe."""

    def __init__(self, field: EchoField, probe: Probe, settings: Settings | None = None) -> None:
        self._field, self._probe = field, probe
        self._settings = settings or Settings()
        self._world_to_index = np.linalg.inv(field.grid.index_to_world)
        self._starts, self._directions = probe.beam_rays()
        self._lookup = probe.pixel_lookup()

    def beams(self, face_to_world: NDArray[np.float64]) -> NDArray[np.float32]:
        """Echo along every beam before compression, dB over background tissue; (beams, samples) float32.

        Attenuation and time-gain compensation are in it; places outside the field are minus infinity.
        """
        matrix = self._world_to_index @ face_to_world
        starts = self._starts @ matrix[:3, :3].T + matrix[:3, 3]
        steps = self._directions @ matrix[:3, :3].T * BEAM_STEP_MM
        return np.asarray(
            _trace(
                self._field.echoes,
                self._field.attenuation,
                starts,
                steps,
                self._probe.samples,
                BEAM_STEP_MM,
                TGC_SHARE * TISSUE.attenuation,
            )
        )

    def frame(self, face_to_world: NDArray[np.float64]) -> NDArray[np.uint8]:
        """B-mode image (H, W) uint8 of the probe at a pose (4×4, mm); black outside the beams."""
        scale = 1.0 / self._settings.dynamic_range_db
        level = TISSUE_LEVEL + (self.beams(face_to_world) + np.float32(self._settings.gain_db)) * scale
        np.clip(level, 0.0, 1.0, out=level)
        sample, beam, seen = self._lookup
        image = cv2.remap(level, sample, beam, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(np.where(seen, np.rint(image * 255), 0), np.uint8)


@numba.njit(cache=True, nogil=True)
def _trace(echoes, attenuation, starts, steps, samples, step_mm, tgc):  # type: ignore[no-untyped-def]
    """Walks every beam: interpolated echo, less the attenuation met so far, plus time-gain compensation."""
    depth, height, width = attenuation.shape
    beams = len(starts)
    out = np.full((beams, samples), -np.inf, np.float32)
    for b in range(beams):
        lost = 0.0
        for s in range(samples):
            x = starts[b, 0] + s * steps[b, 0]
            y = starts[b, 1] + s * steps[b, 1]
            z = starts[b, 2] + s * steps[b, 2]
            if x < 0 or y < 0 or z < 0 or x >= width - 1 or y >= height - 1 or z >= depth - 1:
                continue
            i, j, k = int(x), int(y), int(z)
            fx, fy, fz = np.float32(x - i), np.float32(y - j), np.float32(z - k)
            real, imaginary = np.float32(0), np.float32(0)
            for dz in range(2):
                wz = fz if dz else np.float32(1) - fz
                for dy in range(2):
                    wy = wz * (fy if dy else np.float32(1) - fy)
                    for dx in range(2):
                        w = wy * (fx if dx else np.float32(1) - fx)
                        real += w * echoes[k + dz, j + dy, i + dx, 0]
                        imaginary += w * echoes[k + dz, j + dy, i + dx, 1]
            power = real * real + imaginary * imaginary + np.float32(1e-12)
            out[b, s] = 10.0 * np.log10(power) - lost + tgc * s * step_mm
            lost += attenuation[int(z + 0.5), int(y + 0.5), int(x + 0.5)] * step_mm
    return out
