"""`python -m bench.compat`: measure how fast verdicts are and, with `--fuzz N`, look for wrong ones in N random pairs.

Speed is measured on the test corpus and on wide documents. A wrong verdict is printed with its seed, and the exit code
is then 1.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs

from schemaregistry.compat import Outcome, decide
from schemaregistry.errors import InvalidArgument

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus" / "compat"
NAMES = ("a", "b", "ab", "x-1", "é")
PATTERNS = ("^a", "b$", "^[a-z]+$", "a", "^(ab)*$", "[0-9]", "^x-", "^a?b{1,2}$", "^$", "a|^b", "^.{2,3}$", "(a|b$)")
TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")
SCALARS = (None, True, False, 0, 1, 2, 3, 4, 5, -1, 1.0, 0.5, 1.5, 10, "", "a", "b", "ab", "abab", "x-1", "0", "é")


def main() -> None:
    """Measure, then fuzz where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in ("containment", "generated"):
        rows = [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        measure(name, [(row["old"], row["new"]) for row in rows])
    for columns in (10, 100, 1000):
        measure(f"{columns} columns, one more", [(wide(columns), wide(columns + 1))] * 5)
        measure(f"{columns} columns, one less", [(wide(columns + 1), wide(columns))] * 5)
    if args.fuzz:
        sys.exit(1 if fuzz(args.fuzz, args.seed) else 0)


def measure(name: str, pairs: list[tuple[Any, Any]]) -> None:
    times, outcomes = [], Counter[str]()
    for old, new in pairs:
        start = time.perf_counter()
        outcomes[decide(old, new).outcome.value] += 1
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    shown = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{name:26} median {statistics.median(times):8.2f} ms  longest {times[-1]:8.2f} ms  {shown}")


def wide(columns: int) -> dict[str, Any]:
    patterns = {f"c{i}": {"type": "string", "pattern": f"^[A-Z]{{1,{i % 9 + 1}}}$"} for i in range(columns)}
    return {"type": "object", "properties": patterns, "required": ["c0"], "additionalProperties": False}


def fuzz(count: int, seed: int) -> int:
    """Decide `count` random pairs and return the number of wrong verdicts.

    A wrong verdict is `compatible` where a random record is valid under the old schema alone.
    """
    outcomes, wrong = Counter[str](), 0
    for number in range(seed, seed + count):
        chance = random.Random(number)
        old = schema(chance, 3)
        new = schema(chance, 3) if chance.random() < 0.4 else changed(chance, old)
        try:
            decision = decide(old, new)
        except InvalidArgument:
            outcomes["refused"] += 1
            continue
        outcomes[decision.outcome.value] += 1
        if decision.outcome is Outcome.COMPATIBLE and (found := counterexample(chance, old, new)):
            wrong += 1
            print(f"WRONG: seed {number}: {json.dumps([old, new, found[0]])}")
    print(f"{count} random pairs: {dict(outcomes)}, {wrong} wrong")
    return wrong


def counterexample(chance: random.Random, old: Any, new: Any) -> list[Any]:
    valid_old, valid_new = jsonschema_rs.Draft7Validator(old), jsonschema_rs.Draft7Validator(new)
    pool = list(constants([old, new]))
    tried = (instance(chance, pool, 3) for _ in range(300))
    return next(([one] for one in tried if valid_old.is_valid(one) and not valid_new.is_valid(one)), [])


def constants(value: Any) -> Iterator[Any]:
    """Yield the constants in a schema, and for numbers their neighbours, where a limit would make a difference."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from [member] if name == "const" else member if name == "enum" else ()
            yield from constants(member)
    elif isinstance(value, list):
        for item in value:
            yield from constants(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (value, value + 1, value - 1, value + 0.5)


def instance(chance: random.Random, pool: list[Any], depth: int) -> Any:
    kind = chance.random()
    if pool and kind < 0.25:
        return chance.choice(pool)
    if depth and kind < 0.5:
        return [instance(chance, pool, depth - 1) for _ in range(chance.randrange(4))]
    if depth and kind < 0.75:
        return {name: instance(chance, pool, depth - 1) for name in chance.sample(NAMES, chance.randrange(4))}
    return chance.choice(SCALARS)


def schema(chance: random.Random, depth: int) -> Any:
    if chance.random() < 0.08:
        return chance.choice([True, False, {}, {}])
    made: dict[str, Any] = {}
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        made.update(chance.choice(FLAT if depth <= 0 else KEYWORDS)(chance, depth - 1))
    return made


def changed(chance: random.Random, old: Any) -> Any:
    """Change a schema: drop a keyword, or replace the schema in one place."""
    if not isinstance(old, dict) or not old:
        return schema(chance, 2)
    new = json.loads(json.dumps(old))
    keyword = chance.choice(list(new))
    inner = new[keyword]
    if isinstance(inner, dict) and keyword in (
        "not",
        "if",
        "then",
        "else",
        "items",
        "contains",
        "additionalProperties",
    ):
        new[keyword] = changed(chance, inner)
    elif isinstance(inner, dict) and keyword in ("properties", "patternProperties") and inner:
        name = chance.choice(list(inner))
        inner[name] = changed(chance, inner[name])
    elif isinstance(inner, list) and keyword in ("allOf", "anyOf", "oneOf"):
        place = chance.randrange(len(inner))
        inner[place] = changed(chance, inner[place])
    else:
        del new[keyword]
    return new


def distinct(chance: random.Random) -> list[Any]:
    found: list[Any] = []
    for _ in range(chance.randrange(1, 4)):
        value = instance(chance, [], 2)
        if value not in found:
            found.append(value)
    return found


Keyword = Callable[[random.Random, int], dict[str, Any]]


def limit(name: str, *values: Any) -> Keyword:
    return lambda chance, _: {name: chance.choice(values)}


def one(name: str) -> Keyword:
    return lambda chance, depth: {name: schema(chance, depth)}


def several(name: str) -> Keyword:
    return lambda chance, depth: {name: [schema(chance, depth) for _ in range(chance.randrange(1, 4))]}


def named(name: str, names: tuple[str, ...]) -> Keyword:
    return lambda chance, depth: {name: {key: schema(chance, depth) for key in chance.sample(names, 2)}}


FLAT: tuple[Keyword, ...] = (
    *[limit("type", *TYPES)] * 3,
    lambda chance, _: {"type": chance.sample(TYPES, 2)},
    lambda chance, _: {"enum": distinct(chance)},
    lambda chance, _: {"const": instance(chance, [], 2)},
    lambda chance, _: {"required": chance.sample(NAMES, 2)},
    limit("minimum", 0, 1, 2, 2.5, -1),
    limit("maximum", 0, 1, 3, 4, 5.5),
    limit("exclusiveMinimum", 0, 1, 2, 0.5),
    limit("exclusiveMaximum", 1, 2, 3, 5),
    limit("multipleOf", 1, 2, 3, 0.5, 4, 1.5),
    limit("pattern", *PATTERNS),
    limit("uniqueItems", True),
    *(limit(f"{end}{what}", 0, 1, 2, 3) for end in ("min", "max") for what in ("Length", "Items", "Properties")),
)
KEYWORDS: tuple[Keyword, ...] = (
    *FLAT,
    *(one(name) for name in ("items", "contains", "additionalProperties", "propertyNames", "not")),
    *(several(name) for name in ("items", "allOf", "anyOf", "oneOf")),
    *[named("properties", NAMES)] * 2,
    named("patternProperties", PATTERNS),
    named("dependencies", NAMES),
    lambda chance, depth: {"items": [schema(chance, depth)], "additionalItems": schema(chance, depth)},
    lambda chance, depth: {name: schema(chance, depth) for name in ("if", "then", "else")},
)


if __name__ == "__main__":
    main()
