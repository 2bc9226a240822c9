"""Labeled volumes as training patches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge_sdk.errors import TrainingError
from edge_sdk.inference.cases import Case
from edge_sdk.inference.extreme_levels import without_extremes
from edge_sdk.progress import Progress
from edge_sdk.volume.files import read_volume
from edge_sdk.volume.grid import Volume
from edge_sdk.volume.orientation import axis_order, orientation_of, reoriented
from quantization.recipe import NO_ORIENTATION, Recipe
from quantization.split import DatasetSplit

Item = Mapping[str, Tensor]


def read_case(case: Case, recipe: Recipe) -> tuple[Volume, Volume]:
    """(image, label) of a case, brought to the recipe's orientation and checked against the recipe.

    The image has no extreme levels.

    Raises:
        FileFormatError, GeometryError: The two do not belong together, the image holds NaN or infinity, or a label
            value has no name.
        TrainingError: The spacing is not the recipe's, the image holds one value only, or does not say how its axes lie
            where the recipe has an orientation.
    """
    image, label = _oriented(case, recipe)
    if not np.allclose(image.grid.spacing, recipe.data.spacing_mm, rtol=0.02):
        given = tuple(round(s, 3) for s in image.grid.spacing)
        raise TrainingError(
            f"spacing {given} mm, the recipe says {recipe.data.spacing_mm}",
            where=case.image,
            remedy="resample the data, or change data.spacing_mm",
        )
    if image.voxels.min() == image.voxels.max():
        raise TrainingError(
            f"every voxel is {image.voxels.flat[0]:g}: there is no image",
            where=case.image,
            remedy="remove this case, or export its image again",
        )
    return without_extremes(image, recipe.data.normalization, where=case.image), label


def _oriented(case: Case, recipe: Recipe) -> tuple[Volume, Volume]:
    image, label = case.read(recipe.label_names)
    wanted = recipe.data.anatomy
    if wanted is not None and not image.located:
        raise TrainingError(
            f"does not say how its axes lie in the patient, and the recipe's data.orientation is {wanted}",
            where=case.image,
            remedy=f'give it its geometry, or set data.orientation = "{NO_ORIENTATION}" if all cases are stored alike',
        )
    order = axis_order(image.grid.direction, wanted)
    return reoriented(image, order), reoriented(label, order)


def _check_stored_alike(cases: Iterable[Case], recipe: Recipe) -> None:
    """Refuse cases that lie differently where the recipe takes them as they are stored.

    Raises:
        TrainingError: Two such cases.
    """
    if recipe.data.anatomy is not None:
        return
    first: tuple[Case, str] | None = None
    for case in cases:
        image = read_volume(case.image)
        if not image.located:
            continue
        orientation = orientation_of(image.grid.direction)
        first = first or (case, orientation)
        if orientation != first[1]:
            raise TrainingError(
                f"is stored {orientation}, {first[0].name} is stored {first[1]}, and data.orientation = "
                f'"{NO_ORIENTATION}" takes both as they are',
                where=case.image,
                remedy=f'set data.orientation = "{first[1]}" in the recipe',
            )


def load_split(split: DatasetSplit, recipe: Recipe, progress: Progress | None = None) -> list[Item]:
    """The training volumes in memory, as `load_items`, after every case of every part was read and checked.

    Raises:
        FileFormatError, GeometryError, TrainingError: As `read_case`; or no case of a part shows one of the classes.
    """
    parts = split.by_name()
    _check_stored_alike((case for cases in parts.values() for case in cases), recipe)
    done, total = 0, sum(map(len, parts.values()))
    items: list[Item] = []
    for part, cases in parts.items():
        seen: set[int] = set()
        for case in cases:
            if part == "training":
                (item,) = load_items([case], recipe)
                items.append(item)
                seen.update(np.unique(item["label"].numpy()).tolist())
            else:
                seen.update(np.unique(read_case(case, recipe)[1].voxels).tolist())
            done += 1
            if progress is not None:
                progress(done, total, "read data")
        missing = [f"{value} ({name})" for value, name in recipe.label_names.items() if value not in seen]
        if cases and missing:
            raise TrainingError(
                f"class {missing[0]} is in none of the {len(cases)} {part} cases",
                remedy="give cases that show it, or change seed, data.test_cases or data.validation_fraction",
            )
    return items


def load_items(cases: Sequence[Case], recipe: Recipe) -> list[Item]:
    """The volumes of all cases in memory: "image" (1, D, H, W) float32, normalized, and "label" (1, D, H, W) uint8.

    Volumes smaller than a patch are padded with 0 before normalization, as inference pads them.

    Raises:
        FileFormatError, GeometryError, TrainingError: As `read_case`.
    """
    items: list[Item] = []
    for case in cases:
        image, label = read_case(case, recipe)
        normalization = recipe.data.normalization.for_voxels(image.voxels, image.gray_range).resolved(image.voxels)
        missing = [max(0, size - have) for size, have in zip(recipe.data.patch, image.voxels.shape, strict=True)]
        around = [(some // 2, some - some // 2) for some in missing]
        voxels = normalization.apply(np.pad(image.voxels, around))
        labels = np.pad(label.voxels.astype(np.uint8), around)
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
        images = torch.stack([patch[0]["image"].as_tensor() for patch in patches]).float()
        labels = torch.stack([patch[0]["label"].as_tensor() for patch in patches]).long()
        return images, labels


def _pipeline(recipe: Recipe, augment: bool) -> Any:
    from monai import transforms as mt

    from quantization.affine_in_mm import rand_affine

    keys, plan, jitter = ("image", "label"), recipe.data, recipe.data.intensity_jitter
    steps: list[Any] = []
    if augment and (plan.rotate_degrees > 0 or plan.scale_jitter > 0):
        steps += [
            rand_affine(
                plan.spacing_mm[::-1],
                keys=keys,
                prob=0.5,
                rotate_range=(math.radians(plan.rotate_degrees),) * 3,
                scale_range=(plan.scale_jitter,) * 3,
                mode=("bilinear", "nearest"),
                padding_mode="border",
            )
        ]
    steps += [
        mt.RandCropByLabelClassesd(keys, "label", plan.patch, num_classes=len(plan.labels), num_samples=1, warn=False),
    ]
    if augment:
        steps += [mt.RandFlipd(keys, prob=0.5, spatial_axis="zyx".index(axis)) for axis in plan.flip_axes]
    if augment and jitter > 0:
        steps += [
            mt.RandScaleIntensityd("image", factors=jitter, prob=0.5),
            mt.RandShiftIntensityd("image", offsets=jitter, prob=0.5),
            mt.RandGaussianNoised("image", prob=0.3, std=jitter / 2),
        ]
    return mt.Compose(steps, lazy=False)
