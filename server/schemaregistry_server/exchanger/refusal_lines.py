"""Which refusals have a line in the log: all of callers that are known, of the others so many a minute."""

import time
from collections.abc import Callable
from typing import Final

from schemaregistry_server.audit_log.log_limit import LogLimit

UNVERIFIED: Final = 60
"""Lines a minute about what could not be verified, of all callers: 60 MB a day at most."""

OVER_RATE: Final = 3
"""Lines a minute about requests over a limit, of all callers."""


class RefusalLines:
    """Lets lines about refusals through. Anybody can be refused, and a disk that is full ends all exchanges."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._unverified, self._over_rate = LogLimit(UNVERIFIED, clock), LogLimit(OVER_RATE, clock)

    def admit(self, reason: str, *, verified: bool) -> tuple[bool, int]:
        """Whether a refusal has its line, and how many of its kind had none before.

        `verified`: the caller's token or certificate is good, so that the line tells who it was.
        """
        if reason == "RATE_LIMITED":
            return self._over_rate.admit()
        return (True, 0) if verified else self._unverified.admit()
