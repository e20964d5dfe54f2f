"""`schemaregistry whoami`: print the identity that the registry reads from the client's certificate."""

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text


@with_groups
def whoami(
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Print who you are to the registry, and what you may do."""
    with connection.client() as client:
        me = client.whoami()
    if as_json:
        facts = {"identity": me.identity, "can_publish": me.can_publish, "transport": me.transport}
        say(json_text(facts))
    else:
        say(f"{me.identity}\t{'reads and publishes' if me.can_publish else 'reads'}\t{me.transport}")
