"""`schemaregistry publish`: register documents, all versions of each id in their order.

`git_history.py` finds the versions of a file, `publish_order.py` sorts them, `publish_outcome.py` registers one and
describes the result.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from semver import Version

from schemaregistry.cli import git_history
from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.exit_codes import of_all
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.publish_order import lowest_first
from schemaregistry.cli.publish_outcome import (
    deliver,
    passed_over,
    registration,
    rehearsal,
    tell,
)
from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.cli.compat_process import CompatProcess

SECONDS = 60.0
"""Seconds for registering one version, which the registry judges against those before it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One version of a file: its content now or, with `of_history`, an earlier one that git has."""

    file: Path
    raw: bytes
    of_history: bool = False


@with_groups
def publish(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="Documents, or directories of *.json.")],
    history: Annotated[bool, typer.Option(help="Publish the versions that git's history has, too.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: say what would become of it.")] = False,
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Publish schema documents; what the registry has already stays as it is.

    The versions of an id are published from the lowest to the greatest, whichever files they are in.

    A line tells what became of each version (with --json an object a line). Where a file is refused, others go on; a
    refused version of the history can't be mended any more and is passed over.

    Exit codes: 0 all are there, 1 the registry judged one and refused it, 2 usage, 3 could not publish: no right to
    (these ids), no token, or no registry.
    """
    files = [file for path in paths for file in _files(path)]
    candidates = lowest_first((each for file in files for each in _candidates(file, history=history)), _named)
    codes = []
    with ExitStack() as stack:
        # Of the dev certificates only ci-bot's may publish.
        client = stack.enter_context(connection.client(identity="ci-bot", timeout=SECONDS))
        into = rehearsal(client, stack.enter_context(_judge())) if dry_run else registration(client)
        for each in candidates:
            outcome = deliver(each.raw, into)
            if each.of_history:
                outcome = passed_over(outcome)
            tell(str(each.file), outcome, as_json=as_json)
            codes.append(outcome.exit_code)
    raise typer.Exit(of_all(codes))


def _judge() -> "CompatProcess":
    from schemaregistry.cli.compat_process import CompatProcess

    return CompatProcess()


def _files(path: Path) -> Sequence[Path]:
    if not path.exists():
        raise InvalidArgument(f"there is no {path}: name a schema document or a directory", reason="NO_SUCH_FILE")
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.json"))
    if not files:
        raise InvalidArgument(f"{path} has no *.json: name a directory of schema documents", reason="NO_DOCUMENTS")
    return files


def _candidates(file: Path, *, history: bool) -> Iterator[_Candidate]:
    current = _read(file)
    for raw in _versions(file) if history else ():
        if raw != current:
            yield _Candidate(file, raw, of_history=True)
    yield _Candidate(file, current)


def _named(candidate: _Candidate) -> tuple[str, Version] | None:
    try:
        id, version = git_history.identity(candidate.raw)
    except InvalidArgument:
        return None
    return id, Version.parse(version)


def _versions(file: Path) -> Sequence[bytes]:
    """Return the versions that git has; none for a broken document, which has no id to look for.

    The broken document itself is published then, so that the user sees why it is refused.
    """
    try:
        return [version.raw for version in git_history.versions(file)]
    except InvalidArgument:
        return []


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"can't read {file} ({error.strerror}): name a file that can be read"
        raise InvalidArgument(message, reason="FILE_UNREADABLE") from None
