"""What pruning cut out of each stage of a network."""

from __future__ import annotations

from edge_sdk.network.architecture import Architecture, is_single
from quantization.pruning.cost import stage_macs
from quantization.records.pruning import StageCut


def cuts_by_stage(before: Architecture, after: Architecture, patch: tuple[int, int, int]) -> list[StageCut]:
    """Channels, blocks, branches and multiplications of every stage, before and after.

    Args:
        before, after: Inference architectures.
        patch: (D, H, W) that multiplications are counted for.
    """
    macs_before, macs = stage_macs(before, patch), stage_macs(after, patch)
    rows: list[StageCut] = []
    for stage, had in before.stages.items():
        kept = after.stages[stage]
        rows.append(
            StageCut(
                stage=stage,
                channels=_change(_widths(before.widths_of(stage)), _widths(after.widths_of(stage))),
                blocks="1" if is_single(stage) else _change(str(len(had)), str(len(kept))),
                branches=_change(str(sum(map(len, had))), str(sum(map(len, kept)))),
                gmac_before=macs_before[stage] / 1e9,
                gmac=macs[stage] / 1e9,
                share=macs[stage] / macs_before[stage],
            )
        )
    return rows


def _widths(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}→{ends[1]}"


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} ⇒ {after}"
