"""GitHub's OpenAPI description (tests/corpus/github): a request's operation, what is wrong with it, shaped answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs

FILE = Path(__file__).parents[1] / "corpus/github/openapi.json"


def _json_schema(value: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: `nullable` becomes a choice of null."""
    if isinstance(value, list):
        return [_json_schema(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _json_schema(each) for name, each in value.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


@cache
def description() -> dict[str, Any]:
    return _json_schema(json.loads(FILE.read_text("utf-8")))


def resolved(value: Any) -> Any:
    while "$ref" in value:
        found = description()
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value


@cache
def _validator(schema: str) -> Any:
    whole = {"allOf": [json.loads(schema)], "components": description()["components"]}
    return jsonschema_rs.Draft7Validator(whole)


def faults(schema: Any, value: Any) -> list[str]:
    """What is wrong with a value, by a schema of the description."""
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{each.message} at {list(each.instance_path)}"[:300] for each in found]


@dataclass(frozen=True)
class Operation:
    """One operation of the description, with the values of its path's parameters."""

    id: str
    about: Mapping[str, Any]
    names: Mapping[str, str]

    def request_faults(self, query: str, body: Any) -> list[str]:
        known = {
            each["name"]: each for each in map(resolved, self.about.get("parameters", ())) if each["in"] == "query"
        }
        found = []
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                found.append(f"{self.id} has no query parameter {name}")
                continue
            schema = resolved(known[name]["schema"])
            found += faults(schema, int(text) if schema.get("type") == "integer" and text.isdigit() else text)
        if "requestBody" in self.about:
            found += faults(self.about["requestBody"]["content"]["application/json"]["schema"], body)
        elif body is not None:
            found.append(f"{self.id} takes no body")
        return found

    def answer_schema(self, status: int) -> Any:
        """The schema of an answer; None where it has no body. A success that isn't described is an AssertionError."""
        answers = self.about["responses"]
        if str(status) not in answers:
            assert status >= 400, f"{self.id} never answers {status}"
            return None  # GitHub describes few of the errors that any operation may give
        content = resolved(answers[str(status)]).get("content")
        return content["application/json"]["schema"] if content and "application/json" in content else None


def operation(method: str, path: str) -> Operation | None:
    for template, methods in description()["paths"].items():
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
        match = re.fullmatch(pattern, path)
        if match and method.lower() in methods:
            about = methods[method.lower()]
            return Operation(about["operationId"], about, match.groupdict())
    return None


def shaped(schema: Any, **values: Any) -> Any:
    """The least value of an object's schema, with these members in the place of its own."""
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/schemas/{schema}"}
    return {**_least(schema, there=True), **values}


def _least(schema: Any, *, there: bool = False) -> Any:
    """The least value of a schema; null where it may be, unless it must be `there`."""
    schema = resolved(schema)
    if "anyOf" in schema or "oneOf" in schema:
        choices = schema.get("anyOf") or schema["oneOf"]
        return None if {"type": "null"} in choices and not there else _least(choices[0], there=there)
    if "allOf" in schema:
        return {name: value for each in schema["allOf"] for name, value in _least(each).items()}
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            return []
        case "integer" | "number":
            return 0
        case "boolean":
            return False
        case "string":
            known = {"date-time": "2026-01-01T00:00:00Z", "uri": "https://example.com/"}
            return known.get(schema.get("format", ""), "text")
        case _:
            return {name: _least(schema["properties"][name]) for name in schema.get("required", ())}
