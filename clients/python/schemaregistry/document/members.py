"""Read the registry's own members of a document: `$id`, `version`, `compatibility`, and those that begin with `x-`.

Each function takes the whole document. `csv_dialect.py` reads `x-csv`, `arrow_block.py` reads `arrow`.
"""

from collections.abc import Collection, Mapping
from typing import Final, NoReturn, get_args

from semver import Version

from schemaregistry.document.message_text import meant, shown
from schemaregistry.document.model import Json, Level
from schemaregistry.document.naming import check_id, parse_version
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument

OWN: Final = ("$id", "version", "arrow", "compatibility")
"""Members, besides those that begin with `x-`, that are removed before a JSON Schema validator reads the document."""


def json_side(document: Mapping[str, Json]) -> dict[str, Json]:
    """Return the document without the registry's own members: a draft-07 schema."""
    return {name: value for name, value in document.items() if name not in OWN and not name.startswith("x-")}


def read_id(document: Mapping[str, Json], expected: str | None) -> str:
    """Return `$id`. Raises InvalidArgument (BAD_ID, or ID_MISMATCH where `expected` is another)."""
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
    """Return `version`, which must have no leading `v`. Raises InvalidArgument (BAD_VERSION)."""
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
    """Return `compatibility`, None without it. Raises InvalidArgument (BAD_COMPATIBILITY)."""
    levels: tuple[Level, ...] = get_args(Level)
    for level in levels:
        if level == document.get("compatibility"):
            return level
    if "compatibility" in document:
        _refuse(f"`compatibility` is one of {', '.join(levels)}.", "BAD_COMPATIBILITY", "compatibility")
    return None


def read_tags(document: Mapping[str, Json]) -> tuple[str, ...]:
    """Return `x-tags`, empty without it. Raises InvalidArgument (BAD_TAGS)."""
    return _texts(document.get("x-tags", []), "BAD_TAGS", "x-tags")


def read_owner(document: Mapping[str, Json]) -> str:
    """Return `x-owner`, "" without it. Raises InvalidArgument (BAD_OWNER)."""
    found = document.get("x-owner", "")
    if not isinstance(found, str):
        _refuse("`x-owner` is a text: who answers for the data.", "BAD_OWNER", "x-owner")
    return found


def read_aliases(document: Mapping[str, Json], names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return `x-aliases`: for each property, the former names of its column. `names` are all properties.

    Raises InvalidArgument (BAD_ALIASES) for an unknown property, and for an alias that is also another name.
    """
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
