"""Translate the guards of a check to row conditions of Great Expectations, as JSON; conditions on plain texts only.

Source: `great_expectations.expectations.row_conditions`, which takes an `or` of `and`s of comparisons, and no deeper
nesting.
"""

import json
import re
from collections.abc import Iterable
from itertools import product
from typing import Final, TypeAlias

from schemaregistry.document import Json
from schemaregistry.v1 import contract_pb2

Atom: TypeAlias = dict[str, Json]
Alternatives: TypeAlias = list[list[Atom]]
"""A disjunction of conjunctions: a row matches if all atoms of at least one list hold."""

_ROW: Final = 0
_MAX_ATOMS: Final = 100
"""Comparisons in one condition at most; guards that are combined multiply them."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_ .,:/+-]*")
"""Texts without a character that is special in the query into which Great Expectations turns a condition."""


class Unsaid(Exception):
    """Great Expectations can't express a rule; the message says why."""


def row_condition(contract: contract_pb2.Contract, guards: Iterable[contract_pb2.Guard]) -> dict[str, Json]:
    """Return the arguments that restrict an expectation to the rows where all guards hold. Raises Unsaid."""
    alternatives = _all_of(_guard(contract, guard) for guard in guards)
    if sum(map(len, alternatives)) > _MAX_ATOMS:
        raise Unsaid("it depends on more conditions than Great Expectations takes")
    stated = [atoms[0] if len(atoms) == 1 else {"type": "and", "conditions": atoms} for atoms in alternatives if atoms]
    if not stated:
        return {}
    return {"row_condition": stated[0] if len(stated) == 1 else {"type": "or", "conditions": stated}}


def _all_of(claims: Iterable[Alternatives]) -> Alternatives:
    """Return the conjunction of some disjunctions, multiplied out."""
    return [[atom for atoms in chosen for atom in atoms] for chosen in product(*claims)]


def _guard(contract: contract_pb2.Contract, guard: contract_pb2.Guard) -> Alternatives:
    checks = contract.conditions[guard.condition].checks
    if not checks:
        raise Unsaid("it depends on a condition that says nothing")
    claims = [_claim(contract, check, holds=guard.holds) for check in checks]
    return _all_of(claims) if guard.holds else [atoms for claim in claims for atoms in claim]


def _claim(contract: contract_pb2.Contract, check: contract_pb2.Check, *, holds: bool) -> Alternatives:
    """Describe the rows where a check passes (`holds`), or those where it fails. A null passes a check of `values`."""
    place = contract.places[check.place]
    column = {"name": place.member}
    null = {"type": "nullity", "column": column, "is_null": check.HasField("values") == holds}
    if check.guards or place.parent != _ROW or place.null_is_value or not _is_name(place.member):
        raise Unsaid("it depends on a condition that isn't about a plain column")
    if check.HasField("present"):
        return [[null]]
    values = [json.loads(text) for text in check.values.json]
    if not check.HasField("values") or not all(isinstance(each, str) and _PLAIN.fullmatch(each) for each in values):
        raise Unsaid("it depends on a condition that isn't about plain texts")
    comparison = {
        "type": "comparison",
        "column": column,
        "operator": "IN" if holds else "NOT_IN",
        "parameter": values,
    }
    return [[null], [comparison]] if holds else [[null, comparison]]


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier()
