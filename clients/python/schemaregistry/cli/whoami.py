"""`schemaregistry whoami`: the identity that the registry sees."""

from schemaregistry.cli.connection import DEFAULT_TARGET, AsJson, Ca, Cert, Key, Registry, connect
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text


def whoami(
    as_json: AsJson = False,
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Print who you are to the registry, and what you may do."""
    with connect(registry, ca, cert, key) as client:
        me = client.whoami()
    if as_json:
        facts = {"identity": me.identity, "can_publish": me.can_publish, "transport": me.transport}
        say(json_text(facts))
    else:
        say(f"{me.identity}\t{'reads and publishes' if me.can_publish else 'reads'}\t{me.transport}")
