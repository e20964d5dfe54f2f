"""The registry's own members of a document: `$id`, `version`, `compatibility` and the `x-` ones. Reads no schema."""

from collections.abc import Collection, Mapping
from typing import Final, NoReturn, get_args

from semver import Version

from schemaregistry.document.message_text import meant, shown
from schemaregistry.document.model import Json, Level
from schemaregistry.document.naming import check_id, parse_version
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument

OWN: Final = ("$id", "version", "arrow", "compatibility")
"""Members that no validator of JSON Schema should see, besides those that start with `x-`."""


def json_side(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document without the registry's own members: a draft-07 schema."""
    return {name: value for name, value in document.items() if name not in OWN and not name.startswith("x-")}


def read_id(document: Mapping[str, Json], expected: str | None) -> str:
    """`$id`, which must be the expected one where there is one; raises InvalidArgument (BAD_ID, ID_MISMATCH)."""
    found = document.get("$id")
    if not isinstance(found, str):
        _refuse("Give the document an id: `$id`, a text as in ticks_v1.", "BAD_ID", "$id")
    try:
        check_id(found)
    except InvalidArgument as error:
        _refuse(f"`$id`: {error.message}", "BAD_ID", "$id")
    if expected is not None and found != expected:
        _refuse(
            f"The document's `$id` is {shown(found)}, not {shown(expected)}. Change one of them.", "ID_MISMATCH", "$id"
        )
    return found


def read_version(document: Mapping[str, Json]) -> Version:
    """`version`, without a leading `v`; raises InvalidArgument (BAD_VERSION)."""
    found = document.get("version")
    if not isinstance(found, str):
        _refuse('Give the document a version: "version": "1.0.0".', "BAD_VERSION", "version")
    if found.startswith("v"):
        _refuse("In a document the version stands without the v, as in 1.0.0.", "BAD_VERSION", "version")
    try:
        return parse_version(found)
    except InvalidArgument as error:
        _refuse(error.message, "BAD_VERSION", "version")


def read_compatibility(document: Mapping[str, Json]) -> Level | None:
    """`compatibility`; raises InvalidArgument (BAD_COMPATIBILITY)."""
    levels: tuple[Level, ...] = get_args(Level)
    for level in levels:
        if level == document.get("compatibility"):
            return level
    if "compatibility" in document:
        _refuse(f"`compatibility` is one of {', '.join(levels)}.", "BAD_COMPATIBILITY", "compatibility")
    return None


def read_tags(document: Mapping[str, Json]) -> tuple[str, ...]:
    """`x-tags`; raises InvalidArgument (BAD_TAGS)."""
    return _texts(document.get("x-tags", []), "BAD_TAGS", "x-tags")


def read_owner(document: Mapping[str, Json]) -> str:
    """`x-owner`, empty where there is none; raises InvalidArgument (BAD_OWNER)."""
    found = document.get("x-owner", "")
    if not isinstance(found, str):
        _refuse("`x-owner` is a text: who answers for the data.", "BAD_OWNER", "x-owner")
    return found


def read_aliases(document: Mapping[str, Json], names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """`x-aliases`: for a property, the names that its column had before; raises InvalidArgument (BAD_ALIASES)."""
    found = document.get("x-aliases", {})
    if not isinstance(found, dict):
        _refuse('`x-aliases` is an object, as in {"symbol": ["ticker"]}.', "BAD_ALIASES", "x-aliases")
    taken = dict.fromkeys(names, "the name of a property")
    for name in found:
        if name not in taken:
            _refuse(
                f"{shown(name)} isn't a property of the document.{meant(name, names)}", "BAD_ALIASES", "x-aliases", name
            )
    aliases = {name: _texts(old, "BAD_ALIASES", "x-aliases", name) for name, old in found.items()}
    for name, old in aliases.items():
        for index, alias in enumerate(old):
            if alias in taken:
                _refuse(f"{shown(alias)} is {taken[alias]} already.", "BAD_ALIASES", "x-aliases", name, index)
            taken[alias] = f"an alias of {shown(name)}"
    return aliases


def _texts(value: Json, reason: str, *path: str | int) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [None]
    if not all(isinstance(text, str) and text for text in texts) or len(set(texts)) < len(texts):
        _refuse("This is a list of different texts.", reason, *path)
    return tuple(texts)


def _refuse(message: str, reason: str, *path: str | int) -> NoReturn:
    raise InvalidArgument(message, reason=reason, pointer=pointer(path))
