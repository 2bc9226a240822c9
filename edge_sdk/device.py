"""What this device is; every fact is a value, or none and why."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CPU_FOLDER = Path("/sys/devices/system/cpu")
POWER_FOLDER = Path("/sys/class/power_supply")
# Instruction sets that decide which INT8 kernels a runtime takes; arm64 Linux writes some by other names.
_ISA = [
    *("sse4_2", "avx", "fma", "avx2", "avx_vnni"),
    *("avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"),
    *("asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
]
_ARM_WORDS = {"asimd": "neon", "asimdhp": "neon fp16", "asimddp": "neon dotprod"}


@dataclass(frozen=True)
class Fact:
    """A value, or None with the reason."""

    value: str | int | list[str] | None
    reason: str | None = None


def describe_device() -> dict[str, Fact]:
    """All facts by name.

    cpu, architecture, isa, cores, threads (usable by this process), ram_mb, os, kernel, python, machine,
    container, governor, turbo, power.
    """
    return {name: read() for name, read in _FACTS.items()}


def fingerprint() -> str:
    """A text that is equal on equal devices: what decides which target is fastest and right."""
    isa = _instruction_sets()
    return f"{_cpu().value}|{platform.machine()}|{','.join(isa)}|{os.cpu_count()}"


def _cpuinfo() -> dict[str, str]:
    """The first processor's entries of /proc/cpuinfo; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _cpu() -> Fact:
    info = _cpuinfo()
    for key in ("model name", "Model", "Hardware", "cpu model"):
        if info.get(key):
            return Fact(info[key])
    if "CPU part" in info:
        return Fact(f"arm implementer {info.get('CPU implementer', '?')} part {info['CPU part']}")
    name = platform.processor()
    return Fact(name) if name else Fact(None, "the system does not tell the CPU's name")


def _cpu_flags() -> set[str]:
    info = _cpuinfo()
    return set((info.get("flags") or info.get("Features") or "").split())


def _instruction_sets() -> list[str]:
    flags = _cpu_flags()
    return [_ARM_WORDS.get(name, name) for name in _ISA if name in flags]


def _isa() -> Fact:
    if not _cpu_flags():
        return Fact(None, f"instruction sets are read from /proc/cpuinfo, which {platform.system()} lacks")
    return Fact(_instruction_sets())


def _cores() -> Fact:
    import psutil

    count = psutil.cpu_count(logical=False)
    return Fact(count) if count else Fact(None, "the system does not tell physical cores")


def usable_processors() -> int | None:
    """Processors that this process may run on; None where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _threads() -> Fact:
    usable = usable_processors()
    return Fact(usable) if usable else Fact(None, "the system does not tell")


def _ram() -> Fact:
    import psutil

    return Fact(round(psutil.virtual_memory().total / 2**20))


def _os() -> Fact:
    try:
        return Fact(platform.freedesktop_os_release()["PRETTY_NAME"])
    except (OSError, KeyError):
        return Fact(f"{platform.system()} {platform.release()}")


def _machine() -> Fact:
    """Whether this is a virtual machine, as far as it shows."""
    if "hypervisor" in _cpuinfo().get("flags", "").split():
        return Fact(f"virtual ({_read(Path('/sys/class/dmi/id/product_name')) or 'hypervisor flag'})")
    if sys.platform != "linux":
        return Fact(None, "only looked for on Linux")
    product = _read(Path("/sys/class/dmi/id/product_name")) or _read(Path("/proc/device-tree/model"))
    return Fact(product) if product else Fact(None, "neither DMI nor a device tree is readable")


def _container() -> Fact:
    if sys.platform != "linux":
        return Fact(None, "only looked for on Linux")
    if Path("/.dockerenv").exists():
        return Fact("docker")
    if Path("/run/.containerenv").exists():
        return Fact("podman")
    groups = _read(Path("/proc/1/cgroup")) or ""
    found = re.search(r"docker|kubepods|containerd|lxc", groups)
    return Fact(found.group() if found else "none seen")


def _governor() -> Fact:
    value = _read(CPU_FOLDER / "cpu0/cpufreq/scaling_governor")
    return Fact(value) if value else Fact(None, "no cpufreq here (usual in a virtual machine)")


def _turbo() -> Fact:
    if (value := _read(CPU_FOLDER / "intel_pstate/no_turbo")) is not None:
        return Fact("off" if value == "1" else "on")
    if (value := _read(CPU_FOLDER / "cpufreq/boost")) is not None:
        return Fact("on" if value == "1" else "off")
    return Fact(None, "neither intel_pstate nor cpufreq/boost is readable here")


def _power() -> Fact:
    supplies = sorted(POWER_FOLDER.glob("*")) if POWER_FOLDER.is_dir() else []
    for supply in supplies:
        if _read(supply / "type") == "Mains" and _read(supply / "online") == "1":
            return Fact("mains")
    for supply in supplies:
        if _read(supply / "type") == "Battery":
            return Fact(f"battery, {_read(supply / 'capacity') or '?'} % ({_read(supply / 'status') or '?'})")
    return Fact(None, "the system lists no power supply")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0 \n")
    except OSError:
        return None


_FACTS: dict[str, Callable[[], Fact]] = {
    "cpu": _cpu,
    "architecture": lambda: Fact(platform.machine()),
    "isa": _isa,
    "cores": _cores,
    "threads": _threads,
    "ram_mb": _ram,
    "os": _os,
    "kernel": lambda: Fact(f"{platform.system()} {platform.release()}"),
    "python": lambda: Fact(platform.python_version()),
    "machine": _machine,
    "container": _container,
    "governor": _governor,
    "turbo": _turbo,
    "power": _power,
}
