"""Facts about a sweep: their texts in files of earlier versions and in outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform

HEADER = {
    "SourceFormat": "video",
    "Codec": "h264",
    "FramesLost": "0",
    "FramesUndecodable": "3",
    "PoseLag": "-0.0312346",
    "PosesFrom": "csv:p.csv",
    "PosesMissing": "2 (none within 0.25 s, or not OK)",
    "ImageToProbeAssumed": "0.1 × 0.1 mm per pixel, probe's origin at pixel (31.5, 0)",
}
"""As the version before this class wrote it."""


def test_facts_of_a_header() -> None:
    facts = Provenance.from_header(HEADER)
    assert (facts.source_format, facts.frames_lost, facts.frames_undecodable) == ("video", 0, 3)
    assert (facts.pose_lag_s, facts.poses_from, facts.poses_declared) == (-0.0312346, "csv:p.csv", None)
    assert facts.tracked
    assert facts.summary() == {
        "poses_from": HEADER["PosesFrom"],
        "frames_without_pose": HEADER["PosesMissing"],
        "pose_lag_s": "-0.0312346",
        "image_to_probe_assumed": HEADER["ImageToProbeAssumed"],
        "frames_undecodable": "3",
    }
    assert Provenance.from_summary(facts.summary()) == replace(facts, frames_lost=None, source_format=None)


def test_a_header_is_written_as_it_was_before() -> None:
    facts = Provenance.from_header(HEADER)
    assert list(facts.header_fields({"Codec": "h264"}).items()) == list(HEADER.items())
    # Fields that the file has keep their places.
    turned = dict(reversed(HEADER.items()))
    assert list(facts.header_fields(turned).items()) == list(turned.items())


def test_the_provenance_wins_over_the_header_that_was_read() -> None:
    facts = replace(Provenance.from_header(HEADER), pose_lag_s=0.5, poses_declared="linear")
    fields = facts.header_fields(HEADER)
    assert (fields["PoseLag"], fields["PosesDeclared"]) == ("0.5", "linear")
    assert not facts.tracked


def test_a_recordings_own_facts_are_none() -> None:
    assert Provenance().summary() == {}
    assert Provenance().header_fields({"Operator": "x"}) == {"Operator": "x"}
    # Another program's field that is no number is not ours, and stays in the header.
    assert Provenance.from_header({"FramesLost": "some", "PoseLag": ""}) == Provenance()


@pytest.mark.parametrize("name", ["s.igs.mha", "s.igs.nrrd"])
def test_facts_survive_a_sequence_file(name: str, tmp_path) -> None:
    facts = replace(Provenance.from_header(HEADER), poses_declared="fan, 2 °/frame about x of the probe")
    poses = {"ProbeToReference": TrackedTransform(np.eye(4)[None], (OK,))}
    sweep = Sweep(np.zeros((1, 4, 5), np.uint8), np.zeros(1), poses, (OK,), provenance=facts)
    write_sweep(sweep, tmp_path / name)
    read = read_sweep(tmp_path / name)
    assert read.provenance == facts
    assert read.header["PosesMissing"] == HEADER["PosesMissing"]
