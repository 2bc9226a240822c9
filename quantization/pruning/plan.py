"""What to cut to reach a number of multiplications: always what costs the loss least for what it saves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_sdk.errors import RecipeError
from edge_sdk.network.architecture import UNDILATED, Architecture, ChannelGroup, is_single
from quantization.pruning.cost import total_macs
from quantization.pruning.importance import Importance
from quantization.pruning.selection import Selection, tied_groups
from quantization.recipe import PruneRecipe


@dataclass(frozen=True)
class Pruner:
    """The moves that a recipe allows on an architecture."""

    architecture: Architecture
    patch: tuple[int, int, int]
    plan: PruneRecipe

    def chosen(self, importance: Importance, budget: int) -> Selection:
        """What stays so that one patch takes at most `budget` multiplications.

        Raises:
            RecipeError: The recipe's limits do not allow so few.
        """
        selection = Selection.all_of(self.architecture)
        cost = self._macs(selection)
        while cost > budget:
            best: tuple[float, Selection, int] | None = None
            for damage, smaller in self._moves(selection, importance):
                left = self._macs(smaller)
                if left < cost and (best is None or damage / (cost - left) < best[0]):
                    best = damage / (cost - left), smaller, left
            if best is None:
                raise RecipeError(
                    f"pruning cannot go below {cost / 1e9:.3g} GMAC with these limits, {budget / 1e9:.3g} asked",
                    remedy="raise the budget, or lower prune.minimum_width or allow more prune.parts",
                )
            _, selection, cost = best
        return selection

    def macs(self) -> int:
        """Multiplications of one patch, unpruned."""
        return total_macs(self.architecture, self.patch)

    def fewest(self) -> int:
        """Multiplications that are reached whatever is important: one branch is left of every block, the dearest."""
        selection = Selection.all_of(self.architecture)
        for groups in self._prunable_groups():
            kept = selection.channels[groups[0]]
            selection = selection.without_channels(groups, kept[self.plan.minimum_width :])
        for place, branches in selection.branches.items():
            if "blocks" in self.plan.parts and not is_single(place[0]) and place[1] > 0:
                selection = selection.without_block(place)
            elif "branches" in self.plan.parts:
                last = UNDILATED if place[0].startswith("up_") else branches[-1]
                for branch in set(branches) - {last}:
                    selection = selection.without_branch(place, branch)
        return self._macs(selection)

    def _macs(self, selection: Selection) -> int:
        return total_macs(selection.applied_to(self.architecture), self.patch)

    def _prunable_groups(self) -> list[tuple[ChannelGroup, ...]]:
        return [
            groups for groups in tied_groups(self.architecture) if all(group[0] in self.plan.parts for group in groups)
        ]

    def _moves(self, selection: Selection, importance: Importance) -> Iterator[tuple[float, Selection]]:
        """(damage, what stays) of every single next cut."""
        parts, step = self.plan.parts, self.plan.width_multiple
        for groups in self._prunable_groups():
            kept = selection.channels[groups[0]]
            # The first cut makes a width that is none a multiple.
            fewer = (len(kept) - 1) // step * step
            if fewer < self.plan.minimum_width:
                continue
            scores = np.zeros(max(kept) + 1)
            for group in groups:
                scores += importance.channels.get(group, np.zeros(len(scores)))[: len(scores)]
            removed = sorted(kept, key=lambda channel: (scores[channel], -channel))[: len(kept) - fewer]
            yield float(scores[removed].sum()), selection.without_channels(groups, tuple(removed))
        for place, branches in selection.branches.items():
            stage = place[0]
            if "branches" in parts and len(branches) > 1:
                needed = UNDILATED if stage.startswith("up_") else None
                for branch in branches:
                    if branch != needed:
                        damage = importance.branches.get((*place, branch), 0.0)
                        yield damage, selection.without_branch(place, branch)
            if "blocks" in parts and not is_single(stage) and len(selection.places(stage)) > 1:
                yield importance.blocks.get(place, 0.0), selection.without_block(place)


def check_budget(architecture: Architecture, patch: tuple[int, int, int], plan: PruneRecipe) -> None:
    """Refuse a share of the multiplications that no cut allowed by the recipe reaches.

    Raises:
        RecipeError: The widths do not allow it.
    """
    if plan.macs is None:
        return
    full, fewest = total_macs(architecture, patch), Pruner(architecture, patch, plan).fewest()
    if fewest > plan.macs * full:
        raise RecipeError(
            f"prune.macs = {plan.macs:g} asks for more pruning than the widths allow: at least "
            f"{fewest / full:.3f} of the multiplications stay with minimum_width {plan.minimum_width} and "
            f"{', '.join(plan.parts)} to cut",
            remedy="raise prune.macs, lower prune.minimum_width, or allow more prune.parts",
        )
