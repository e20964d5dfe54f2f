"""How many files and connections this process may have open: as many as it may ask for."""

import resource
from typing import Final

WANTED: Final = 65_536
"""More than the connections that its listeners take."""


def raise_limit() -> int:
    """Raise the soft limit (getrlimit(2), RLIMIT_NOFILE: often 1,024) as far as it may be, up to WANTED; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= reachable:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable


def connections(most: int) -> int:
    """How many connections a listener may have: `most`, or half of what the limit lets this process open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else min(most, soft // 2)
