"""Raise this process's limit on open files, and derive the number of connections from it."""

import resource
from typing import Final

WANTED: Final = 65_536
"""Open files that are asked for: more than all connections that the listeners take."""


def raise_limit() -> int:
    """Raise the soft limit (getrlimit(2), RLIMIT_NOFILE: often 1,024) to WANTED or the hard limit; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= reachable:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable


def connections(most: int) -> int:
    """The number of connections that a listener may have: `most`, or half of the limit on open files where less."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else min(most, soft // 2)
