"""`schemaregistry whoami`: print the identity that the registry reads from the caller's certificate or token."""

from collections.abc import Sequence

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text
from schemaregistry.v1 import registry_pb2


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
        facts = {
            "identity": me.identity,
            "can_publish": me.can_publish,
            "transport": me.transport,
            "roles": list(me.roles),
            "publish_ids": list(me.publish_ids),
            "operate_ids": list(me.operate_ids),
        }
        if me.HasField("token_expires"):
            facts["token_expires"] = me.token_expires.ToJsonString()
        say(json_text(facts))
    else:
        say(f"{me.identity}\t{_rights(me)}\t{me.transport}")


def _rights(me: registry_pb2.WhoAmIResponse) -> str:
    # A registry from before rights by id says no more than whether the caller may publish.
    publishes = me.publish_ids or (["*"] if me.can_publish else [])
    until = [f"until {me.token_expires.ToJsonString()}"] if me.HasField("token_expires") else []
    return "; ".join(["reads", *rights_to_write(publishes, me.operate_ids), *until])


def rights_to_write(publish: Sequence[str], operate: Sequence[str]) -> list[str]:
    """Say which ids may be published, and of which ids states may be set; nothing of those that are none."""
    said = [f"publishes {','.join(publish)}"] if publish else []
    return said + ([f"sets states of {','.join(operate)}"] if operate else [])
