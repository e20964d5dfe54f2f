"""`schemaregistry list`: print the registry's schemas, or the versions of one, a line each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.document.version_state import state_facts
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2 import SchemaSummary, SchemaVersion


SCHEMA_COLUMNS = ("id", "latest_version", "versions", "title")
VERSION_COLUMNS = ("version", "revision", "registered_at", "registered_by", "commit", "state")


@with_groups
def list_schemas(
    id: Annotated[str | None, typer.Argument(help="The versions of this schema, rather than all schemas.")] = None,
    text: Annotated[str, typer.Option(help="Part of the id, title or description.")] = "",
    field: Annotated[str, typer.Option(help="The name of a property.")] = "",
    tag: Annotated[str, typer.Option(help="One of the document's x-tags.")] = "",
    fingerprint: Annotated[str, typer.Option(help="That of one of its versions (sha256:…).")] = "",
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """List the schemas (id, latest version, versions, title), or the versions of one.

    With --fingerprint, the schema of which a version has it (id, that version, latest version, title).

    Of a version: version, revision, time, writer, commit, state.
    """
    if id is not None and (text or field or tag or fingerprint):
        raise typer.BadParameter("--text, --field, --tag and --fingerprint choose among schemas; leave out the id.")
    with connection.client() as client:
        if id is None:
            schemas = client.list_schemas(text=text, field=field, tag=tag, fingerprint=fingerprint)
            columns = ("id", "found_version", "latest_version", "title") if fingerprint else SCHEMA_COLUMNS
            _print(map(_schema, schemas), columns, as_json=as_json)
        else:
            versions = client.list_versions(id)
            _print(map(_version, versions), VERSION_COLUMNS, as_json=as_json)


def _schema(summary: "SchemaSummary") -> dict[str, Any]:
    names = ("id", "title", "latest_version", "versions", "owner", "revision", "fingerprint", "found_version")
    return {name: getattr(summary, name) for name in names} | {"tags": list(summary.tags)}


def _version(version: "SchemaVersion") -> dict[str, Any]:
    from schemaregistry.client.calls import state_of

    names = ("id", "version", "revision", "fingerprint", "registered_by", "size")
    stated = ("repository", "commit", "path", "pull_request")
    return (
        {name: getattr(version, name) for name in names}
        | {"registered_at": version.registered_at.ToJsonString()}
        | {name: getattr(version.origin, name) for name in stated}
        | state_facts(state_of(version))
        | {"state_revision": version.state_revision}
    )


def _print(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        say(json_text(list(rows)))
        return
    for row in rows:
        say("\t".join(printable(str(row[column])) for column in columns))
