"""Whether an opened artefact computes what the reference computes: no export counts before this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_sdk.errors import TargetError
from edge_sdk.session import Patch, Session


@dataclass(frozen=True)
class Agreement:
    """How far a target's logits are from the reference's.

    Attributes:
        max_error: Largest |logit - reference|.
        mean_error: Mean |logit - reference|.
        class_change_share: Share of logit voxels whose class (argmax over channels) differs.
    """

    max_error: float
    mean_error: float
    class_change_share: float

    def __str__(self) -> str:
        return (
            f"max error {self.max_error:.3g}, mean error {self.mean_error:.3g}, "
            f"class differs in {self.class_change_share:.3%} of the voxels"
        )


def compare(session: Session, patches: Sequence[Patch], reference: Sequence[Patch]) -> Agreement:
    """Run every patch (N, C, D, H, W) and compare with its reference logits.

    Raises:
        TargetError: The target gave logits of another shape, or such that are not finite.
    """
    largest, total, changed, logits_seen, voxels_seen = 0.0, 0.0, 0, 0, 0
    for patch, expected in zip(patches, reference, strict=True):
        logits = session.infer(patch)
        if logits.shape != expected.shape:
            raise TargetError(f"logits of shape {logits.shape} given, {expected.shape} expected", where=session.target)
        if not np.isfinite(logits).all():
            raise TargetError("logits are not finite", where=session.target)
        error = np.abs(logits - expected)
        classes = logits.argmax(1) != expected.argmax(1)
        largest = max(largest, float(error.max()))
        total += float(error.sum(dtype=np.float64))
        changed += int(classes.sum())
        logits_seen += error.size
        voxels_seen += classes.size
    if not voxels_seen:
        raise ValueError("no patches to compare on")
    return Agreement(largest, total / logits_seen, changed / voxels_seen)


def require_agreement(
    session: Session, patches: Sequence[Patch], reference: Sequence[Patch], *, max_error: float
) -> Agreement:
    """`compare`, and refuse an artefact that is further off than `max_error`.

    Raises:
        TargetError: As `compare`, or beyond the bound.
    """
    found = compare(session, patches, reference)
    if found.max_error > max_error:
        raise TargetError(
            f"disagrees with the reference: {found}; at most {max_error:.3g} allowed",
            where=session.target,
            remedy="look at the executed precision (edge-sdk inspect), or use another target",
        )
    return found
