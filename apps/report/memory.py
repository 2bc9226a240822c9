"""Memory of this process."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def peak_rss_mb() -> float:
    """Most memory that this process ever had resident, MB (10⁶ bytes)."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    # On Linux, getrusage of a started program also counts the process that started it; VmHWM does not.
    if found := re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text() if _STATUS.exists() else ""):
        return int(found.group(1)) * 1024 / 1e6
    import resource

    # macOS counts bytes, Linux and the BSDs count KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rss_mb() -> float:
    """Memory of this process that is resident now, MB (10⁶ bytes)."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def forget_peak() -> None:
    """Let `peak_rss_mb` start anew where the system can (Linux); elsewhere earlier peaks keep counting."""
    try:
        _CLEAR.write_text("5")  # 5: reset the high-water mark
    except OSError:
        return
