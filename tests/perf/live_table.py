"""The report of `tests.perf.live` as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.report.markdown import facts, markdown_table

OURS = {
    "case": "sweep",
    "package": "package",
    "frames_inserted": "inserted",
    "frames_dropped": "dropped",
    "latency_ms_p50": "frame to mask p50, ms",
    "latency_ms_p95": "p95, ms",
    "final_mask_s": "last frame to final mask, s",
    "peak_rss_mb": "peak RSS, MB",
}
PEERS = {
    "case": "sweep",
    "overlap": "overlap",
    "weights": "weights",
    "reconstruct_s": "reconstruct, s",
    "inference_s": "inference, s",
    "wait_s": "wait, s",
    "ours_s": "ours, s",
    "times": "peer / ours",
    "quartiles": "quartiles",
    "times_inference_only": "inference alone / ours",
    "peak_rss_mb": "peak RSS, MB",
    "same_volume": "same volume",
}
PROMISES = {"what": "promise", "case": "sweep", "value": "measured", "must": "must", "aim": "aim", "verdict": "verdict"}


@dataclass(frozen=True)
class Promise:
    """A number that we hold ourselves to; `least` where more is better."""

    what: str
    key: str
    must: float
    aim: float
    least: bool = False

    def kept(self, case: str, value: float) -> dict[str, Any]:
        """A row: the value and whether it reaches the aim, the must, or neither."""

        def reaches(limit: float) -> bool:
            return value >= limit if self.least else value <= limit

        verdict = "aim met" if reaches(self.aim) else "must met" if reaches(self.must) else "falls short"
        limits = {"must": self.must, "aim": self.aim}
        return {"what": self.what, "case": case, "value": value, **limits, "verdict": verdict}


OF_OURS = (
    Promise("frames dropped", "frames_dropped", 0, 0),
    Promise("last frame to final mask, s", "final_mask_s", 1.0, 0.3),
)
OF_PEERS = Promise("times less waiting than the peer, overlap {overlap}", "times", 50, 50, least=True)


def promises(cases: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every promise on every case that was measured; of dropped frames and waits the worst round counts."""
    rows = []
    for case in cases:
        for each in OF_OURS:
            rows.append(each.kept(case["case"], max(sample[each.key] for sample in case["ours_samples"])))
        for peer in _measured(case["peers"]):
            row = OF_PEERS.kept(case["case"], peer[OF_PEERS.key])
            rows.append({**row, "what": row["what"].format(**peer)})
    return rows


def markdown(report: Mapping[str, Any]) -> str:
    """Tables, protocol and device."""
    measured = _measured(report["cases"])
    peers_too = [{"case": case["case"], **peer} for case in measured for peer in case["peers"]]
    absent = [
        f"{each['case']}: not measured, {each['not_measured']}."
        for each in (*report["cases"], *peers_too)
        if "not_measured" in each
    ]
    ours = [{**case, **case["ours"]} for case in measured]
    peers = [
        {
            **peer,
            "case": case["case"],
            "ours_s": case["ours"]["final_mask_s"],
            "quartiles": " to ".join(f"{value:.3g}" for value in peer["times_quartiles"]),
        }
        for case in measured
        for peer in _measured(case["peers"])
    ]
    parts = [
        f"# Streaming against waiting, {report['written_utc']}",
        *absent,
        markdown_table(promises(measured), PROMISES),
        "## Ours: medians of the rounds",
        markdown_table(ours, OURS),
        "## The peer, which begins after the last frame",
        markdown_table(peers, PEERS),
        "## Sweeps",
        facts({case["case"]: case["frames"] for case in report["cases"]}),
    ]
    for group in ("protocol", "device", "versions"):
        parts += [f"## {group.capitalize()}", facts(report[group])]
    return "\n\n".join(parts) + "\n"


def _measured(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if "not_measured" not in row]
