"""A picture of the result: three orthogonal slices with the labels laid over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.files import atomic_path
from edge_sdk.gray_range import range_of, windowed
from edge_sdk.metrics import class_ml
from edge_sdk.volume.grid import Volume
from edge_sdk.volume.label_colors import label_color

BACKDROP, UNSEEN, INK, FAINT = "#10151b", "#1a2129", "#e8edf2", "#8b97a4"
PIXELS_PER_MM_DRAWN = 4
MAX_WIDTH_IN, MAX_HEIGHT_IN, LEGEND_IN, MARGIN_IN, GAP_IN = 10.0, 8.0, 2.9, 0.55, 0.5


def most_labeled_slices(labels: NDArray[np.uint8], seen: NDArray[np.bool_]) -> tuple[int, int, int]:
    """The slice of each axis (z, y, x) that shows the largest shares of the labels.

    Every label has the same weight, however small it is, and counts only in voxels that were seen. Without labels, the
    slices cut the middle of the voxels that were seen.
    """
    labels = np.where(seen, labels, 0)
    present = [label for label in np.unique(labels) if label != 0]
    masks = [labels == label for label in present] or [seen if seen.any() else np.ones_like(seen)]
    chosen = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        share = np.sum([mask.sum(axis=others) / mask.sum() for mask in masks], axis=0)
        if present:
            chosen.append(int(np.argmax(share)))
        else:
            chosen.append(int(np.searchsorted(np.cumsum(share), share.sum() / 2)))
    return chosen[0], chosen[1], chosen[2]


def write_overlay(
    path: Path,
    volume: Volume,
    mask: Volume,
    seen: NDArray[np.bool_],
    label_names: Mapping[int, str],
    title: str,
) -> None:
    """Write the picture as a PNG.

    The three planes share one scale, so sizes compare; dashed lines mark where the other two planes cut.

    Args:
        path: The PNG file.
        volume: Gray levels (D, H, W).
        mask: Labels (D, H, W) uint8 on the same grid.
        seen: Which voxels received a pixel; the others are drawn dark, unless holes were filled there.
        label_names: Class number → name; 0 is the background.
        title: One line above the picture.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from edge_sdk.plot_style import SETTINGS

    z, y, x = most_labeled_slices(mask.voxels, seen)
    levels = volume.gray_range or (None if volume.voxels.dtype == np.uint8 else range_of(volume.voxels))
    spacing = volume.grid.spacing
    width, height, depth = (n * mm for n, mm in zip(volume.voxels.shape[::-1], spacing, strict=True))
    fixed = 2 * MARGIN_IN + GAP_IN
    inch = min((MAX_WIDTH_IN - fixed) / (width + depth), (MAX_HEIGHT_IN - fixed) / (height + depth))
    right, bottom = max(depth * inch, LEGEND_IN), max(depth * inch, LEGEND_IN * 0.62)
    total = width * inch + right + fixed, height * inch + bottom + fixed + 0.2
    with rc_context(SETTINGS):
        figure = Figure(figsize=total, facecolor=BACKDROP)
        figure.text(MARGIN_IN / total[0], 1 - 0.3 / total[1], title, color=INK, fontsize=12, va="center")

        def panel(left: float, low: float, size_x: float, size_y: float) -> Any:
            return figure.add_axes(
                (left / total[0], low / total[1], size_x * inch / total[0], size_y * inch / total[1])
            )

        column, row = MARGIN_IN + width * inch + GAP_IN, MARGIN_IN + bottom + GAP_IN
        sx, sy, sz = spacing
        at = x * sx, y * sy, z * sz
        world = volume.grid.index_to_world @ (x, y, z, 1)
        low = MARGIN_IN + bottom - depth * inch
        planes = (
            (panel(MARGIN_IN, row, width, height), np.s_[z], (0, 1), f"z = {world[2]:.1f} mm"),
            (panel(column, row, depth, height), np.s_[:, :, x], (2, 1), f"x = {world[0]:.1f} mm"),
            (panel(MARGIN_IN, low, width, depth), np.s_[:, y], (0, 2), f"y = {world[1]:.1f} mm"),
        )
        for axes, cut, (across, down), name in planes:
            gray = volume.voxels[cut]
            parts = [windowed(gray, levels), mask.voxels[cut], seen[cut] | (gray != 0)]
            if across > down:
                parts = [part.T for part in parts]
            _draw_plane(axes, parts, (spacing[across], spacing[down]), (at[across], at[down]))
            axes.set_title(name, color=INK, fontsize=10, loc="left", pad=4)
            axes.text(0, -0.02, f"{'xyz'[across]} →", color=FAINT, fontsize=8, va="top", transform=axes.transAxes)
            axes.text(
                -0.012,
                1,
                f"{'xyz'[down]}\n↓",
                color=FAINT,
                fontsize=8,
                va="top",
                ha="right",
                transform=axes.transAxes,
            )
        _scale_bar(planes[0][0], width)
        _legend(figure, (column / total[0], (MARGIN_IN + bottom) / total[1]), total, mask, label_names)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=140, facecolor=BACKDROP)


def _draw_plane(axes: Any, parts: list[NDArray[Any]], step: tuple[float, float], cross: tuple[float, float]) -> None:
    """One slice (rows down, columns across) with labels as a tint and an outline."""
    import cv2

    gray, labels, seen = (np.ascontiguousarray(part) for part in parts)
    size = tuple(max(2, round(n * mm * PIXELS_PER_MM_DRAWN)) for n, mm in zip(gray.shape[::-1], step, strict=True))

    def enlarged(array: NDArray[Any], how: int) -> NDArray[np.float32]:
        result: NDArray[np.float32] = cv2.resize(array.astype(np.float32), size, interpolation=how)
        return result

    picture = np.repeat(enlarged(gray, cv2.INTER_LINEAR)[..., None], 3, axis=2) / 255
    picture[enlarged(seen, cv2.INTER_NEAREST) < 0.5] = _rgb(UNSEEN)
    for label in np.unique(labels[labels > 0]):
        inside = (enlarged(labels == label, cv2.INTER_LINEAR) >= 0.5).astype(np.uint8)
        outline = cv2.morphologyEx(np.pad(inside, 1), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
        color = _rgb(label_color(int(label)))
        picture[inside > 0] = 0.68 * picture[inside > 0] + 0.32 * color
        picture[outline] = color
    extent = (0, gray.shape[1] * step[0], gray.shape[0] * step[1], 0)
    axes.imshow(np.clip(picture, 0, 1), extent=extent, interpolation="bilinear", aspect="equal")
    axes.axvline(cross[0] + step[0] / 2, color=FAINT, linewidth=0.6, linestyle=(0, (4, 4)), alpha=0.7)
    axes.axhline(cross[1] + step[1] / 2, color=FAINT, linewidth=0.6, linestyle=(0, (4, 4)), alpha=0.7)
    axes.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:])
    for spine in axes.spines.values():
        spine.set(visible=True, edgecolor="#37424e")


def _scale_bar(axes: Any, width: float) -> None:
    length = next((n for n in (50, 20, 10, 5, 2, 1) if n <= width / 3), width / 3)
    low, high = axes.get_ylim()[0], axes.get_xlim()[1]
    axes.plot([high - length - 0.03 * width, high - 0.03 * width], [low * 0.96] * 2, color=INK, linewidth=3)
    axes.text(
        high - 0.03 * width - length / 2,
        low * 0.945,
        f"{length:g} mm",
        color=INK,
        ha="center",
        va="bottom",
        fontsize=9,
    )


def _legend(
    figure: Any,
    corner: tuple[float, float],
    total: tuple[float, float],
    mask: Volume,
    names: Mapping[int, str],
) -> None:
    """Label names, colors and milliliters, from the upper left `corner` (figure fraction) downwards."""
    from matplotlib.patches import Rectangle

    amounts = class_ml(mask.voxels, mask.grid.voxel_ml, names)
    labels = [label for label in sorted(names) if label != 0]
    step = min(0.34, (total[1] * corner[1] - 0.2) / (len(labels) + 1)) / total[1]
    left, top = corner
    figure.text(left, top, "label", color=FAINT, fontsize=9, va="top")
    figure.text(left + 2.6 / total[0], top, "ml", color=FAINT, fontsize=9, va="top", ha="right")
    for place, label in enumerate(labels, start=1):
        middle = top - (place + 0.25) * step
        swatch = (left, middle - 0.08 / total[1]), 0.16 / total[0], 0.16 / total[1]
        figure.add_artist(Rectangle(*swatch, transform=figure.transFigure, color=label_color(label)))
        figure.text(left + 0.28 / total[0], middle, names[label], color=INK, fontsize=11, va="center")
        amount = f"{amounts[names[label]]:.2f}"
        figure.text(left + 2.6 / total[0], middle, amount, color=INK, fontsize=11, va="center", ha="right")


def _rgb(color: str) -> NDArray[np.float32]:
    return np.array([int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)], np.float32)
