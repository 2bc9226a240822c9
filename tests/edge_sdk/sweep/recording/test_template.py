"""What a recording states before its first frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats import read_sweep
from edge_sdk.sweep.recording.recorder import SweepRecorder
from edge_sdk.sweep.recording.template import RecordingTemplate
from edge_sdk.sweep.sweep import Sweep

FACTS = Provenance(poses_declared="linear:speed=1mm/s", source_format="live")


def test_a_recording_keeps_its_provenance(tmp_path: Path) -> None:
    template = RecordingTemplate((4, 5), header={"Operator": "x"}, pixel_spacing=(0.1, 0.2), provenance=FACTS)
    with SweepRecorder(tmp_path / "S.igs.mha", template) as recorder:
        recorder.add(np.zeros((4, 5), np.uint8), 0.0, {"ProbeToReference": (np.eye(4), "OK")})
        recorder.finish()
    read = read_sweep(tmp_path / "S.igs.mha")
    assert (read.provenance, read.header["Operator"], read.pixel_spacing) == (FACTS, "x", (0.1, 0.2))


def test_the_template_of_a_sweep() -> None:
    header = {"SourceFormat": "video", "Codec": "h264"}
    facts = Provenance.from_header(header)
    sweep = Sweep(np.zeros((2, 3, 4, 3), np.uint16), np.zeros(2), header=header, provenance=facts)
    template = RecordingTemplate.of_sweep(sweep)
    assert (template.shape, template.dtype, template.pixel_spacing) == ((3, 4, 3), np.uint16, None)
    assert template.header_fields() == header
