"""Where a sweep's poses, calibration and frames come from, beyond the recording as it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

_Number = TypeVar("_Number", int, float)
_SOURCE_FORMAT = "source_format"
_HEADER_KEYS = {
    _SOURCE_FORMAT: "SourceFormat",
    "frames_lost": "FramesLost",
    "frames_undecodable": "FramesUndecodable",
    "pose_lag_s": "PoseLag",
    "poses_from": "PosesFrom",
    "frames_without_pose": "PosesMissing",
    "poses_declared": "PosesDeclared",
    "image_to_probe_assumed": "ImageToProbeAssumed",
}
"""Attribute → field in the header of a sequence file, in the order in which new fields are written."""


@dataclass(frozen=True)
class Provenance:
    """Facts about a sweep that a result made from it has to state; None where a fact does not apply.

    Attributes:
        poses_from: URI of the file or sensor that gave the poses, where it is not the recording itself.
        frames_without_pose: Number of frames for which that file has no pose, and why.
        poses_declared: Motion that the poses were computed from, because no device measured them.
        pose_lag_s: Seconds added to a frame's time stamp to find its pose.
        image_to_probe_assumed: Pixel size and origin that ImageToProbe was computed from, without a calibration.
        frames_undecodable: Number of frames in the recording that do not decode.
        frames_lost: Number of frames that the recording announces and does not hold.
        source_format: Format that the frames were first read from, such as "DICOM" or "live"; None for a sequence
            file of another program.
    """

    poses_from: str | None = None
    frames_without_pose: str | None = None
    poses_declared: str | None = None
    pose_lag_s: float | None = None
    image_to_probe_assumed: str | None = None
    frames_undecodable: int | None = None
    frames_lost: int | None = None
    source_format: str | None = None

    @property
    def tracked(self) -> bool:
        """Whether a device measured the poses, so that none is declared."""
        return self.poses_declared is None

    def summary(self) -> dict[str, str]:
        """Attribute → text of every fact that a result rests on, for outputs; counts and lags of 0 are left out."""
        return {name: text for name, text in self._texts().items() if name != _SOURCE_FORMAT and text != "0"}

    def header_fields(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        """Header of a sequence file that states these facts.

        Args:
            own: The sweep's own header fields. A fact takes the place of a field with its name; the source format
                comes before the other fields, further facts come after them.
        """
        texts, own = self._texts(), own or {}
        facts = {key: texts[name] for name, key in _HEADER_KEYS.items() if name in texts}
        format_key = _HEADER_KEYS[_SOURCE_FORMAT]
        first = {key: text for key, text in facts.items() if key == format_key and key not in own}
        return {**first, **own, **facts}

    @classmethod
    def from_header(cls, header: Mapping[str, str]) -> Provenance:
        """Facts that the header of a sequence file states; a number that cannot be read is left out."""
        return cls.from_summary({name: header[key] for name, key in _HEADER_KEYS.items() if key in header})

    @classmethod
    def from_summary(cls, texts: Mapping[str, str]) -> Provenance:
        """Facts from their texts by attribute, as `summary` gives them; a number that cannot be read is left out."""
        return cls(
            poses_from=texts.get("poses_from"),
            frames_without_pose=texts.get("frames_without_pose"),
            poses_declared=texts.get("poses_declared"),
            pose_lag_s=_number(float, texts.get("pose_lag_s")),
            image_to_probe_assumed=texts.get("image_to_probe_assumed"),
            frames_undecodable=_number(int, texts.get("frames_undecodable")),
            frames_lost=_number(int, texts.get("frames_lost")),
            source_format=texts.get(_SOURCE_FORMAT),
        )

    def _texts(self) -> dict[str, str]:
        """Attribute → text of every fact that is known."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: f"{value:.6g}" if isinstance(value, float) else str(value)
            for name, value in values.items()
            if value is not None
        }


def _number(kind: Callable[[str], _Number], text: str | None) -> _Number | None:
    try:
        return None if text is None else kind(text)
    except ValueError:
        return None
