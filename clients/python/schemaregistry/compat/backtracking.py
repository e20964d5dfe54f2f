"""Bounds the texts on which a backtracking engine, such as Python's `re`, may be asked about a pattern."""

import re
from functools import lru_cache
from typing import Final

from schemaregistry.compat.ecma import parse
from schemaregistry.compat.regular import Alt, Cat, Regex, Repeat

MANY: Final = 8
"""Repetitions from which a bounded loop counts as one without end."""
LONGEST: Final = {0: 100_000, 1: 100_000, 2: 2_000}
"""Characters by the number of loops side by side: time grows with the length to that power."""
LONGEST_SIDE_BY_SIDE: Final = 100
LONGEST_NESTED: Final = {2: 20}
"""Characters by the depth of loops in loops (an alternative in a loop is one more): time may double with each."""
LONGEST_DEEPLY_NESTED: Final = 8
ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1024)
def longest_text(pattern: str) -> int:
    """Give the length in code points up to which backtracking stays below some ten milliseconds."""
    # A word boundary is no loop, and not regular: without it the loops can be counted.
    regex = parse(ESCAPE.sub(lambda escape: "" if escape[1] in "bB" else escape[0], pattern))
    if regex is None:
        return LONGEST_DEEPLY_NESTED
    depth = _depth(regex)
    if depth > 1:
        return LONGEST_NESTED.get(depth, LONGEST_DEEPLY_NESTED)
    return LONGEST.get(_loops(regex), LONGEST_SIDE_BY_SIDE)


def _is_loop(repeat: Repeat) -> bool:
    return repeat.most is None or repeat.most - repeat.least >= MANY


def _depth(regex: Regex, *, inside: bool = False) -> int:
    match regex:
        case Cat(head, tail):
            return max(_depth(head, inside=inside), _depth(tail, inside=inside))
        case Alt(options):
            return int(inside) + max(_depth(option, inside=inside) for option in options)
        case Repeat(body, _, _):
            loop = _is_loop(regex)
            return loop + _depth(body, inside=inside or loop)
        case _:
            return 0


def _loops(regex: Regex) -> int:
    match regex:
        case Cat(head, tail):
            return _loops(head) + _loops(tail)
        case Alt(options):
            return sum(_loops(option) for option in options)
        case Repeat(body, _, _):
            return _is_loop(regex) + _loops(body)
        case _:
            return 0
