"""Count the CPU cores that this process may use, by its affinity and its control group's quota."""

import math
import os
from pathlib import Path
from typing import Final

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Two numbers: microseconds of CPU time per period, or `max`, and the period in microseconds (Linux, Control Group v2,
"CPU Interface Files")."""


def usable(quota: Path = QUOTA) -> int:
    """The number of cores, at least 1; a fraction of a core is rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        most, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):  # no Linux, or no control group v2
        return cores
    return cores if most == "max" else max(1, min(cores, math.ceil(int(most) / int(period))))
