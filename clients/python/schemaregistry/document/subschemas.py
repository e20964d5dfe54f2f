"""List the subschemas of a draft-07 schema: those for the same value, and those for parts of the value.

Only values in a schema's place are schemas: not a property that is named `$ref`, nor what is in `enum`, `const`,
`default` or `examples`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from schemaregistry.document.model import Json

SchemaPath: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead from the top of a document to a part of it."""

# Keywords by the form of their value: one schema, a list of schemas, schemas by name.
SAME_VALUE_ONE: Final = ("not", "if", "then", "else")
SAME_VALUE_MANY: Final = ("allOf", "anyOf", "oneOf")
SAME_VALUE_NAMED: Final = ("dependencies",)
INNER_ONE: Final = ("additionalProperties", "additionalItems", "contains", "propertyNames", "items")
INNER_MANY: Final = ("items",)
INNER_NAMED: Final = ("properties", "patternProperties", "definitions")


def at_same_value(schema: Json, path: SchemaPath) -> Iterator[tuple[SchemaPath, Json]]:
    """Yield the subschemas, with their paths, that apply to the same value as `schema`.

    Those beside a `$ref` are included, though draft-07 ignores them.
    """
    return _members(schema, path, SAME_VALUE_ONE, SAME_VALUE_MANY, SAME_VALUE_NAMED)


def at_inner_values(schema: Json, path: SchemaPath) -> Iterator[tuple[SchemaPath, Json]]:
    """Yield the definitions and the subschemas that apply to parts of the value (items, members, names), with paths."""
    return _members(schema, path, INNER_ONE, INNER_MANY, INNER_NAMED)


def _members(
    schema: Json, path: SchemaPath, one: tuple[str, ...], many: tuple[str, ...], named: tuple[str, ...]
) -> Iterator[tuple[SchemaPath, Json]]:
    if not isinstance(schema, dict):
        return
    for keyword in (key for key in one if _is_schema(schema.get(key))):
        yield (*path, keyword), schema[keyword]
    for keyword in (key for key in many if isinstance(schema.get(key), list)):
        yield from (((*path, keyword, index), inner) for index, inner in enumerate(schema[keyword]))
    for keyword in (key for key in named if isinstance(schema.get(key), dict)):
        members: Mapping[str, Json] = schema[keyword]
        yield from (((*path, keyword, name), inner) for name, inner in members.items() if _is_schema(inner))


def _is_schema(value: Json) -> bool:
    return isinstance(value, dict | bool)
