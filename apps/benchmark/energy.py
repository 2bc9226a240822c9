"""Energy from the CPU's own counters (RAPL through Linux's powercap)."""

from __future__ import annotations

from pathlib import Path

from apps.benchmark.target_groups import EnergyGroup
from apps.report.measured import NotMeasured

POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Adds up what the outermost powercap zones (CPU packages) count; `advance` at least once a minute."""

    def __init__(self, root: Path = POWERCAP) -> None:
        """
        Args:
            root: Where the zones lie.
        """
        self.problem: str | None = None
        self.joules = 0.0
        self._zones: dict[str, tuple[Path, int]] = {}
        self._last: dict[str, int] = {}
        # "intel-rapl:0" is a CPU package; "intel-rapl:0:1" lies inside it and would count twice.
        zones = [path for path in sorted(root.glob("*")) if path.name.count(":") == 1]
        if not zones:
            self.problem = f"{root} lists no energy counter (usual in a virtual machine and on arm64)"
            return
        try:
            for zone in zones:
                name = (zone / "name").read_text().strip()
                # "psys" is the whole platform and holds the packages.
                if name != "psys":
                    self._zones[name] = zone / "energy_uj", int((zone / "max_energy_range_uj").read_text())
            self._last = self._read()
        except (OSError, ValueError) as cause:
            self.problem = f"the energy counters in {root} cannot be read ({cause}); they are root's on most systems"

    def advance(self) -> None:
        """Add what was used since the last call; the counters wrap around."""
        if self.problem:
            return
        now = self._read()
        for name, (_, largest) in self._zones.items():
            step = now[name] - self._last[name]
            self.joules += (step if step >= 0 else step + largest) / 1e6
        self._last = now

    def report(self, inferences: int, seconds: float) -> EnergyGroup | NotMeasured:
        """Joules per inference and mean watts, and what they cover.

        Args:
            inferences: How many ran since the start.
            seconds: Time since the start.
        """
        if self.problem:
            return NotMeasured(why=self.problem)
        return EnergyGroup(
            joules_per_inference=self.joules / inferences,
            mean_watts=self.joules / seconds,
            joules=self.joules,
            scope=f"{', '.join(self._zones)}: all that ran on these CPUs in that time, idle power included",
        )

    def _read(self) -> dict[str, int]:
        return {name: int(counter.read_text()) for name, (counter, _) in self._zones.items()}
