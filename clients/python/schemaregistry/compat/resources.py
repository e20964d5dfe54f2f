"""Resolve a `$ref` within one draft-07 document (RFC 3986, RFC 6901); other documents are never fetched."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from schemaregistry.document.model import Json

META: Final = "http://json-schema.org/draft-07/schema"
# Keywords whose value is one schema, a list of schemas, or a map of schemas.
ONE: Final = ("not", "if", "then", "else", "contains", "additionalItems", "additionalProperties", "propertyNames")
LISTS: Final = ("allOf", "anyOf", "oneOf")
MAPS: Final = ("properties", "patternProperties", "definitions")


class UnreadableSchema(Exception):
    """A schema that can't be read as a formula; the argument says why."""


class BasedSchema(NamedTuple):
    """A schema and the base URI against which its references are resolved."""

    schema: Json
    base: str


class Resources:
    """The schemas of a document that have an `$id`, by absolute URI.

    Raises UnreadableSchema where two different schemas have one `$id`.
    """

    def __init__(self, root: Json) -> None:
        self._places: dict[str, BasedSchema] = {"": BasedSchema(root, "")}
        self.base = ""
        self._index(root, "")
        self.base = _base(root, "")

    def _index(self, schema: Json, base: str) -> None:
        if not isinstance(schema, dict) or "$ref" in schema:
            return
        name = schema.get("$id")
        inner = _base(schema, base)
        if isinstance(name, str):
            # An `$id` that is only a fragment names the schema and leaves the base URI as it is.
            place = BasedSchema(schema, inner)
            uri = inner if inner != base else _absolute(base, name)
            if self._places.setdefault(uri.removesuffix("#"), place).schema is not schema:
                raise UnreadableSchema(f"`$id` {name!r} is given twice")
        for child in subschemas(schema):
            self._index(child, inner)

    def resolve(self, reference: str, base: str) -> tuple[str, BasedSchema]:
        """Return the absolute URI of `reference` and the schema it names.

        Raises UnreadableSchema where it names nothing in this document, or something that isn't a schema.
        """
        uri = _absolute(base, reference).removesuffix("#")
        if uri in self._places:
            return uri, self._places[uri]
        document, fragment = urldefrag(uri)
        place = self._places.get(document) or (BasedSchema(_meta(), META) if document == META else None)
        if place is None or (fragment and not fragment.startswith("/")):
            raise UnreadableSchema(
                f"$ref {reference!r} names nothing in this document; remote references are not followed"
            )
        return uri, _walk(place, fragment, reference)


def subschemas(schema: dict[str, Json]) -> Iterator[Json]:
    """Yield the direct subschemas of a draft-07 schema object."""
    for keyword in ONE:
        if keyword in schema:
            yield schema[keyword]
    for keyword in LISTS:
        yield from schema.get(keyword, ())
    for keyword in MAPS:
        yield from schema.get(keyword, {}).values()
    items = schema.get("items", ())
    yield from items if isinstance(items, list | tuple) else (items,)
    yield from (part for part in schema.get("dependencies", {}).values() if not isinstance(part, list))


def _base(schema: Json, base: str) -> str:
    """Return the base URI inside `schema`; an `$id` that is only a fragment leaves it unchanged."""
    # Draft-07 ignores everything beside a `$ref`, an `$id` too (core section 8.3).
    name = schema.get("$id") if isinstance(schema, dict) and "$ref" not in schema else None
    return urldefrag(_absolute(base, name)).url if isinstance(name, str) and not name.startswith("#") else base


def _absolute(base: str, reference: str) -> str:
    # `urljoin` drops the fragment of a base without a hierarchy, such as a URN, so fragments are joined by hand.
    return urldefrag(base).url + reference if reference.startswith("#") else urljoin(base, reference)


def _walk(place: BasedSchema, pointer: str, reference: str) -> BasedSchema:
    schema, base = place
    for token in unquote(pointer).split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        try:
            schema = schema[int(name)] if isinstance(schema, list) else schema[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise UnreadableSchema(f"$ref {reference!r} names nothing in this document") from None
        base = _base(schema, base)
    if not isinstance(schema, dict | bool):
        raise UnreadableSchema(f"$ref {reference!r} names no schema")
    return BasedSchema(schema, base)


@lru_cache(maxsize=1)
def _meta() -> Json:
    from jsonschema import Draft7Validator  # noqa: PLC0415 (slow to import, seldom needed)

    return dict(Draft7Validator.META_SCHEMA)
