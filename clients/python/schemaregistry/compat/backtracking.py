"""Bound the length of texts on which a backtracking regex engine, such as Python's `re`, is run.

The bound keeps the second referee (python-jsonschema) from running for minutes on a pattern like `(a+)+$`.
"""

import re
from functools import lru_cache
from typing import Final

from schemaregistry.compat.ecma import parse
from schemaregistry.compat.regular import Alt, Cat, Regex, Repeat

MANY: Final = 8
"""Width of a bounded repetition, such as `{0,8}`, from which it counts as an unbounded loop."""
LONGEST: Final = {0: 100_000, 1: 100_000, 2: 2_000}
"""The longest text allowed, in code points, by the number of loops that follow one another.

With n of them the time grows as the length to the power of n.
"""
LONGEST_SIDE_BY_SIDE: Final = 100
"""The longest text allowed where three or more loops follow one another."""
LONGEST_NESTED: Final = {2: 20}
"""The longest text allowed, by the depth of nested loops (an alternative in a loop counts as one more).

The time may double with each code point.
"""
LONGEST_DEEPLY_NESTED: Final = 8
"""The longest text allowed for deeper nesting, and for a pattern that can't be analysed."""
ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1024)
def longest_text(pattern: str) -> int:
    """Return the length in code points up to which matching takes at most some ten milliseconds."""
    # A word boundary is not regular, so `parse` would refuse the pattern. It is no loop either, so it may be left out.
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
