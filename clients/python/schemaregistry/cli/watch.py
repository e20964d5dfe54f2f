"""`schemaregistry watch`: print each version as it is registered, a line each."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.document.version_state import state_facts
from schemaregistry.terminal import printable

if TYPE_CHECKING:
    from schemaregistry.client import Event


@with_groups
def watch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these schemas.")] = None,
    after: Annotated[int, typer.Option("--after", metavar="REVISION", min=0, help="Begin after this revision.")] = 0,
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Print each version registered after a revision, then each further one, until Ctrl-C.

    Lines are: kind, revision, id, version, fingerprint; of kind `state`, a version's new state, also the state and the
    reason. With --json also the marks of progress, to resume --after.
    """
    with connection.client() as client:
        try:
            for event in client.watch(after, ids or ()):
                if line := _json_line(event) if as_json else _line(event):
                    say(line)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _line(event: "Event") -> str:
    if event.kind == "progress":
        return ""
    line = f"{event.kind}\t{event.revision}\t{event.id}\t{event.version}\t{event.fingerprint}"
    return f"{line}\t{event.state.name}\t{printable(event.state.reason)}" if event.kind == "state" else line


def _json_line(event: "Event") -> str:
    if event.kind == "progress":
        return json.dumps({"kind": event.kind, "revision": event.revision, "stale": event.stale})
    facts = asdict(event)
    told = {name: facts[name] for name in ("kind", "revision", "id", "version", "fingerprint", "is_latest")}
    return json.dumps(told | (state_facts(event.state) if event.kind == "state" else {}))
