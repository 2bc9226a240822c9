"""Memory of this process."""

from __future__ import annotations

import sys


def peak_rss_mb() -> float:
    """Most memory that this process ever had resident, MB (10⁶ bytes)."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource

    # macOS counts bytes, Linux and the BSDs count KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
