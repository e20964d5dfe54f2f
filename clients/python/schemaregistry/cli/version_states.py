"""`schemaregistry deprecate`, `retract` and `reinstate`: set the state of one registered version."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.document.version_state import VersionState, check_state, read_sunset, state_facts, state_notice
from schemaregistry.errors import InvalidArgument
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.client import Client, StateSet

NumberedVersion: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID@VERSION", show_default=False, help="Which one, by its number.")
]
StateReason: TypeAlias = Annotated[str, typer.Option(metavar="TEXT", help="Why: its readers are shown it.")]


@with_groups
def deprecate(
    schema: NumberedVersion,
    reason: StateReason,
    sunset: Annotated[
        str, typer.Option(metavar="DATE", help="When it may be withdrawn: 2027-01-31, or a time of RFC 3339.")
    ] = "",
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Mark a version as one to move away from: it is served with a warning, and is still `latest` where it was.

    Exit codes: 0 done (or was so already), 1 the registry judged it and refused, 2 usage, 3 could not set it: no right
    to, no token, or no registry.
    """
    date = read_sunset(sunset) if sunset else None
    _set(schema, check_state("deprecated", reason, date), connection, as_json=as_json)


@with_groups
def retract(
    schema: NumberedVersion, reason: StateReason, as_json: AsJson = False, *, connection: ConnectionOptions
) -> None:
    """Take a version back: it is served by its number alone, with a warning, and new versions may be lower than it.

    Exit codes: 0 done (or was so already), 1 the registry judged it and refused, 2 usage, 3 could not set it: no right
    to, no token, or no registry.
    """
    _set(schema, check_state("retracted", reason), connection, as_json=as_json)


@with_groups
def reinstate(
    schema: NumberedVersion, reason: StateReason, as_json: AsJson = False, *, connection: ConnectionOptions
) -> None:
    """Make a deprecated or retracted version active again.

    A retracted version can't come back once another was published without regard to it.

    Exit codes: 0 done (or was so already), 1 the registry judged it and refused, 2 usage, 3 could not set it: no right
    to, no token, or no registry.
    """
    _set(schema, check_state("active", reason), connection, as_json=as_json)


def _set(schema: str, state: VersionState, connection: ConnectionOptions, *, as_json: bool) -> None:
    id, _, version = schema.partition("@")
    if not id or not version:
        raise InvalidArgument(f"{schema!r} names no version: write ID@1.2.3.", reason="BAD_VERSION")
    # Of the dev certificates only ci-bot's may publish.
    with connection.client(identity="ci-bot") as client:
        # Only what was seen is changed: of two people at once the second one is told.
        done = client.set_state(id, version, state, expected_revision=_seen(client, id, version))
    say(_json_line(done) if as_json else _line(done))


def _seen(client: "Client", id: str, version: str) -> int:
    number = version.removeprefix("v")
    found = next((each.state_revision for each in client.list_versions(id) if each.version == number), None)
    return found or 0


def _line(done: "StateSet") -> str:
    notice = state_notice(done.id, done.version, done.state) or f"{done.id} {done.version} is active."
    already = "" if done.changed else " It was so already."
    latest = f"The latest version is {done.latest_version}." if done.latest_version else "No version is left as latest."
    return printable(f"{notice}{already} {latest}")


def _json_line(done: "StateSet") -> str:
    names = ("id", "version", "revision", "changed", "previous", "latest_version")
    return json_text({name: getattr(done, name) for name in names} | state_facts(done.state))
