"""`schemaregistry consumers`: print who has read one schema within the last week, as the registry counted it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2 import ObservedConsumer


@with_groups
def consumers(
    id: Annotated[str, typer.Argument(help="The schema.")],
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """List who read a schema within the last seven days: identity, versions, reads, first and last day.

    Where nobody did, stdout has no line, and stderr says so.
    """
    with connection.client() as client:
        found = [_consumer(each) for each in client.list_consumers(id)]
    if as_json:
        say(json_text(found))
        return
    if not found:
        # Days are counted in UTC, today's and the six before it.
        since = datetime.now(UTC).date() - timedelta(days=6)
        say(printable(f"Nobody has read {id} since {since}."), err=True)
    for each in found:
        who = each["identity"] or f"({each['kind']})"
        columns = (who, ", ".join(each["versions"]), each["reads"], each["first_seen"], each["last_seen"])
        say("\t".join(printable(str(column)) for column in columns))


def _consumer(found: "ObservedConsumer") -> dict[str, Any]:
    names = ("identity", "reads", "first_seen", "last_seen", "kind")
    return {name: getattr(found, name) for name in names} | {"versions": list(found.versions)}
