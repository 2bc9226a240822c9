"""Labelled volumes as training patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_sdk.errors import TrainingError
from edge_sdk.volume.files import read_volume
from edge_sdk.volume.grid import Volume
from quantization.recipe import Recipe

SUFFIX = ".nii.gz"


@dataclass(frozen=True)
class Case:
    """One labelled volume on disk."""

    name: str
    image: Path
    label: Path


def find_cases(folder: Path) -> list[Case]:
    """Pairs of images/NAME.nii.gz and labels/NAME.nii.gz, by name.

    Raises:
        TrainingError: A folder is missing, empty, or an image has no label.
    """
    images = sorted((folder / "images").glob(f"*{SUFFIX}"))
    if not images:
        raise TrainingError(
            "no images/*.nii.gz found",
            where=folder,
            remedy="give a folder with images/ and labels/ of the same names",
        )
    cases = [Case(p.name.removesuffix(SUFFIX), p, folder / "labels" / p.name) for p in images]
    missing = [case.name for case in cases if not case.label.is_file()]
    if missing:
        raise TrainingError(
            f"{len(missing)} images have no label (first: {missing[0]})",
            where=folder,
            remedy="add labels/NAME.nii.gz",
        )
    return cases


def split_cases(cases: Sequence[Case], fraction: float, seed: int) -> tuple[list[Case], list[Case]]:
    """(training, validation), shuffled by the seed."""
    order = np.random.default_rng(seed).permutation(len(cases))
    held = round(fraction * len(cases))
    return [cases[i] for i in sorted(order[held:])], [cases[i] for i in sorted(order[:held])]


def read_case(case: Case, recipe: Recipe) -> tuple[Volume, Volume]:
    """(image, label) of a case, checked against the recipe.

    Raises:
        TrainingError: Shapes differ, the spacing is not the recipe's, or a label value has no name.
    """
    image, label = read_volume(case.image), read_volume(case.label)
    if image.voxels.shape != label.voxels.shape:
        raise TrainingError(
            f"image of {image.voxels.shape} voxels, label of {label.voxels.shape}",
            where=case.label,
            remedy="resample the label",
        )
    if not np.allclose(image.grid.spacing, recipe.data.spacing_mm, rtol=0.02):
        raise TrainingError(
            f"spacing {tuple(round(s, 3) for s in image.grid.spacing)} mm, the recipe says {recipe.data.spacing_mm}",
            where=case.image,
            remedy="resample the data, or change data.spacing_mm",
        )
    unknown = set(np.unique(label.voxels).tolist()) - set(recipe.label_names)
    if unknown:
        raise TrainingError(
            f"label values {sorted(unknown)} have no name",
            where=case.label,
            remedy="name them in data.labels",
        )
    return image, label


class PatchSampler:
    """Batches of augmented patches; batch number n is the same in every run with the same seed.

    So a run resumed at step n sees what an uninterrupted one would have seen.
    """

    def __init__(self, cases: Sequence[Case], recipe: Recipe, *, batch: int, augment: bool = True) -> None:
        self.batch, self.seed, self.augment = batch, recipe.seed, augment
        shift, scale = recipe.data.normalisation.shift, recipe.data.normalisation.scale
        self.items = []
        for case in cases:
            image, label = read_case(case, recipe)
            voxels = (image.voxels.astype(np.float32) - shift) / scale
            self.items.append(
                {
                    "image": torch.from_numpy(voxels)[None],
                    "label": torch.from_numpy(label.voxels.astype(np.uint8))[None],
                }
            )
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
