"""The check that may refuse to ship."""

from __future__ import annotations

from typing import Any

from edge_sdk.manifest import Gate
from edge_sdk.metrics import mean_dice, ratio_interval


def judge(candidate: dict[str, Any], reference: dict[str, Any], minimum_ratio: float) -> Gate:
    """Compare the mean Dice of two evaluations of the same cases.

    Args:
        candidate, reference: What `quantization.evaluation.evaluate` returned.
        minimum_ratio: Share of the reference's mean Dice that must be kept.
    """
    if not candidate["cases"] or not reference["mean"]:
        return Gate(verdict="not run", reason="no held-out cases that the FP32 reference segments")
    pairs = [
        (ours, theirs)
        for name, scores in candidate["cases"].items()
        if (ours := mean_dice(_numbered(scores))) is not None
        and (theirs := mean_dice(_numbered(reference["cases"][name]))) is not None
    ]
    ratio, interval = ratio_interval(*zip(*pairs, strict=True))
    passed = ratio >= minimum_ratio
    return Gate(
        verdict="passed" if passed else "failed",
        reason=f"keeps {100 * ratio:.2f} % of the FP32 Dice, at least {100 * minimum_ratio:.2f} % asked",
        numbers={
            "dice": candidate["mean"],
            "reference_dice": reference["mean"],
            "ratio": ratio,
            "ratio_ci95": list(interval),
            "minimum_ratio": minimum_ratio,
            "cases": len(pairs),
        },
    )


def _numbered(scores: dict[str, float | None]) -> dict[int, float | None]:
    return {int(key): value for key, value in scores.items()}
