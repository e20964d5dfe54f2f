"""From bytes to a Document: each check in turn, the cheap ones first.

Holds the order of the checks and the registry's own members; each check is its own module's.
"""

from schemaregistry.document.arrow import read_block
from schemaregistry.document.canonical import fingerprint
from schemaregistry.document.model import Document, Json
from schemaregistry.document.naming import check_id, parse_version
from schemaregistry.document.reading import loads
from schemaregistry.errors import InvalidArgument

OWN_MEMBERS = ("$id", "version", "arrow", "compatibility")


def parse(data: bytes, *, id: str | None = None) -> Document:  # noqa: A002
    """Read and check one document; `id`, where given, must be its `$id`."""
    value = loads(data)
    if not isinstance(value, dict):
        raise InvalidArgument("A document is a JSON object.", reason="NOT_AN_OBJECT", pointer="")
    own_id = check_id(value["$id"])
    if id is not None and own_id != id:
        raise InvalidArgument(f'The document\'s `$id` is "{own_id}", not "{id}".', reason="ID_MISMATCH", pointer="/$id")
    return Document(
        raw=data,
        id=own_id,
        version=parse_version(value["version"]),
        schema=_schema(value),
        arrow=read_block(value["arrow"]) if "arrow" in value else (),
        arrow_derived="arrow" not in value,
        fingerprint=fingerprint(value),
        title=value.get("title", ""),
        description=value.get("description", ""),
        compatibility=value.get("compatibility"),
        tags=tuple(value.get("x-tags", ())),
        aliases={name: tuple(old) for name, old in value.get("x-aliases", {}).items()},
        owner=value.get("x-owner", ""),
    )


def _schema(value: dict[str, Json]) -> dict[str, Json]:
    return {name: inner for name, inner in value.items() if name not in OWN_MEMBERS and not name.startswith("x-")}
