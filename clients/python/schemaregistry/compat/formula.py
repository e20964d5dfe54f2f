"""Build and simplify formulas over JSON values, in negation normal form; each is built once and has its negation.

`schema_reader.py` reads a schema into a formula, `solving.py` looks for a value that satisfies one. An atom about one
JSON type is meaningful for values of that type only. So an atom is built with a `types` guard in front
(`Space.guarded`), and `Space.restrict` removes the guards once the type is chosen.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Final

from schemaregistry.compat.constant import TYPES, Constant


class Formula:
    """One node: an operator and its arguments. In one space, equal operators and arguments give the same object.

    `restricted` caches `Space.restrict` by type; `serial` numbers the formulas in the order in which they were made.
    """

    __slots__ = ("args", "negation", "op", "restricted", "serial")

    def __init__(self, op: str, args: tuple[Any, ...], serial: int) -> None:
        self.op = op
        self.args = args
        self.serial = serial
        self.negation: Formula = self
        self.restricted: dict[str, Formula] = {}

    def __repr__(self) -> str:
        return f"{self.op}{self.args!r}" if self.args else self.op


DUAL: Final = {
    "true": "false",
    "and": "or",
    "ref": "not_ref",
    "in": "not_in",
    "multiple_of": "not_multiple_of",
    "at_least": "below",
    "above": "at_most",
    "match": "mismatch",
    "all_items": "some_item",
    "unique": "repeated",
    "all_keys": "some_key",
}
"""Each operator and its negation; `types`, `min_length` and `min_keys` negate within themselves."""

TICKS: Final = 512
"""Formulas that are built between two checks of the deadline."""
OPPOSITE: Final = DUAL | {dual: op for op, dual in DUAL.items()}
LISTS: Final = frozenset({"in", "not_in"})
ATOMS: Final = frozenset(OPPOSITE) - {"true", "false", "and", "or"} - LISTS | {
    "min_length",
    "max_length",
    "min_keys",
    "max_keys",
}
"""Operators that are joined without a simplification; of two parts the first may also be `types`."""
ALL_TYPES: Final = frozenset(TYPES)


class Space:
    """The formulas of one question, hash-consed; `targets` maps the key of a `ref` to the formula it refers to."""

    def __init__(self, tick: Callable[[], None] = lambda: None) -> None:
        """Start with true and false. `tick` is called every TICKS formulas; it raises to end the work."""
        self._tick = tick
        self._made: dict[tuple[str, tuple[Any, ...]], Formula] = {}
        self.targets: dict[Any, Formula] = {}
        self.true = self._pair("true", (), "false", ())
        self.false = self.true.negation

    def _pair(self, op: str, args: tuple[Any, ...], dual: str, dual_args: tuple[Any, ...]) -> Formula:
        """Return the formula and make its negation with it, so that each is found as the other's `negation`."""
        found = self._made.get((op, args))
        if found is not None:
            return found
        if len(self._made) % TICKS < 2:
            self._tick()
        formula, opposite = Formula(op, args, len(self._made)), Formula(dual, dual_args, len(self._made) + 1)
        formula.negation, opposite.negation = opposite, formula
        self._made[op, args], self._made[dual, dual_args] = formula, opposite
        return formula

    def _atom(self, op: str, *args: Any) -> Formula:
        return self._pair(op, args, OPPOSITE[op], args)

    def all_of(self, *parts: Formula) -> Formula:
        """Return the conjunction of `parts`; true without any."""
        return self._join("and", parts, self.true, self.false)

    def any_of(self, *parts: Formula) -> Formula:
        """Return the disjunction of `parts`; false without any."""
        return self._join("or", parts, self.false, self.true)

    def _join(self, op: str, parts: tuple[Formula, ...], unit: Formula, zero: Formula) -> Formula:
        """Flatten nested joins, merge type and value sets, drop duplicates; a part and its negation give `zero`."""
        if len(parts) == 2 and self._stay_as_they_are(*parts):
            return self._joined(op, parts)
        flat: dict[Formula, None] = {}
        types: frozenset[str] | None = None
        listed: dict[str, list[frozenset[Constant]]] = {}
        todo = list(parts)[::-1]
        while todo:
            part = todo.pop()
            if part is zero or part.negation in flat:
                return zero
            if part.op == op:
                todo.extend(reversed(part.args))
            elif part.op == "types":
                have = part.args[0]
                types = have if types is None else (types & have if op == "and" else types | have)
            elif part.op in LISTS:
                listed.setdefault(part.op, []).append(part.args[0])
            elif part is not unit:
                flat[part] = None
        if types is not None:
            flat[self.types(types)] = None
        if listed:
            flat[self._of_lists(op, listed.get("in", []), listed.get("not_in", []))] = None
        flat.pop(unit, None)
        if zero in flat or (listed and any(part.negation in flat for part in flat)):
            return zero
        if len(flat) <= 1:
            return next(iter(flat), unit)
        return self._joined(op, flat)

    def _stay_as_they_are(self, one: Formula, two: Formula) -> bool:
        """Tell quickly that two parts can't be simplified, which is the most frequent case."""
        plain = two.op in ATOMS and (one.op in ATOMS or one.op == "types")
        return plain and one is not two and one is not two.negation

    def _joined(self, op: str, parts: Iterable[Formula]) -> Formula:
        # Sorted, so that a join is the same object whatever the order of its parts, and the search deterministic.
        args = tuple(sorted(parts, key=_serial))
        return self._pair(op, args, OPPOSITE[op], tuple(part.negation for part in args))

    def _of_lists(self, op: str, in_: list[frozenset[Constant]], out: list[frozenset[Constant]]) -> Formula:
        """Join `in` and `not_in` formulas, at least one, into a single one by set algebra."""
        if op == "or":  # by De Morgan
            return self._of_lists("and", out, in_).negation
        barred = frozenset[Constant]().union(*out)
        return self.is_in(frozenset.intersection(*in_) - barred) if in_ else self.is_in(barred).negation

    def implies(self, premise: Formula, conclusion: Formula) -> Formula:
        """Return `premise → conclusion`."""
        return self.any_of(premise.negation, conclusion)

    def types(self, names: Iterable[str]) -> Formula:
        """The instance's type is one of `names`, out of `constant.TYPES`."""
        have = frozenset(names)
        if not have:
            return self.false
        if have == ALL_TYPES:
            return self.true
        return self._pair("types", (have,), "types", (ALL_TYPES - have,))

    def guarded(self, kind: str, atom: Formula) -> Formula:
        """If the instance has the type `kind`, then `atom` holds: the meaning of nearly every draft-07 keyword."""
        return self.any_of(self.types(ALL_TYPES - {kind}), atom)

    def ref(self, key: Any) -> Formula:
        """The instance satisfies `targets[key]`, which may itself contain this reference."""
        return self._atom("ref", key)

    def is_in(self, values: Iterable[Constant]) -> Formula:
        """The instance equals one of `values`."""
        have = frozenset(values)
        return self._atom("in", have) if have else self.false

    def bound(self, op: str, value: Fraction) -> Formula:
        """The number is `op` (`at_least`, `above`, `at_most` or `below`) `value`."""
        return self._atom(op, value)

    def multiple_of(self, divisor: Fraction) -> Formula:
        """The number is `divisor` times an integer."""
        return self._atom("multiple_of", divisor)

    def match(self, pattern: str) -> Formula:
        """The pattern matches somewhere in the string."""
        return self._atom("match", pattern)

    def min_length(self, length: int) -> Formula:
        """The string has at least `length` code points."""
        return self._pair("min_length", (length,), "max_length", (length - 1,)) if length > 0 else self.true

    def min_keys(self, count: int) -> Formula:
        """The object has at least `count` members."""
        return self._pair("min_keys", (count,), "max_keys", (count - 1,)) if count > 0 else self.true

    def all_items(self, start: int, stop: int | None, item: Formula) -> Formula:
        """Every element at an index in [start, stop) satisfies `item`; without an end where `stop` is None."""
        if item is self.true or start == stop:
            return self.true
        return self._pair("all_items", (start, stop, item), "some_item", (start, stop, item.negation))

    def unique(self) -> Formula:
        """No two elements of the array are equal."""
        return self._atom("unique")

    def all_keys(self, keys: Formula, value: Formula) -> Formula:
        """Every member whose name satisfies `keys`, a formula over strings, has a value that satisfies `value`."""
        if value is self.true or keys is self.false:
            return self.true
        return self._pair("all_keys", (keys, value), "some_key", (keys, value.negation))

    def has_key(self, name: str) -> Formula:
        """The object has the member `name`."""
        return self.all_keys(self.key(name), self.false).negation

    def key(self, name: str) -> Formula:
        """The string is `name`."""
        return self.is_in([("string", name)])

    def restrict(self, formula: Formula, kind: str) -> Formula:
        """Return a formula that agrees with `formula` on values of the type `kind`, and has no `types` guards.

        Guards inside references, elements and members stay: those are about other values.
        """
        found = formula.restricted.get(kind)
        if found is None:
            found = self._restrict(formula, kind)
            formula.restricted[kind] = found
        return found

    def _restrict(self, formula: Formula, kind: str) -> Formula:
        match formula.op:
            case "and":
                return self.all_of(*(self.restrict(part, kind) for part in formula.args))
            case "or":
                return self.any_of(*(self.restrict(part, kind) for part in formula.args))
            case "types":
                return self.true if kind in formula.args[0] else self.false
            case "in":
                return self.is_in(value for value in formula.args[0] if value[0] == kind)
            case "not_in":
                return self.restrict(formula.negation, kind).negation
            case _:
                return formula


def _serial(formula: Formula) -> int:
    return formula.serial
