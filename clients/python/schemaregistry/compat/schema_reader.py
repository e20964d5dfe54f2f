"""Read a draft-07 schema into a formula that exactly the schema's instances satisfy.

Each keyword of JSON Schema Validation (draft-handrews-json-schema-validation-01, section 6) has one function here.
Annotations, among them `format` and the content keywords, are skipped, and so is everything beside a `$ref` (core
section 8.3).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final

from schemaregistry.compat.constant import exact, freeze
from schemaregistry.compat.formula import Formula, Space
from schemaregistry.compat.resources import BasedSchema, Resources, UnreadableSchema
from schemaregistry.document.model import Json

CLOSURE_LIMIT: Final = 200_000
"""Characters of schema text up to which a recursive definition is compared with those of the other document."""


def read(root: Json, space: Space) -> Formula:
    """Return the formula of a whole schema document, built in `space`.

    Raises UnreadableSchema where a reference names nothing, or leads back to itself without end.
    """
    reader = _SchemaReader(root, space)
    formula = reader.reference("#", reader.resources.base)
    _check_loops(space)
    return formula


class _SchemaReader:
    """The reading of one document.

    Each definition is read once, and its formula takes the place of every `$ref` to it. A recursive definition becomes
    a `ref` formula.
    """

    def __init__(self, root: Json, space: Space) -> None:
        self.space = space
        self.resources = Resources(root)
        # Tells the two documents apart in `_key`: the second one is read after the first has added its targets.
        self._side = len(space.targets)
        self._reading: dict[str, tuple[str, str] | None] = {}
        self._read: dict[str, Formula] = {}

    def schema(self, place: BasedSchema) -> Formula:
        schema, base = place
        if isinstance(schema, bool):
            return self.space.true if schema else self.space.false
        if not isinstance(schema, dict):
            raise UnreadableSchema("a schema is an object or a boolean")
        if "$ref" in schema:
            return self.reference(schema["$ref"], base)
        name = schema.get("$id")
        if isinstance(name, str) and not name.startswith("#"):
            base = self.resources.resolve(name, base)[1].base
        parts = [rule(self, schema, base) for keyword, rule in RULES.items() if keyword in schema]
        return self.space.all_of(*parts)

    def reference(self, reference: Json, base: str) -> Formula:
        if not isinstance(reference, str):
            raise UnreadableSchema("`$ref` is no string")
        uri, place = self.resources.resolve(reference, base)
        if uri in self._read:
            return self._read[uri]
        if uri in self._reading:  # the definition contains itself: from here on it is a reference
            key = self._reading[uri] = self._reading[uri] or self._key(uri, place)
            return self.space.ref(key)
        self._reading[uri] = None
        formula = self.schema(place)
        key_used = self._reading.pop(uri)
        if key_used is not None:
            self.space.targets[key_used] = formula
            formula = self.space.ref(key_used)
        self._read[uri] = formula
        return formula

    def _key(self, uri: str, place: BasedSchema) -> tuple[str, str]:
        """Return the key of a recursive definition: a hash of its text and of all definitions that it reaches.

        Equal definitions of the two documents so become the same formula, which the search then settles at once. One
        that is too large, or whose text has an `$id`, gets a key of its own.
        """
        seen: dict[str, str] = {}
        todo, size = [(uri, place)], 0
        while todo:
            at, (schema, base) = todo.pop()
            if at in seen:
                continue
            seen[at] = base + json.dumps(schema, sort_keys=True)
            size += len(seen[at])
            if size > CLOSURE_LIMIT or '"$id"' in seen[at]:
                return uri, f"document {self._side}"
            todo += [self.resources.resolve(reference, base) for reference in _references(schema)]
        return uri, sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()

    def sub(self, schema: Json, base: str) -> Formula:
        return self.schema(BasedSchema(schema, base))


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _check_loops(space: Space) -> None:
    """Raise UnreadableSchema for a definition that refers to itself for the same value (an infinite loop)."""
    done: set[object] = set()

    def visit(key: object, path: tuple[object, ...]) -> None:
        if key in path:
            raise UnreadableSchema("a $ref leads back to itself without end")
        if key not in done:
            for inner in _refs_here(space.targets[key]):
                visit(inner, (*path, key))
            done.add(key)

    for key in list(space.targets):
        visit(key, ())


def _refs_here(formula: Formula) -> set[object]:
    """Return the keys of the references that apply to the same instance as `formula`, not to an element or member."""
    seen: set[Formula] = set()
    todo, found = [formula], set()
    while todo:
        part = todo.pop()
        if part in seen:
            continue
        seen.add(part)
        if part.op in ("and", "or"):
            todo += part.args
        elif part.op in ("ref", "not_ref"):
            found.add(part.args[0])
    return found


def _type(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    space, names = reader.space, schema["type"]
    names = [names] if isinstance(names, str) else names
    # Draft-07: an integer is a number without a fraction, 1.0 too.
    plain = space.types(name for name in names if name != "integer")
    whole = space.all_of(space.types(["number"]), space.multiple_of(exact(1))) if "integer" in names else space.false
    return space.any_of(plain, whole)


def _enum(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.is_in(freeze(value) for value in schema["enum"])


def _const(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.is_in([freeze(schema["const"])])


def _bound(keyword: str, op: str) -> "KeywordReader":
    def rule(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
        return reader.space.guarded("number", reader.space.bound(op, exact(schema[keyword])))

    return rule


def _multiple_of(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("number", reader.space.multiple_of(exact(schema["multipleOf"])))


def _min_length(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("string", reader.space.min_length(int(schema["minLength"])))


def _max_length(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("string", reader.space.min_length(int(schema["maxLength"]) + 1).negation)


def _pattern(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("string", reader.space.match(schema["pattern"]))


def _items(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space, items = reader.space, schema["items"]
    if not isinstance(items, list):
        return space.guarded("array", space.all_items(0, None, reader.sub(items, base)))
    parts = [space.all_items(index, index + 1, reader.sub(item, base)) for index, item in enumerate(items)]
    rest = space.all_items(len(items), None, reader.sub(schema.get("additionalItems", True), base))
    return space.guarded("array", space.all_of(*parts, rest))


def _contains(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space = reader.space
    return space.guarded("array", space.all_items(0, None, reader.sub(schema["contains"], base).negation).negation)


def _min_items(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("array", _longer(reader.space, int(schema["minItems"]) - 1))


def _max_items(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("array", _longer(reader.space, int(schema["maxItems"])).negation)


def _longer(space: Space, length: int) -> Formula:
    """An array of more than `length` elements: it has an element at index `length`."""
    return space.all_items(length, None, space.false).negation if length >= 0 else space.true


def _unique_items(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("array", reader.space.unique()) if schema["uniqueItems"] else reader.space.true


def _properties(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space = reader.space
    parts = (space.all_keys(space.key(name), reader.sub(sub, base)) for name, sub in schema["properties"].items())
    return space.guarded("object", space.all_of(*parts))


def _pattern_properties(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space, patterns = reader.space, schema["patternProperties"]
    parts = (space.all_keys(space.match(pattern), reader.sub(sub, base)) for pattern, sub in patterns.items())
    return space.guarded("object", space.all_of(*parts))


def _additional_properties(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space = reader.space
    declared = space.is_in(("string", name) for name in schema.get("properties", {}))
    matched = (space.match(pattern) for pattern in schema.get("patternProperties", {}))
    keys = space.any_of(declared, *matched).negation
    return space.guarded("object", space.all_keys(keys, reader.sub(schema["additionalProperties"], base)))


def _property_names(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space = reader.space
    # Names are strings, so what the schema says of other types is left out.
    names = space.restrict(reader.sub(schema["propertyNames"], base), "string")
    return space.guarded("object", space.all_keys(names.negation, space.false))


def _required(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    space = reader.space
    return space.guarded("object", space.all_of(*(space.has_key(name) for name in schema["required"])))


def _min_properties(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("object", reader.space.min_keys(int(schema["minProperties"])))


def _max_properties(reader: _SchemaReader, schema: dict[str, Json], _base: str) -> Formula:
    return reader.space.guarded("object", reader.space.min_keys(int(schema["maxProperties"]) + 1).negation)


def _dependencies(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space = reader.space
    parts = []
    for name, needs in schema["dependencies"].items():
        if isinstance(needs, list):
            then = space.all_of(*(space.has_key(needed) for needed in needs))
        else:
            then = reader.sub(needs, base)
        parts.append(space.guarded("object", space.implies(space.has_key(name), then)))
    return space.all_of(*parts)


def _all_of(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    return reader.space.all_of(*(reader.sub(part, base) for part in schema["allOf"]))


def _any_of(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    return reader.space.any_of(*(reader.sub(part, base) for part in schema["anyOf"]))


def _one_of(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    """At least one branch holds, and no two do.

    Written as pairs of branches, so that the negation is about two branches at a time.
    """
    space = reader.space
    parts = [reader.sub(part, base) for part in schema["oneOf"]]
    # Branches that are lists of values, as generated enums are, have a direct answer: the values that stand once.
    if all(part.op == "in" for part in parts):
        times = Counter(value for part in parts for value in part.args[0])
        return space.is_in(value for value, count in times.items() if count == 1)
    pairs = (space.all_of(one, two).negation for index, one in enumerate(parts) for two in parts[index + 1 :])
    return space.all_of(space.any_of(*parts), *pairs)


def _not(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    return reader.sub(schema["not"], base).negation


def _if(reader: _SchemaReader, schema: dict[str, Json], base: str) -> Formula:
    space, condition = reader.space, reader.sub(schema["if"], base)
    then = space.implies(condition, reader.sub(schema.get("then", True), base))
    return space.all_of(then, space.any_of(condition, reader.sub(schema.get("else", True), base)))


KeywordReader = Callable[[_SchemaReader, dict[str, Json], str], Formula]

RULES: Final[dict[str, KeywordReader]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "multipleOf": _multiple_of,
    "minimum": _bound("minimum", "at_least"),
    "exclusiveMinimum": _bound("exclusiveMinimum", "above"),
    "maximum": _bound("maximum", "at_most"),
    "exclusiveMaximum": _bound("exclusiveMaximum", "below"),
    "minLength": _min_length,
    "maxLength": _max_length,
    "pattern": _pattern,
    "items": _items,
    "contains": _contains,
    "minItems": _min_items,
    "maxItems": _max_items,
    "uniqueItems": _unique_items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "required": _required,
    "minProperties": _min_properties,
    "maxProperties": _max_properties,
    "dependencies": _dependencies,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
}
"""Keyword → its meaning. `additionalItems`, `then` and `else` are read with `items` and `if`."""
