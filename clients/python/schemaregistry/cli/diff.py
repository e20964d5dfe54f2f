"""`schemaregistry diff`: show what changed between two versions of a document, and whom it breaks.

The `compat` package judges, in the child process of `compat_process.py`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer

from schemaregistry.cli import git_history
from schemaregistry.cli.say import say
from schemaregistry.document import Document, Level, parse_version
from schemaregistry.errors import InvalidArgument, NotFound
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.compat import Verdict

EXIT: Final = {"compatible": 0, "incompatible": 1, "unknown": 3}


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A version, ^1.2, tag, branch or commit; without FILE, a path.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same for the newer one.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The schema document in git.")] = None,
    direction: Annotated[str | None, typer.Option(help=f"One of {', '.join(get_args(Level))}.")] = None,
    seconds: Annotated[float, typer.Option(min=0.001, max=3600, help="Time for the verdict.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Compare two versions of a schema document: verdict, changes, a record that shows the break, risk, bump.

    At a transitive level NEW is compared with the versions of FILE before OLD too, as far as git knows them: with the
    releases among them, or with the pre-releases while there is no release.

    Exit codes: 0 compatible, 1 incompatible, 2 usage, 3 could not tell.
    """
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.compat import is_transitive, to_json

    level = _level(direction)
    with CompatProcess() as judge:
        before, after = _document(old, file, judge), _document(new, file, judge)
        levels = (level,) if level else (after.compatibility, before.compatibility)
        earlier = _earlier(before, after, file, judge) if any(map(is_transitive, levels)) else ()
        verdict = judge.check([*earlier, before], after, level, seconds)
    if as_json:
        say(json_text(to_json(verdict)))
    elif sys.stdout.isatty():
        _show_table(verdict)
    else:
        _print_plain(verdict)
    raise typer.Exit(EXIT[verdict.outcome.value])


def _level(name: str | None) -> Level | None:
    levels: tuple[Level, ...] = get_args(Level)
    if name is None:
        return None
    for level in levels:
        if name == level:
            return level
    raise typer.BadParameter(f"{name!r} is none of {', '.join(levels)}.", param_hint="--direction")


def _document(name: str, file: Path | None, judge: "CompatProcess") -> Document:
    if file is not None:
        return judge.parse(git_history.resolve(name, file).raw)
    try:
        return judge.parse(Path(name).read_bytes())
    except OSError as error:
        message = f"{name} can't be read ({error.strerror}). To compare versions, name the FILE too."
        raise NotFound(message, reason="NO_FILE") from None
    except InvalidArgument as error:
        raise InvalidArgument(f"{name}: {error.message}", reason=error.reason, pointer=error.pointer) from None


def _earlier(old: Document, new: Document, file: Path | None, judge: "CompatProcess") -> list[Document]:
    """Return the versions of FILE before `old` in git's history; a broken one, which nobody can repair, is skipped."""
    found = []
    for committed in git_history.versions(file) if file is not None else ():
        version = parse_version(committed.version)
        if version < old.version and version != new.version:
            try:
                found.append(judge.parse(committed.raw))
            except InvalidArgument as error:
                say(f"warning: {file} {committed.version} is passed over: {error.message}", err=True)
    return found


def _heading(verdict: "Verdict") -> str:
    return f"{verdict.outcome.value}: {verdict.old_version} → {verdict.new_version} ({verdict.direction})"


def _facts(verdict: "Verdict") -> list[str]:
    facts = [verdict.message, f"risk: {verdict.risk}", f"required bump: {verdict.required_bump}"]
    if verdict.witness is not None:
        record = json_text(verdict.witness.instance)
        facts.append(f"witness (valid under {verdict.witness.valid_under}): {record}")
    return facts


def _print_plain(verdict: "Verdict") -> None:
    say(_heading(verdict))
    for fact in _facts(verdict):
        say(fact)
    for change in verdict.changes:
        say(f"{change.effect}\t{change.kind}\t{change.pointer}\t{change.reason}")


def _show_table(verdict: "Verdict") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"compatible": "green", "incompatible": "red", "unknown": "yellow", "none": "dim"}
    console = Console()
    console.print(Text(printable(_heading(verdict)), style=f"bold {colours[verdict.outcome.value]}"))
    for fact in _facts(verdict):
        console.print(Text(printable(fact)))
    table = Table("effect", "change", "place", "why")
    for change in verdict.changes:
        cells = (change.kind, change.pointer, change.reason)
        table.add_row(Text(change.effect, style=colours[change.effect]), *(Text(printable(cell)) for cell in cells))
    if verdict.changes:
        console.print(table)
