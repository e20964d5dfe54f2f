"""Parse bytes into a Document by all the checks of this package, the cheap ones first."""

from itertools import chain, islice
from typing import Final

import jsonschema_rs

from schemaregistry.document.advice import advise
from schemaregistry.document.agreement import agree
from schemaregistry.document.arrow_block import read_block
from schemaregistry.document.canonical import fingerprint
from schemaregistry.document.csv_dialect import read_csv
from schemaregistry.document.derive import derive
from schemaregistry.document.draft07 import check_places, check_root
from schemaregistry.document.members import (
    json_side,
    read_aliases,
    read_compatibility,
    read_id,
    read_owner,
    read_tags,
    read_version,
)
from schemaregistry.document.model import ArrowField, Document, Json, Note
from schemaregistry.document.patterns import PATTERN_OPTIONS, check_patterns
from schemaregistry.document.references import walk
from schemaregistry.document.shape import Shapes
from schemaregistry.document.strict_json import loads
from schemaregistry.errors import InvalidArgument

MAX_NOTES: Final = 100
"""Warnings that a document has at most; further ones would repeat them."""


def parse(data: bytes, *, id: str | None = None) -> Document:  # noqa: A002
    """Parse and check one document. With `id`, the document's `$id` must be the same.

    Raises InvalidArgument with the JSON pointer of the first fault, and TooLarge for more than 1 MiB. Uses no network,
    files or clock. The limits of the modules that do the checks bound the work.
    """
    value = loads(data)
    if not isinstance(value, dict):
        raise InvalidArgument("A document is a JSON object: start with {.", reason="NOT_AN_OBJECT", pointer="")
    own_id, version = read_id(value, id), read_version(value)
    schema = json_side(value)
    check_root(schema)
    schemas = walk(schema)
    check_places(schemas.at.items())
    check_patterns(schemas.at.items())
    _check_compiles(schema)
    shapes = Shapes(schemas)
    fields, notes = _columns(value, shapes)
    return Document(
        raw=data,
        id=own_id,
        version=version,
        schema=schema,
        arrow=fields,
        arrow_derived="arrow" not in value,
        fingerprint=fingerprint(value),
        title=value.get("title", ""),  # a string: the meta-schema was checked
        description=value.get("description", ""),
        compatibility=read_compatibility(value),
        tags=read_tags(value),
        aliases=read_aliases(value, shapes.members([()])),
        owner=read_owner(value),
        csv=read_csv(value) if "x-csv" in value else None,
        warnings=tuple(islice(chain(advise(schemas), notes), MAX_NOTES)),
    )


def _columns(value: dict[str, Json], shapes: Shapes) -> tuple[tuple[ArrowField, ...], tuple[Note, ...]]:
    if "arrow" not in value:
        return derive(shapes)
    return agree(read_block(value["arrow"]), value["arrow"], shapes)


def _check_compiles(schema: dict[str, Json]) -> None:
    """Refuse a document that the validator can't compile; otherwise its first user would find out."""
    try:
        jsonschema_rs.Draft7Validator(schema, pattern_options=PATTERN_OPTIONS, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise InvalidArgument(
            f"The validator can't compile the document: {str(error).splitlines()[0][:200]}.", reason="NOT_DRAFT07"
        ) from None
