"""Facts about the device: a value, or none and why."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import psutil
import pytest

from edge_sdk import device


def test_every_fact_is_a_value_or_a_reason() -> None:
    facts = device.describe_device()
    assert {"cpu", "isa", "cores", "threads", "ram_mb", "os", "kernel", "governor", "turbo", "power"} <= set(facts)
    for name, fact in facts.items():
        assert (fact.value is None) == (fact.reason is not None), name
    json.dumps({name: vars(fact) for name, fact in facts.items()})
    assert facts["ram_mb"].value == round(psutil.virtual_memory().total / 2**20)
    assert facts["architecture"].value == platform.machine()


def test_fingerprint_is_stable_and_tells_the_cores() -> None:
    assert device.fingerprint() == device.fingerprint()
    assert device.fingerprint().endswith(f"|{os.cpu_count()}")


X86 = (
    "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 avx512_vnni hypervisor\n\nprocessor\t: 1\nflags\t: x\n"
)
ARM = "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp i8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"


@pytest.mark.parametrize(
    ("text", "cpu", "isa"),
    [
        (X86, "Some CPU", ["avx2", "avx512_vnni"]),
        (ARM, "arm implementer 0x41 part 0xd0c", ["neon", "neon fp16", "neon dotprod", "i8mm"]),
    ],
)
def test_cpu_is_read_as_linux_writes_it(monkeypatch: pytest.MonkeyPatch, text: str, cpu: str, isa: list[str]) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert device._cpu().value == cpu
    assert device._isa().value == isa


def test_power_and_frequency_are_read_from_sysfs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, files in {
        "BAT0": {"type": "Battery", "capacity": "81\n", "status": "Discharging\n"},
        "AC": {"type": "Mains\n", "online": "0\n"},
        "cpu0/cpufreq": {"scaling_governor": "powersave\n"},
        "intel_pstate": {"no_turbo": "1\n"},
    }.items():
        (tmp_path / name).mkdir(parents=True)
        for file, content in files.items():
            (tmp_path / name / file).write_text(content)
    monkeypatch.setattr(device, "POWER_FOLDER", tmp_path)
    monkeypatch.setattr(device, "CPU_FOLDER", tmp_path)
    assert device._power().value == "battery, 81 % (Discharging)"
    (tmp_path / "AC" / "online").write_text("1")
    assert device._power().value == "mains"
    assert device._governor().value == "powersave"
    assert device._turbo().value == "off"
