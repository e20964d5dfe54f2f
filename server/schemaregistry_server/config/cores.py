"""How many cores this process may use: the affinity's, and no more than the control group's quota allows."""

import math
import os
from pathlib import Path
from typing import Final

QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of CPU time in a period, and the period (Linux, Control Group v2, "CPU Interface Files")."""


def usable(quota: Path = QUOTA) -> int:
    """The number of cores, at least 1; a part of one counts as one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        most, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if most == "max" else max(1, min(cores, math.ceil(int(most) / int(period))))
