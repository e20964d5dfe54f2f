"""The deadline of the call in progress, for what waits within it; a transport sets it where its calls have one."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

MARGIN: Final = 0.5
"""Seconds that are left for an answer to reach the caller before its deadline, a fifth of a short deadline at most."""

remaining: ContextVar[Callable[[], float | None] | None] = ContextVar("remaining", default=None)
"""Returns the seconds until the deadline, None where there is none.

Each call runs in a task, and so in a context, of its own.
"""


def within(seconds: float) -> float:
    """Return how long a call may wait: `seconds`, or less where its answer has to be there sooner."""
    ask = remaining.get()
    left = ask() if ask else None
    return seconds if left is None else max(min(seconds, left - min(MARGIN, left / 5)), 0)
