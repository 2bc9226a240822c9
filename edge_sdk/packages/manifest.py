"""What a package says about itself: the schema of `manifest.json`."""

from __future__ import annotations

import hashlib
import json
from itertools import permutations
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from edge_sdk.errors import FileFormatError, GeometryError, PackageError
from edge_sdk.gray_range import GrayRange, brought_to, range_of
from edge_sdk.packages.patch_size import check_patch

SCHEMA_VERSION = 5
"""2 added `inference` and `gate.allowed_failing`, 3 `made_with`, 4 `plans`, 5 `orientation` and
`normalisation.full_scale`; older packages have their defaults."""
NAME = "manifest.json"
SELFTEST = "selftest.npz"
_BLANK = "0" * 64
_SMALL = 1 << 24

Size = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ORIENTATION_PATTERN = f"^({'|'.join(map(''.join, permutations(('[RL]', '[AP]', '[SI]'))))})$"
"""Three letters in any order, one of each pair."""
Orientation = Annotated[str, Field(pattern=ORIENTATION_PATTERN)]


def _key(name: str) -> Any:
    """The key of a field in `manifest.json`, where it is not the attribute's name."""
    return Field(validation_alias=name, serialization_alias=name)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True)


class Normalization(_Part):
    """Network input = (voxel - shift) / scale.

    "affine" has fixed numbers, so a volume can be segmented while it grows. "zscore" takes the mean and the standard
    deviation of the whole volume, for scanners whose intensities have no unit (MR); it cannot stream.

    `full_scale` is the level that was white where the network learned: 255 for 8-bit ultrasound. The levels of images
    of other types (16-bit, float) are brought to 0 to `full_scale` first. None takes every voxel as it is.
    """

    kind: Literal["affine", "zscore"] = "affine"
    shift: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    scale: Positive = 1.0
    full_scale: Positive | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.kind == "zscore" and (self.shift, self.scale) != (0.0, 1.0):
            raise ValueError("zscore takes shift and scale from each volume: leave them out")
        return self

    def resolved(self, voxels: NDArray[Any]) -> Normalization:
        """The affine normalization of this volume's voxels, (D, H, W).

        Raises:
            FileFormatError: All voxels are equal, and "zscore" would divide by 0.
        """
        if self.kind == "affine":
            return self
        mean, deviation = float(np.mean(voxels, dtype=np.float64)), _deviation(voxels)
        if not deviation > 0.0:
            raise FileFormatError(
                f"every voxel is {mean:g}: there is no contrast to normalize",
                remedy="give a volume with an image in it",
            )
        return Normalization(shift=mean, scale=deviation)

    def for_range(self, gray_range: GrayRange) -> Normalization:
        """The normalization of volumes whose black and white are these levels.

        They are brought to 0 to `full_scale` first; nothing changes where they are that already, or where voxels are
        taken as they are ("zscore", no `full_scale`).
        """
        if self.kind != "affine" or self.full_scale is None:
            return self
        if gray_range == (0.0, self.full_scale):
            return Normalization(shift=self.shift, scale=self.scale)
        return _LeveledNormalization(shift=self.shift, scale=self.scale, gray_range=gray_range, white=self.full_scale)

    def for_voxels(self, voxels: NDArray[Any], gray_range: GrayRange | None) -> Normalization:
        """As `for_range`, of voxels (D, H, W) whose black and white are said, or decided by `range_of` where None."""
        if self.kind != "affine" or self.full_scale is None:
            return self
        return self.for_range(gray_range or range_of(voxels))

    def apply(self, voxels: NDArray[Any]) -> NDArray[np.float32]:
        """Voxels (D, H, W) as network input, of the same shape.

        Raises:
            ValueError: The kind is "zscore"; see `resolved`.
        """
        if self.kind != "affine":
            raise ValueError("a zscore normalization must be resolved on a volume before it is applied")
        normalized = voxels.astype(np.float32)
        normalized -= np.float32(self.shift)
        normalized *= np.float32(1.0 / self.scale)
        return normalized


class _LeveledNormalization(Normalization):
    """Brings `gray_range` to 0 to `white` before it normalizes; lives in memory only."""

    gray_range: GrayRange
    white: Positive

    def for_range(self, gray_range: GrayRange) -> Normalization:  # noqa: ARG002 (decided already)
        return self

    def for_voxels(self, voxels: NDArray[Any], gray_range: GrayRange | None) -> Normalization:  # noqa: ARG002
        return self

    def apply(self, voxels: NDArray[Any]) -> NDArray[np.float32]:
        return super().apply(brought_to(voxels, self.gray_range, self.white))


class Inference(_Part):
    """How a volume's patches become one mask; the same in `segment`, `verify` and the gate.

    "centre-crop" takes each voxel from the patch in whose middle it lies most, so that a volume can be segmented while
    it grows. "gaussian" averages the logits of all patches over a voxel, weighted by how central it is; smoother at the
    seams, at the cost of more overlap, and it cannot stream.
    """

    overlap: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """Least share of a patch, per axis, that the next one covers again; 0.5 is usual with "gaussian"."""
    blending: Literal["centre-crop", "gaussian"] = "centre-crop"


class TrainingData(_Part):
    """What the network learned from."""

    name: str
    license: Annotated[str, _key("licence")]
    cases: Annotated[int, Field(ge=0)]


class Gate(_Part):
    """The check that may refuse to ship, with the numbers that it looked at.

    `allowed_failing` marks a package that was written although it failed.
    """

    verdict: Literal["passed", "failed", "not run"]
    reason: str = ""
    numbers: dict[str, JsonValue] = {}
    allowed_failing: bool = False


class Manifest(_Part):
    """A package's manifest.

    Attributes:
        schema_version: Of this schema.
        name: Of the package.
        variant: Of the network: "T", "S", "M", "L".
        labels: Class number → name; 0 is the background, numbers without gaps, equal to the logits' channels.
        in_channels: Channels of the network's input.
        patch: (D, H, W) of the network's input.
        patch_multiple: Every patch axis is a multiple of this.
        spacing_mm: (x, y, z) of the voxels that the network was trained on.
        orientation: Direction in the patient in which the index along x, y and z grew where the network learned, such
            as "RAS" (right, anterior, superior); None where its volumes have no place in a patient, as those compounded
            in a tracker's frame.
        normalization: From voxels to network input.
        output_stride: Patch voxels per logit voxel, per axis.
        inference: How patches become a mask.
        precision: Target → "int8" or "fp32"; the package holds exactly these targets.
        plans: Target → what `edge-sdk tune` chose for it and on which device; such a target is not as it was exported.
        recipe: What compression did, with its seed.
        made_with: Library → version, of what took part in the compression.
        training_data: What the network learned from.
        metrics: Accuracy when the package was made; `edge_sdk.inference.accuracy` says what it reads.
        gate: The verdict.
        runtime_minimum: Target → lowest runtime version that opens it.
        isa_notes: What to know about instruction sets, such as saturation without VNNI.
        sdk_version: That wrote the package.
        files: Path → SHA-256 of every file but the manifest.
        checksum: SHA-256 of the manifest's own bytes with this field's digits written as zeros.
    """

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    name: Annotated[str, Field(min_length=1)]
    variant: str
    labels: dict[int, str]
    in_channels: Size = 1
    patch: tuple[Size, Size, Size]
    patch_multiple: Size = 16
    spacing_mm: tuple[Positive, Positive, Positive]
    orientation: Orientation | None = None
    normalization: Annotated[Normalization, _key("normalisation")] = Normalization()
    output_stride: Size = 2
    inference: Inference = Inference()
    precision: dict[str, Literal["int8", "fp32"]]
    plans: dict[str, JsonValue] = {}
    recipe: dict[str, JsonValue] = {}
    made_with: dict[str, str] = {}
    training_data: TrainingData
    metrics: dict[str, JsonValue] = {}
    gate: Gate = Gate(verdict="not run", reason="no gate was asked for")
    runtime_minimum: dict[str, str] = {}
    isa_notes: str = ""
    sdk_version: str = ""
    files: dict[str, Digest] = {}
    checksum: Digest = _BLANK

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sorted(self.labels) != list(range(len(self.labels))) or not 2 <= len(self.labels) <= 256:
            raise ValueError("labels must be numbered 0, 1, 2, … without gaps, at least two and at most 256")
        try:
            check_patch(self.patch, self.patch_multiple)
        except GeometryError as error:
            raise ValueError(error.what) from error
        if any(size % self.output_stride for size in self.patch):
            raise ValueError(f"patch {self.patch} must be a multiple of output_stride {self.output_stride}")
        if not self.precision:
            raise ValueError("precision names no target")
        for path in self.files:
            check_inner_path(path)
        return self

    def serialize(self) -> bytes:
        """The bytes of `manifest.json`, with the checksum filled in."""
        draft = self.model_copy(update={"checksum": _BLANK}).model_dump_json(indent=2, by_alias=True).encode()
        return _with_checksum(draft, _BLANK, hashlib.sha256(draft).hexdigest())


def _deviation(voxels: NDArray[Any]) -> float:
    """Standard deviation; plane by plane where a copy of all voxels as float64 would take hundreds of megabytes."""
    if voxels.size <= _SMALL:
        return float(np.std(voxels, dtype=np.float64))
    mean = float(np.mean(voxels, dtype=np.float64))
    return float(np.sqrt(sum(float(np.square(plane - mean).sum()) for plane in voxels) / voxels.size))


def parse_manifest(content: bytes, *, where: object) -> Manifest:
    """Check and read the bytes of a `manifest.json`.

    Raises:
        PackageError: Not JSON, of a newer schema, with a missing, unknown or impossible value, or altered.
    """
    try:
        raw = json.loads(content)
        version = raw["schema_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as cause:
        raise PackageError(
            f"{NAME} is damaged: it is not JSON with a schema_version",
            where=where,
            remedy="get the package again from its source",
        ) from cause
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise PackageError(
            f"{NAME} has schema {version}, this version of edge-sdk reads up to {SCHEMA_VERSION}",
            where=where,
            remedy="update edge-sdk",
        )
    try:
        manifest = Manifest.model_validate_json(content, by_alias=True, by_name=False)
    except ValidationError as cause:
        raise PackageError(
            f"{NAME} is not valid: {_first_problem(cause)}", where=where, remedy="export the package again"
        ) from cause
    draft = _with_checksum(content, manifest.checksum, _BLANK)
    if hashlib.sha256(draft).hexdigest() != manifest.checksum:
        raise PackageError(
            f"{NAME} was altered after the package was made",
            where=where,
            remedy="get the package again from its source",
        )
    return manifest


def check_inner_path(path: str) -> None:
    """Refuse a path that could leave the package's folder or that is not written in the one normal way.

    Raises:
        ValueError: Such a path.
    """
    pure = PurePosixPath(path)
    clean = path == str(pure) and not pure.is_absolute() and ".." not in pure.parts and pure.parts
    if not clean or any(letter in path for letter in "\\:\0") or path == NAME:
        raise ValueError(f"path {path!r} is not allowed in a package")


def _with_checksum(content: bytes, old: str, new: str) -> bytes:
    return content.replace(f'"checksum": "{old}"'.encode(), f'"checksum": "{new}"'.encode())


def _first_problem(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
