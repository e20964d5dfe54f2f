"""Whatever stands in two schemas, a line about them is answered: nothing crashes, and no witness is a wrong one."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemaregistry.compat import json_lines
from schemaregistry.compat.second_referee import validator
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.tasks import Crashed, OutOfMemory, Overdue, TaskWorker, Template
from tests.support.schema_keywords import schemas

SECONDS = 0.5


@pytest.fixture(scope="module")
def worker() -> Iterator[TaskWorker]:
    started = TaskWorker(Template(["schemaregistry.compat.json_lines", "schemaregistry.compat.second_referee"]))
    yield started
    started.close()


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas; one is often a part of the other."""
    faulty = draw(st.booleans())
    old = draw(schemas(faulty=faulty))
    new = draw(st.one_of(schemas(faulty=faulty), st.just({"not": old}), st.just({"allOf": [old, True]})))
    return (old, new) if draw(st.booleans()) else (new, old)


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(pairs())
@example(({"type": "array", "items": True, "additionalItems": False}, {"maxItems": 0}))
@example(({"type": "array", "items": False, "additionalItems": False}, {"minItems": 1}))
@example(({"items": [], "additionalItems": False, "type": "array"}, {"maxItems": 0}))
@example(({"multipleOf": 1e-10, "minimum": 1e300}, {"multipleOf": 3}))
@example(({"enum": [1e308, 10**200]}, {"multipleOf": 0.3}))
@example(({"minLength": 1e300}, {"maxLength": 10**30}))
@example(({"type": "array", "minItems": 10**30}, False))
@example((True, {"maxItems": 1e300, "uniqueItems": True}))
@example(({"multipleOf": 1e308}, {"exclusiveMaximum": 0}))
def test_every_pair_is_answered(worker: TaskWorker, pair: tuple[Any, Any]) -> None:
    old, new = pair
    line = json.dumps({"id": 1, "old": old, "new": new}).encode()
    try:
        answer = json.loads(worker.ask(SECONDS, json_lines.answer, line, SECONDS))
    except (Overdue, OutOfMemory, Crashed):
        return  # killed, and `unknown`; what raises an error of its own is a fault
    assert answer.keys() >= {"id", "error"} or answer["verdict"] in ("compatible", "incompatible", "unknown")
    if answer.get("verdict") == "incompatible":
        old, new = json.loads(line)["old"], json.loads(line)["new"]
        assert [validator(schema).is_valid(answer["witness"]) for schema in (old, new)] == [True, False]
        rust = [jsonschema_rs.Draft7Validator(schema, validate_formats=False) for schema in (old, new)]
        assert [one.is_valid(answer["witness"]) for one in rust] == [True, False]


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(schemas(faulty=True).filter(lambda schema: isinstance(schema, dict)))
def test_every_document_is_read_or_refused(worker: TaskWorker, schema: dict[str, Any]) -> None:
    text = json.dumps({**schema, "$id": "any_v1", "version": "1.0.0", "type": "object"}).encode()
    try:
        document = worker.ask(10.0, parse, text)
    except InvalidArgument:
        return
    assert document.id == "any_v1"
