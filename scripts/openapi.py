"""Convert the OpenAPI 2.0 document of protoc-gen-openapiv2 to OpenAPI 3.0.3, and correct its bodies and media types.

The generator describes a google.api.HttpBody as a message, and has one list of media types for all answers. Paths come
from the proto, statuses from clients/openapi.yaml.
"""

import json
import sys
from pathlib import Path
from typing import Any

Object = dict[str, Any]

PROBLEM = "application/problem+json"
JSON = "application/json"
HTTP_BODY = {"$ref": "#/components/schemas/apiHttpBody"}
RAW: dict[str, Object] = {
    "document": {"type": "object", "description": "A schema document: JSON Schema draft-07 with `$id` and `version`."},
    "records": {"type": "array", "description": "Records to judge.", "items": {}},
}
EVENTS = {"type": "string", "description": "Server-sent events; the data of each is a WatchSchemasResponse."}


def openapi(swagger: Object) -> Object:
    """Convert an OpenAPI 2.0 document to OpenAPI 3.0.3."""
    schemas = {name: schema for name, schema in swagger["definitions"].items() if name != "apiHttpBody"}
    return {
        "openapi": "3.0.3",
        "info": swagger["info"],
        "tags": swagger["tags"],
        "paths": {
            path: {method: _operation(operation, swagger["produces"]) for method, operation in methods.items()}
            for path, methods in swagger["paths"].items()
        },
        "components": {"schemas": schemas},
    }


def _operation(operation: Object, produces: list[str]) -> Object:
    media = [kind for kind in operation.pop("produces", produces) if kind != PROBLEM]
    parameters = operation.pop("parameters", [])
    for body in (each for each in parameters if each["in"] == "body"):
        schema = RAW.get(body["name"], body["schema"])
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    operation["parameters"] = [_parameter(each) for each in parameters if each["in"] != "body"]
    operation["responses"] = {code: _response(code, each, media) for code, each in operation["responses"].items()}
    return operation


def _parameter(swagger: Object) -> Object:
    kept = {name: swagger[name] for name in ("name", "in", "description", "required") if name in swagger}
    return kept | {"schema": {name: swagger[name] for name in ("type", "format", "items") if name in swagger}}


def _response(code: str, swagger: Object, media: list[str]) -> Object:
    schema: Object | None = swagger.get("schema")
    if not schema:
        return {"description": swagger["description"]}
    if schema == HTTP_BODY:
        schema = RAW["document"]
    kinds = [PROBLEM] if code >= "400" else media
    return {
        "description": swagger["description"],
        "content": {kind: {"schema": {"type": "string"} if kind == "text/plain" else _sent(schema)} for kind in kinds},
    }


def _sent(schema: Object) -> Object:
    return EVENTS if schema.get("title", "").startswith("Stream result") else schema


def main() -> None:
    swagger, into = Path(sys.argv[1]), Path(sys.argv[2])
    text = swagger.read_text(encoding="utf-8").replace("#/definitions/", "#/components/schemas/")
    into.write_text(json.dumps(openapi(json.loads(text)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
