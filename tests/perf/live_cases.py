"""What is streamed: a sweep, its configuration and a package."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_sdk.files import atomic_path
from tests.perf.exports import ROOT
from tests.perf.row_report import output_of, package_path

DATA = Path(os.environ.get("EDGE_SDK_DATA", ROOT.parent / "shared" / "data"))
NWIRE = DATA / "plus_nwire"
SIMULATED_FRAMES = 1000


@dataclass(frozen=True)
class Case:
    """One sweep with its package.

    Attributes:
        name: In reports.
        sweep: The recording.
        config: Its PLUS configurations.
        package: The network's package.
        checkpoint: The network as published, trained; None where it is not kept, and then its weights are random.
        description: The frames and the volume that they fill, for the report.
    """

    name: str
    sweep: Path
    config: tuple[Path, ...]
    package: Path
    checkpoint: Path | None
    description: str

    @property
    def missing(self) -> str:
        """Why it cannot be streamed, or ""."""
        absent = [path for path in (self.sweep, *self.config) if not path.is_file()]
        return f"{absent[0].name} is not in {absent[0].parent}" if absent else ""


def edge_sdk(*arguments: str) -> None:
    """Run the command line of this checkout to its end; this program ends where it fails."""
    output_of([sys.executable, "-m", "apps", *arguments])


def cases(work: Path) -> tuple[Case, Case]:
    """The recorded N-wire sweep and a simulated one, which is made in `work` where it is not there yet."""
    simulated = work / "live" / f"simulated-{SIMULATED_FRAMES}"
    if not simulated.is_dir():
        with atomic_path(simulated) as part:
            part.mkdir(parents=True)
            edge_sdk("simulate", "--frames", str(SIMULATED_FRAMES), "-o", str(part / "sweep.igs.mha"))
    return (
        Case(
            "N-wire phantom",
            NWIRE / "fCal_Test_Calibration_3NWires.igs.mha",
            (
                NWIRE / "PlusDeviceSet_fCal_Sim_SpatialCalibration_1.2.xml",
                NWIRE / "FreehandCalibration3NWires.results.xml",
            ),
            package_path("nwire-t-int8"),
            None,
            "188 recorded frames of 820×616 (fCal's calibration sweep) into 0.5 mm, linear, PLUS's mean",
        ),
        Case(
            "simulated phantom",
            simulated / "sweep.igs.mha",
            (simulated / "sweep.xml",),
            package_path("phantom-s-int8"),
            ROOT / "models" / "phantom-s.safetensors",
            f"{SIMULATED_FRAMES} simulated frames (edge-sdk simulate) into 0.8 mm, linear, the true mean",
        ),
    )
