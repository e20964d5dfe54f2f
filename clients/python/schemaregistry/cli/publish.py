"""`schemaregistry publish`: put documents into the registry, every version of each in its order.

What versions a file had is `git_history`'s to find, what becomes of each is `outcome`'s.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemaregistry.cli import git_history
from schemaregistry.cli.connection import DEFAULT_TARGET, AsJson, Ca, Cert, Key, Registry, connect
from schemaregistry.cli.outcome import Delivery, Outcome, deliver, registration, rehearsal
from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2 import Verdict

SECONDS = 60.0
"""How long one version may take: the registry judges it against those before it."""


def publish(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="Documents, or directories of *.json.")],
    history: Annotated[bool, typer.Option(help="Publish the versions of git's history first, oldest first.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: say what would become of it.")] = False,
    as_json: AsJson = False,
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Publish schema documents; what the registry has already stays as it is.

    A line tells what became of each version (with --json an object a line). After a refused version the rest of its
    file is left out, other files go on, and the exit code is 1.
    """
    files = [file for path in paths for file in _files(path)]
    refused = False
    with connect(registry, ca, cert, key, identity="ci-bot", timeout=SECONDS) as client:
        into = rehearsal(client) if dry_run else registration(client)
        for file in files:
            for outcome in _publish(_documents(file, history=history), into):
                _tell(file, outcome, as_json=as_json)
                refused = refused or outcome.refused
    if refused:
        raise typer.Exit(1)


def _files(path: Path) -> Sequence[Path]:
    if not path.exists():
        raise InvalidArgument(f"there is no {path}: name a schema document or a directory", reason="NO_SUCH_FILE")
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InvalidArgument(f"{path} has no *.json: name a directory of schema documents", reason="NO_DOCUMENTS")
    return files


def _documents(file: Path, *, history: bool) -> Sequence[bytes]:
    try:
        # A broken document has no id to look for in git: it is delivered alone, for what is wrong with it to be told.
        with suppress(InvalidArgument):
            return [version.raw for version in git_history.versions(file)] if history else [file.read_bytes()]
        return [file.read_bytes()]
    except OSError as error:
        message = f"can't read {file} ({error.strerror}): name a file that can be read"
        raise InvalidArgument(message, reason="FILE_UNREADABLE") from None


def _publish(documents: Sequence[bytes], into: Delivery) -> Iterator[Outcome]:
    """Deliver the versions of one file, up to the first that is refused."""
    for raw in documents:
        outcome = deliver(raw, into)
        yield outcome
        if outcome.refused:
            return


def _tell(file: Path, outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_json_line(file, outcome))
        return
    name = f"{outcome.id} {outcome.version}" if outcome.id else str(file)
    for warning in outcome.warnings:
        typer.echo(f"{name}: warning: {warning}", err=True)
    revision = f" (revision {outcome.revision})" if outcome.revision is not None else ""
    typer.echo(f"{name} {outcome.result}{revision}{': ' if outcome.message else ''}{outcome.message}")
    if outcome.verdict is not None and outcome.verdict.witness_json:
        side = outcome.verdict.witness_valid_under
        typer.echo(f"  valid under the {side} version alone: {outcome.verdict.witness_json}")


def _json_line(file: Path, outcome: Outcome) -> str:
    names = ("id", "version", "result", "refused", "revision", "message", "warnings")
    facts = {"file": str(file)} | {name: getattr(outcome, name) for name in names}
    return json.dumps(facts | {"verdict": _verdict(outcome.verdict)}, ensure_ascii=False)


def _verdict(verdict: "Verdict | None") -> dict[str, Any] | None:
    """The verdict's own JSON, with its witness exact."""
    from google.protobuf.json_format import MessageToDict

    if verdict is None:
        return None
    value: dict[str, Any] = MessageToDict(
        verdict, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    text = value.pop("witness_json")
    return value | {"witness": json.loads(text) if text else None}
