"""No verdict is wrong: what two validators and a search for counterexamples can tell."""

from typing import Any

import jsonschema
import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaregistry.compat import Outcome, decide
from schemaregistry.compat.formula import Space
from schemaregistry.compat.formula_evaluation import Holding
from schemaregistry.compat.schema_reader import read
from schemaregistry.compat.search_result import Found, No
from schemaregistry.compat.solving import Solver
from tests.support.schema_strategies import instances, pairs, schemas

SOON = 1e12
quick = settings(deadline=None, suppress_health_check=list(HealthCheck))


def valid_by_both(schema: Any, instance: Any) -> list[bool]:
    return [
        jsonschema_rs.Draft7Validator(schema).is_valid(instance),
        jsonschema.Draft7Validator(schema).is_valid(instance),
    ]


@settings(quick, max_examples=100)
@given(pairs(), st.lists(instances, min_size=20, max_size=40))
def test_a_verdict_holds(pair: tuple[Any, Any], tried: list[Any]) -> None:
    old, new = pair
    decision = decide(old, new)
    if decision.outcome is Outcome.INCOMPATIBLE:
        assert valid_by_both(old, decision.witness) == [True, True]
        assert valid_by_both(new, decision.witness) == [False, False]
    if decision.outcome is Outcome.COMPATIBLE:
        for instance in tried:
            if all(valid_by_both(old, instance)):
                assert any(valid_by_both(new, instance)), instance


@settings(quick, max_examples=100)
@given(schemas, instances)
def test_a_schema_read_as_a_formula_holds_of_its_instances(schema: Any, instance: Any) -> None:
    space = Space()
    formula = read(schema, space)
    holding = Holding(space)
    rust, python = valid_by_both(schema, instance)
    if rust == python:
        assert holding.holds(formula, instance) is rust
        assert holding.holds(formula.negation, instance) is not rust


@settings(quick, max_examples=100)
@given(schemas, st.lists(instances, min_size=20, max_size=20))
def test_a_formula_without_instances_has_none(schema: Any, tried: list[Any]) -> None:
    space = Space()
    formula = read(schema, space)
    answer = Solver(space, SOON).solve(formula)
    holding = Holding(space)
    if isinstance(answer, Found):
        assert holding.holds(formula, answer.value)
    if answer is No.EMPTY:
        assert not any(holding.holds(formula, instance) for instance in tried)


@settings(quick, max_examples=40)
@given(schemas)
def test_a_schema_is_compatible_with_itself(schema: Any) -> None:
    assert decide(schema, schema).outcome is Outcome.COMPATIBLE


@settings(quick, max_examples=40)
@given(schemas, schemas)
def test_widening_is_compatible(schema: Any, other: Any) -> None:
    assert decide(schema, {"anyOf": [schema, other]}).outcome is Outcome.COMPATIBLE
    assert decide({"allOf": [schema, other]}, schema).outcome is Outcome.COMPATIBLE
