"""Validate documents by CycloneDX's JSON schema, which its Python library carries, formats of values included."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from scripts.supply_chain.tool_environment import ENVIRONMENT

SCHEMA = "bom-1.6.SNAPSHOT.schema.json"


def faults(document: Mapping[str, Any]) -> list[str]:
    """What the schema says against a document: a JSON pointer and a sentence each."""
    [folder] = ENVIRONMENT.glob("lib/python3*/site-packages/cyclonedx/schema/_res")
    schema = json.loads((folder / SCHEMA).read_text(encoding="utf-8"))

    def retrieved(uri: str) -> Any:
        """The schemas that it refers to, of licences and of signatures, lie beside it."""
        return json.loads((folder / Path(uri).name).read_text(encoding="utf-8"))

    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True, retriever=retrieved)
    return [f"/{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(document)]
