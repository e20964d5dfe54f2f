"""Evaluate formulas on JSON values."""

from fractions import Fraction
from functools import lru_cache
from typing import Final

import jsonschema_rs

from schemaregistry.compat.constant import freeze, type_of
from schemaregistry.compat.ecma import language
from schemaregistry.compat.formula import DUAL, Formula, Space
from schemaregistry.document.model import Json


class Holding:
    """An evaluator of one space's formulas, which remembers its answers for arrays and objects."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[tuple[Formula, int], tuple[bool, Json]] = {}

    def holds(self, formula: Formula, value: Json) -> bool:
        """Tell whether `value` satisfies `formula`.

        An atom at the top must be about the type of `value`; inside a formula its guard sees to that.
        """
        if formula.op in NEGATIVE:
            return not self.holds(formula.negation, value)
        match formula.op:
            case "and":
                return all(self.holds(part, value) for part in sorted(formula.args, key=_is_no_guard))
            case "types":
                return type_of(value) in formula.args[0]
            case "ref":
                return self.holds(self._space.targets[formula.args[0]], value)
            case "in":
                return freeze(value) in formula.args[0]
            case _:
                return formula.op == "true" or self._atom(formula, value)

    def _atom(self, formula: Formula, value: Json) -> bool:
        match type_of(value):
            case "number":
                return _number(formula, freeze(value)[1])
            case "string":
                return _string(formula, value)
            case _:
                return self._container(formula, value)

    def _container(self, formula: Formula, value: Json) -> bool:
        """Evaluate on an array or object once per Python object.

        The search builds instances in which one object is part of many others, so that the JSON text would be huge.
        """
        key = formula, id(value)
        if key not in self._known:
            holds = self._array if isinstance(value, list) else self._object
            # The value is stored too: were it freed, a new object could get its id.
            self._known[key] = holds(formula, value), value
        return self._known[key][0]

    def _array(self, formula: Formula, value: list[Json]) -> bool:
        if formula.op == "unique":
            return len({freeze(element) for element in value}) == len(value)
        start, stop, item = formula.args
        return all(self.holds(item, element) for element in value[start:stop])

    def _object(self, formula: Formula, value: dict[str, Json]) -> bool:
        if formula.op in ("min_keys", "max_keys"):
            return _in_limit(formula.op, len(value), formula.args[0])
        keys, member = formula.args
        return all(self.holds(member, at) for name, at in value.items() if self.holds(keys, name))


NEGATIVE: Final = frozenset(DUAL.values())


def _is_no_guard(formula: Formula) -> bool:
    """Sort `types` first: it tells whether the atoms beside it are about the value's type at all."""
    return formula.op != "types"


def _in_limit(op: str, count: int, limit: int) -> bool:
    return count >= limit if op.startswith("min") else count <= limit


def _number(formula: Formula, value: Fraction) -> bool:
    limit: Fraction = formula.args[0]
    match formula.op:
        case "at_least":
            return value >= limit
        case "above":
            return value > limit
        case _:
            return (value / limit).denominator == 1


def _string(formula: Formula, value: str) -> bool:
    limit = formula.args[0]
    return matches(limit, value) if formula.op == "match" else _in_limit(formula.op, len(value), limit)


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern matches somewhere in `text`; jsonschema-rs answers for an opaque pattern."""
    known = language(pattern)
    return known.holds(text) if known is not None else _opaque(pattern).is_valid(text)


@lru_cache(maxsize=256)
def _opaque(pattern: str) -> jsonschema_rs.Validator:
    schema = {"pattern": pattern}
    return jsonschema_rs.Draft7Validator(schema, offline=True, pattern_options=jsonschema_rs.RegexOptions())
