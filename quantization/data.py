"""Labelled volumes as training patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_sdk.errors import TrainingError
from edge_sdk.inference.cases import Case
from edge_sdk.volume.grid import Volume
from quantization.recipe import Recipe

Item = Mapping[str, Tensor]


def split_cases(cases: Sequence[Case], fraction: float, seed: int) -> tuple[list[Case], list[Case]]:
    """(training, validation), shuffled by the seed.

    Raises:
        TrainingError: No case is left to train on.
    """
    order = np.random.default_rng(seed).permutation(len(cases))
    held = round(fraction * len(cases))
    if held >= len(cases):
        raise TrainingError(
            f"{len(cases)} cases, of which {held} are held out: none is left to train on",
            remedy="give more cases, or a smaller data.validation_fraction",
        )
    return [cases[i] for i in sorted(order[held:])], [cases[i] for i in sorted(order[:held])]


def read_case(case: Case, recipe: Recipe) -> tuple[Volume, Volume]:
    """(image, label) of a case, checked against the recipe.

    Raises:
        FileFormatError, GeometryError: The two do not belong together, or a label value has no name.
        TrainingError: The spacing is not the recipe's.
    """
    image, label = case.read(recipe.label_names)
    if not np.allclose(image.grid.spacing, recipe.data.spacing_mm, rtol=0.02):
        given = tuple(round(s, 3) for s in image.grid.spacing)
        raise TrainingError(
            f"spacing {given} mm, the recipe says {recipe.data.spacing_mm}",
            where=case.image,
            remedy="resample the data, or change data.spacing_mm",
        )
    return image, label


def load_items(cases: Sequence[Case], recipe: Recipe) -> list[Item]:
    """The volumes of all cases in memory: "image" (1, D, H, W) float32, normalised, and "label" (1, D, H, W) uint8.

    Raises:
        FileFormatError, GeometryError, TrainingError: As `read_case`.
    """
    shift, scale = recipe.data.normalisation.shift, recipe.data.normalisation.scale
    items: list[Item] = []
    for case in cases:
        image, label = read_case(case, recipe)
        voxels = (image.voxels.astype(np.float32) - shift) / scale
        labels = label.voxels.astype(np.uint8)
        items.append({"image": torch.from_numpy(voxels)[None], "label": torch.from_numpy(labels)[None]})
    return items


class PatchSampler:
    """Batches of augmented patches; batch number n is the same in every run with the same seed.

    So a run resumed at step n sees what an uninterrupted one would have seen.
    """

    def __init__(self, items: Sequence[Item], recipe: Recipe, *, batch: int, augment: bool = True) -> None:
        """
        Args:
            items: What `load_items` read; several samplers may share them.
        """
        self.items, self.batch, self.seed = items, batch, recipe.seed
        self.transform = _pipeline(recipe, augment)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """(images (B, 1, D, H, W) float32, labels (B, 1, D, H, W) int64) of a step."""
        draw = np.random.default_rng((self.seed, step))
        chosen = draw.integers(0, len(self.items), self.batch)
        self.transform.set_random_state(seed=int(draw.integers(0, 2**31)))
        patches: list[Any] = [self.transform(self.items[index]) for index in chosen]
        images = torch.stack([torch.as_tensor(patch[0]["image"]) for patch in patches]).float()
        labels = torch.stack([torch.as_tensor(patch[0]["label"]) for patch in patches]).long()
        return images, labels


def _pipeline(recipe: Recipe, augment: bool) -> Any:
    from monai import transforms as mt

    keys, size, jitter = ("image", "label"), recipe.data.patch, recipe.data.intensity_jitter
    shift, scale = recipe.data.normalisation.shift, recipe.data.normalisation.scale
    classes = len(recipe.data.labels)
    steps: list[Any] = [
        mt.SpatialPadd(keys, size, constant_values=(-shift / scale, 0)),
        mt.RandCropByLabelClassesd(keys, "label", size, num_classes=classes, num_samples=1, warn=False),
    ]
    if augment and recipe.data.flip:
        steps += [mt.RandFlipd(keys, prob=0.5, spatial_axis=axis) for axis in range(3)]
    if augment and jitter > 0:
        steps += [
            mt.RandScaleIntensityd("image", factors=jitter, prob=0.5),
            mt.RandShiftIntensityd("image", offsets=jitter, prob=0.5),
            mt.RandGaussianNoised("image", prob=0.3, std=jitter / 2),
        ]
    return mt.Compose(steps, lazy=False)
