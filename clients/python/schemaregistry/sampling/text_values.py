"""Make texts that meet patterns, formats and lengths: a pool from which a column's values are chosen."""

from collections.abc import Callable, Iterator
from typing import Final

import pyarrow as pa

from schemaregistry.compat.ecma import parse
from schemaregistry.compat.regular import Alt, Cat, Chars, Ranges, Regex, Repeat
from schemaregistry.data.arrow.types import Array, DataType
from schemaregistry.data.engine import kernels
from schemaregistry.sampling.number_values import Random
from schemaregistry.sampling.rules import ValueRules
from schemaregistry.sampling.unsampleable import no_value

LARGEST_POOL: Final = 512
"""The most texts in a pool."""
_SPREADS: Final = (6, 2, 20, 60, 200)
"""How often a part of a pattern is repeated beyond its fewest times, at most. Texts are made for each in this order."""
_LEAVES: Final = frozenset(kernels.KERNELS)
"""Kinds of checks that look at one value alone."""
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters for words without I and O, which look like digits."""

_SYMBOLS: Final = [f"{a}{b}{c}{d}" for a in "ABGMNST" for b in "AEIO" for c in "LMRX" for d in ("", "K")]
_MICS: Final = ["XNAS", "XNYS", "ARCX", "BATS", "EDGX", "IEXG"]
_USUAL: Final = {
    **dict.fromkeys(("symbol", "ticker", "instrument"), _SYMBOLS),
    **dict.fromkeys(("venue", "exchange", "mic"), _MICS),
    "currency": ["USD", "EUR", "GBP", "JPY", "CHF"],
    "country": ["US", "DE", "GB", "JP", "CH"],
    "isin": ["US0378331005", "US5949181045", "US67066G1040", "US0231351067", "DE0007164600", "GB0002634946"],
    "name": ["Apple Inc.", "Microsoft Corp.", "NVIDIA Corp.", "Amazon.com Inc.", "SAP SE", "Shell plc"],
}
"""Values for columns of these names, if the contract allows them; a name may also end in one, like `bid_exchange`."""

FORMATS: Final[dict[str, Callable[[int], str]]] = {
    "date-time": lambda n: f"2026-01-05T{9 + n // 3600 % 12:02}:{n // 60 % 60:02}:{n % 60:02}Z",
    "date": lambda n: f"2026-{1 + n // 28 % 12:02}-{1 + n % 28:02}",
    "time": lambda n: f"{9 + n // 3600 % 12:02}:{n // 60 % 60:02}:{n % 60:02}Z",
    **dict.fromkeys(("email", "idn-email"), lambda n: f"trader{n}@desk.example"),
    **dict.fromkeys(("hostname", "idn-hostname"), lambda n: f"host{n}.feed.example"),
    "ipv4": lambda n: f"192.0.2.{n % 256}",
    "ipv6": lambda n: f"2001:db8::{n + 1:x}",
    **dict.fromkeys(("uri", "iri", "uri-reference", "iri-reference"), lambda n: f"https://feed.example/{n}"),
    "uri-template": lambda n: f"https://feed.example/{n}/{{symbol}}",
    "uuid": lambda n: f"00000000-0000-4000-8000-{n:012x}",
    "json-pointer": lambda n: f"/{n}",
    "relative-json-pointer": lambda n: f"{n}",
    "regex": lambda n: f"^{n}$",
}
"""The `n`th text of each format of draft-07."""


def text_pool(rules: ValueRules, name: str, kind: DataType, most: int, random: Random) -> Array:
    """Return up to `most` distinct texts that meet the rules of a column or member of this name.

    Raises Unimplemented (NO_SAMPLE) where none is found.
    """
    most = min(most, LARGEST_POOL)
    for candidates in _candidates(rules, name, random):
        pool = passing(pa.array(list(dict.fromkeys(candidates)), pa.string()), rules, kind)
        if len(pool):
            return pool.slice(0, most)
    raise no_value(rules, "text")


def passing(array: Array, rules: ValueRules, kind: DataType) -> Array:
    """Return the values that meet the rules on single values."""
    for check in rules.checks:
        failing = kernels.run(check.kind, check.argument, array, kind) if check.kind in _LEAVES else None
        if failing is not None:
            array = array.filter(pa.array(~failing))
    return array


def _candidates(rules: ValueRules, name: str, random: Random) -> Iterator[list[str]]:
    """Yield lists of texts to try, the most likely first."""
    if rules.options is not None:
        yield [option for option in rules.options if isinstance(option, str)]
        return
    usual = next((texts for word, texts in _USUAL.items() if name.lower().rpartition("_")[2] == word), None)
    if usual:
        yield usual
    for form in rules.arguments("format"):
        if form in FORMATS:
            yield [FORMATS[form](number) for number in range(LARGEST_POOL)]
    for ecma, _ in rules.arguments("pattern"):
        regex = parse(ecma)
        for spread in _SPREADS if regex else ():
            yield [matching(regex, spread, random) for _ in range(LARGEST_POOL)]  # type: ignore[arg-type]
    yield _words(rules, random)
    # Last, as a condition's values need not meet the rules.
    yield [hint for hint in rules.hints if isinstance(hint, str)]


def _words(rules: ValueRules, random: Random) -> list[str]:
    """Return random words, of a length within the limits and not much above the shortest."""
    fewest, most = rules.count("min_length", "max_length", 8)
    lengths = range(max(fewest, min(4, most)), most + 1)
    if not lengths:
        return []
    chosen = (int(random.choice(lengths)) for _ in range(LARGEST_POOL))
    return ["".join(_LETTERS[at] for at in random.integers(0, len(_LETTERS), length)) for length in chosen]


def matching(regex: Regex, spread: int, random: Random) -> str:
    """Return a text that matches a regular expression, with at most `spread` repetitions beyond the fewest."""
    match regex:
        case Chars(ranges):
            return _character(ranges, random)
        case Cat(head, tail):
            return matching(head, spread, random) + matching(tail, spread, random)
        case Alt(options):
            # The options are a set, and the same seed must give the same text.
            ordered = sorted(options, key=repr)
            return matching(ordered[int(random.integers(0, len(ordered)))], spread, random)
        case Repeat(body, least, most):
            limit = least + spread if most is None else min(most, least + spread)
            times = int(random.integers(least, limit + 1))
            return "".join(matching(body, spread, random) for _ in range(times))
    return ""


def _character(ranges: Ranges, random: Random) -> str:
    """Return a character from ranges: preferably an ASCII letter or digit, else a printable one."""
    # Readable texts first: a class like `[^,]` allows control characters too.
    for preferred in (str.isalnum, str.isprintable):
        plain = [chr(code) for low, high in ranges for code in range(max(low, 32), min(high, 126) + 1)]
        chosen = [char for char in plain if preferred(char)]
        if chosen:
            return chosen[int(random.integers(0, len(chosen)))]
    if not ranges:
        return ""
    low, high = ranges[int(random.integers(0, len(ranges)))]
    return chr(int(random.integers(low, high + 1)))


def taken(pool: Array, count: int, random: Random) -> Array:
    """Return `count` random values of a pool."""
    return pool.take(pa.array(random.integers(0, len(pool), count)))
