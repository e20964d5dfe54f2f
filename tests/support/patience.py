"""How long a test waits, and how much time it lets something take: bounds that only a fault passes, no slow machine.

What something takes is measured in bench/; a test only tells what is done at once from what grows out of hand.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 60.0
"""Seconds to wait for what is to come in an instant: it came to nothing where it takes longer."""


@contextmanager
def at_most_tenfold(expected: float, clock: Callable[[], float] = time.process_time) -> Iterator[None]:
    """Fail where a block takes ten times the seconds expected of it: of this process' own, by default."""
    began = clock()
    yield
    took = clock() - began
    assert took < 10 * expected, f"took {took:.2f} s, ten times the {expected} s that are expected"
