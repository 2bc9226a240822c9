"""The recipe: one validated TOML file that says everything a run needs besides the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from edge_sdk.errors import RecipeError
from edge_sdk.packages.manifest import ORIENTATION_PATTERN, Inference, Normalization
from edge_sdk.toml_file import first_fault, read_toml
from edge_sdk.variants import PATCH_MULTIPLE
from quantization.recipe_keys import with_new_keys

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0)]
FitPrecision = Literal["auto", "float32", "bfloat16", "float16"]
NO_ORIENTATION = "none"
ORIENTATION_OR_NONE = f"{ORIENTATION_PATTERN}|^{NO_ORIENTATION}$"
WEIGHT_LIMITS = {"vnni": 127, "amx": 127, "neon-dotprod": 127, "avx2": 63}
"""Largest weight integer: AVX2 without VNNI adds products in 16 bits, which saturate beyond 63."""


class RecipeSection(BaseModel):
    """Base of all sections: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NetworkRecipe(RecipeSection):
    """Which network."""

    variant: Literal["T", "S", "M", "L"] = "S"
    width: Positive = 32
    decoder_width: Positive | None = 32
    deep_supervision: bool = True
    supervise_full_resolution: bool = True
    """False leaves out decoder stage 0, which inference of T, S and M never runs: half the training time on a CPU."""


class DataRecipe(RecipeSection):
    """How volumes become patches."""

    labels: dict[str, str]
    """Label value (as text) to name: "0" (background), "1", … without a gap, for they are the network's outputs."""
    patch: tuple[Positive, Positive, Positive] = (64, 64, 64)
    """(D, H, W), multiples of 16."""
    spacing_mm: tuple[Rate, Rate, Rate] = (1.0, 1.0, 1.0)
    """(x, y, z), in the axes of `orientation`."""
    orientation: Annotated[str, Field(pattern=ORIENTATION_OR_NONE)] = "RAS"
    """How every case lies when the network sees it: three letters, the directions in the patient in which x, y and z
    grow; or "none" for volumes without anatomy, as those of a tracker's frame, which are taken as they are stored."""
    normalization: Normalization = Normalization(shift=96.0, scale=64.0)
    test_cases: Annotated[int, Field(ge=0)] = 0
    """Cases set aside by the seed, on which nothing is tuned; the gate compares the forms on them."""
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """Of the other cases: for curves and choices."""
    flip_axes: tuple[Literal["x", "y", "z"], ...] = ("x", "y", "z")
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale_jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    intensity_jitter: Annotated[float, Field(ge=0, lt=1)] = 0.15
    name: str = "unnamed data set"
    license: str = "not stated"

    @property
    def anatomy(self) -> str | None:
        """`orientation` as a manifest has it: None instead of "none"."""
        return None if self.orientation == NO_ORIENTATION else self.orientation

    @model_validator(mode="before")
    @classmethod
    def _with_new_keys(cls, values: object) -> object:
        return with_new_keys(values) if isinstance(values, dict) else values

    @field_validator("labels")
    @classmethod
    def _consecutive(cls, labels: dict[str, str]) -> dict[str, str]:
        if len(labels) < 2 or set(labels) != {str(value) for value in range(len(labels))}:
            raise ValueError("0 for the background and at least 1, without a gap, expected")
        return dict(sorted(labels.items(), key=lambda item: int(item[0])))

    @field_validator("patch")
    @classmethod
    def _strided(cls, patch: tuple[int, int, int]) -> tuple[int, int, int]:
        if any(size % PATCH_MULTIPLE or size < 2 * PATCH_MULTIPLE for size in patch):
            raise ValueError(
                f"every axis must be a multiple of {PATCH_MULTIPLE}, the network's stride, and at least "
                f"{2 * PATCH_MULTIPLE}: the phases of an up block need two voxels"
            )
        return patch


class FitRecipe(RecipeSection):
    """One training phase."""

    steps: Positive
    batch: Positive = 2
    learning_rate: Rate = 1e-3
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    validate_every: Annotated[int, Field(ge=0)] = 0
    """Steps between measurements of the averaged weights' Dice on the validation cases; 0 never measures."""
    save_every: Positive = 50
    """Steps between savings; a killed run goes on from the last one."""
    precision: FitPrecision = "auto"
    """Of convolutions; "auto" is float32 on a CPU, and on an accelerator bfloat16, or float16 where it lacks that."""


class SwapsRecipe(RecipeSection):
    """A study of what each swap alone costs: norm, activation and both, each distilled equally long."""

    steps: Annotated[int, Field(ge=0)] = 0
    """Of distillation for every combination; 0 leaves the study out."""


class StudentRecipe(RecipeSection):
    """The deploy form: what replaces the norm and the activation, and how long it is distilled."""

    activation: Literal["gelu", "relu", "hardswish"] = "relu"
    distillation: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the Kullback-Leibler term beside the label loss."""
    feature_distillation: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the decoder features' squared distance to the teacher's, relative to their size, mean over stages."""
    fit: FitRecipe = FitRecipe(steps=1000)
    swaps: SwapsRecipe = SwapsRecipe()


class PruneRecipe(RecipeSection):
    """Structured pruning to a budget: channels, branches and blocks go; without a budget nothing is pruned."""

    macs: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Largest share of the unpruned deploy form's multiplications that may stay; 0.5 halves them."""
    latency_ms: Rate | None = None
    """Largest median latency of one patch in INT8 on OpenVINO on the machine that compresses."""
    parts: Annotated[tuple[Literal["encoder", "decoder", "branches", "blocks"], ...], Field(min_length=1)] = (
        "encoder",
        "decoder",
        "branches",
        "blocks",
    )
    """What may go: channels of the encoder, of the decoder, whole branches, whole blocks."""
    width_multiple: Positive = 8
    """Widths stay multiples of this, which kernels compute at once."""
    minimum_width: Positive = 8
    rounds: Positive = 3
    """Importance, cut and recovery are repeated so often, each time an equal share of the way to the budget."""
    importance_batches: Positive = 16
    recovery: FitRecipe = FitRecipe(steps=150, warmup_steps=10)
    """Distillation from the published form after every round …"""
    final_steps: Positive = 500
    """… the last of which takes so many steps."""

    @model_validator(mode="after")
    def _one_budget(self) -> PruneRecipe:
        if self.macs is not None and self.latency_ms is not None:
            raise ValueError("macs and latency_ms are two budgets, give one of them")
        if self.minimum_width % self.width_multiple:
            raise ValueError(
                f"minimum_width {self.minimum_width} is no multiple of width_multiple {self.width_multiple}"
            )
        return self

    @property
    def wanted(self) -> bool:
        """Whether there is a budget."""
        return self.macs is not None or self.latency_ms is not None


class QuantizeRecipe(RecipeSection):
    """INT8: calibration, then quantization-aware fine-tuning; 0 steps is calibration only."""

    isa: Literal["vnni", "amx", "neon-dotprod", "avx2"] | None = None
    """Instruction set of the device; it chooses `weight_limit`."""
    weight_limit: Literal[63, 127] = 63
    """Largest weight integer; 63 cannot saturate the 16-bit sums of AVX2 without VNNI."""
    calibration_patches: Positive = 8
    observer: Literal["mse", "minmax", "percentile"] = "mse"
    """Activation ranges of the calibration: least squared error, everything seen, or all but the outermost values."""
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.99
    """Share of values, in percent, that lies below the range's upper end, and above its lower one."""
    sensitivity_patches: Annotated[int, Field(ge=0)] = 0
    """Calibration patches on which every layer is measured alone; 0 measures none, or one where a float budget asks."""
    float_layers: Annotated[int, Field(ge=0)] = 0
    """At most so many of the most sensitive layers stay float; with `float_macs` too, both must hold."""
    float_macs: Annotated[float, Field(ge=0, le=1)] = 0.0
    """At most this share of the multiplications stays float."""
    maximum_error: Rate = 0.1
    """Layers are left float until |INT8 - float| / |float| of the calibrated logits is at most this …"""
    maximum_dice_drop: Annotated[float, Field(ge=0, le=1)] | None = None
    """… and, where given, until the calibrated Dice on the validation cases is lower by at most this."""
    steps: Annotated[int, Field(ge=0)] = 200
    batch: Positive = 2
    learning_rate: Rate = 1e-4
    ranges: Literal["frozen", "learned"] = "frozen"
    """Activation ranges while fine-tuning: as calibrated, or trained with the weights."""
    distillation: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the float form's logits beside the label loss."""
    feature_distillation: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the float form's decoder features."""
    validate_every: Annotated[int, Field(ge=0)] = 0
    """Steps between measurements of the Dice on the validation cases; 0 never measures."""

    @model_validator(mode="before")
    @classmethod
    def _limit_of_isa(cls, values: object) -> object:
        if not isinstance(values, dict) or (limit := WEIGHT_LIMITS.get(str(values.get("isa")))) is None:
            return values
        if (given := values.get("weight_limit", limit)) != limit:
            raise ValueError(
                f"isa {values['isa']!r} has weight_limit {limit}, weight_limit = {given} contradicts it: leave one out"
            )
        return {**values, "weight_limit": limit}

    @property
    def has_float_budget(self) -> bool:
        """Whether layers may stay float."""
        return self.float_layers > 0 or self.float_macs > 0

    @property
    def measured_patches(self) -> int:
        """Calibration patches of the sensitivity report."""
        wanted = max(self.sensitivity_patches, 1) if self.has_float_budget else self.sensitivity_patches
        return min(wanted, self.calibration_patches)


class GateRecipe(RecipeSection):
    """What the deploy form must keep of the published form's accuracy on the held-out cases."""

    minimum_ratio: Annotated[float, Field(gt=0, le=1)] = 0.99
    """Least share of the mean Dice; 0.99 and 0.999 are MLPerf's levels, and both are reported in any case."""
    maximum_hd95_increase_mm: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """How much the mean HD95 over cases and classes may grow; with a huge number, Dice alone decides."""


class Recipe(RecipeSection):
    """Everything."""

    seed: int = 0
    network: NetworkRecipe = NetworkRecipe()
    data: DataRecipe
    train: FitRecipe = FitRecipe(steps=2000)
    student: StudentRecipe = StudentRecipe()
    prune: PruneRecipe = PruneRecipe()
    quantize: QuantizeRecipe = QuantizeRecipe()
    gate: GateRecipe = GateRecipe()
    inference: Inference = Inference()

    @property
    def label_names(self) -> dict[int, str]:
        """Label value to name."""
        return {int(value): name for value, name in self.data.labels.items()}


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeError: Not TOML, an unknown key (the nearest right one is named), or an impossible value.
    """
    return read_toml(path, Recipe, "recipe")


def recipe_for(path: Path | None, data: Path, variant: str | None) -> Recipe:
    """The recipe of a file, or the defaults for a data folder, with another variant where one is given.

    Without a recipe, the labels come from `dataset.json` in the data folder, as `scripts/phantom_dataset.py` writes it.

    Raises:
        RecipeError: Neither is there, or there is no such variant.
    """
    if path is not None:
        recipe = read_recipe(path)
    else:
        try:
            about = json.loads((data / "dataset.json").read_text())
            spacing = [float(about["spacing_mm"])] * 3
            chosen = {key: about[key] for key in ("labels", "orientation") if key in about}
            recipe = Recipe(data=DataRecipe(spacing_mm=spacing, **chosen))  # type: ignore[arg-type]
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise RecipeError(
                f"no recipe given, and no readable dataset.json with labels and spacing_mm ({cause})",
                where=data,
                remedy="give --recipe, such as recipes/phantom-s.toml",
            ) from cause
    if variant is None:
        return recipe
    values = recipe.model_dump()
    values["network"]["variant"] = variant
    try:
        return Recipe.model_validate(values)
    except ValidationError as cause:
        raise RecipeError(first_fault(cause, Recipe), remedy="choose one of T, S, M, L") from cause
