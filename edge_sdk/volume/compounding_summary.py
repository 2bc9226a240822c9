"""What became of a sweep's frames when they were compounded into a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CompoundingSummary:
    """How a volume was compounded, and from how many frames.

    Attributes:
        frames_inserted: Number of frames that the volume contains.
        frames_left_out: Number of the sweep's other frames.
        left_out_because: "reason: count" of the frames left out, separated by "; ", the most frequent reason first.
        warnings: What is probably wrong with the sweep.
        interpolation: How a pixel is spread over voxels; None where the volume's file does not state it.
        compounding: How pixels that meet in a voxel are combined; None where the volume's file does not state it.
        frames_outside: Number of frames with a pose that reached no voxel; they are among `frames_left_out`.
    """

    frames_inserted: int
    frames_left_out: int = 0
    left_out_because: str = ""
    warnings: tuple[str, ...] = ()
    interpolation: str | None = None
    compounding: str | None = None
    frames_outside: int = 0

    def frame_counts(self) -> dict[str, int | str]:
        """Frames inserted and left out, and why, for outputs."""
        return {
            "frames_inserted": self.frames_inserted,
            "frames_left_out": self.frames_left_out,
            "left_out_because": self.left_out_because,
        }

    def header_fields(self) -> dict[str, str]:
        """Header fields of a volume's file; empty texts are left out."""
        texts = {name: str(value) for name, value in self.frame_counts().items()}
        texts["warnings"] = "; ".join(self.warnings)
        return {name: text for name, text in texts.items() if text}

    @classmethod
    def from_header(cls, header: Mapping[str, str]) -> CompoundingSummary | None:
        """What the header of a volume's file states; None where it holds no counts of frames."""
        try:
            inserted, left_out = int(header["frames_inserted"]), int(header.get("frames_left_out", "0"))
        except (KeyError, ValueError):
            return None
        warnings = header.get("warnings", "")
        return cls(inserted, left_out, header.get("left_out_because", ""), (warnings,) if warnings else ())
