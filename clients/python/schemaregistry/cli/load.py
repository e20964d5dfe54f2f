"""`schemaregistry load`: the gate. Files flow on if every row conforms; otherwise the load halts and says why."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemaregistry.cli.check import Redact, print_report
from schemaregistry.cli.connection import DEFAULT_TARGET, AsJson, Ca, Cert, Key, Registry
from schemaregistry.cli.destinations import destination
from schemaregistry.cli.progress import progress_bar
from schemaregistry.cli.pull import Access, pull
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, Unavailable

if TYPE_CHECKING:
    from schemaregistry.data import Report, Source
    from schemaregistry.pull import Pulled

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def load(
    data: Annotated[
        list[str], typer.Argument(metavar="DATA…", help="Parquet, Arrow, CSV, NDJSON; directories and globs of them.")
    ],
    schema: Annotated[str, typer.Option("--schema", metavar="ID[@VERSION]|FILE", help="What every row conforms to.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="DEST", help="A directory (gets a Parquet file), duckdb:FILE#TABLE, or - (an Arrow stream)."
        ),
    ],
    policy: Annotated[str, typer.Option("--policy", help="What becomes of data that don't conform: halt.")] = "halt",
    max_staleness: Annotated[
        str,
        typer.Option("--max-staleness", metavar="TIME", help="How old a kept contract may be, with the registry away."),
    ] = "1h",
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", envvar="SCHEMAREGISTRY_CACHE", help="Where contracts are kept."),
    ] = None,
    slack_webhook: Annotated[
        str | None,
        typer.Option(
            "--slack-webhook", envvar="SCHEMAREGISTRY_SLACK_WEBHOOK", help="Is told when a load halts. A secret."
        ),
    ] = None,
    as_json: AsJson = False,
    redact: Redact = False,
    format: Annotated[
        str | None, typer.Option("--format", help="The files' format, where names don't tell it.")
    ] = None,
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Hand the rows of files on to DEST if every one of them conforms; halt otherwise, with a report and an alert.

    Nothing is seen at DEST before all of the data have passed. Exits with 0 when they are there, 1 when a row doesn't
    conform, 3 when that couldn't be told. With `--to -` the report goes to stderr.
    """
    from schemaregistry import data as gate

    if policy != "halt":
        raise InvalidArgument(f"--policy {policy} isn't there yet; there is: halt", reason="UNKNOWN_POLICY")
    seconds = _seconds(max_staleness)
    sources = gate.find(data, format)
    alert = _Alert(slack_webhook)
    try:
        pulled = pull(schema, Access(registry, ca, cert, key), cache_dir=_cache(cache), max_staleness=seconds)
    except (Unavailable, DeadlineExceeded) as away:
        alert.not_judged(schema, sources, away.message)
        raise
    with progress_bar("loading", sum(source.size for source in sources)) as progress:
        loaded = gate.load(
            sources,
            pulled.contract,
            destination(to, sources),
            revision=pulled.revision,
            progress=progress,
        )
    report = replace(loaded.report, notes=(*_notes(pulled), *loaded.report.notes))
    if redact:
        report = gate.redacted(report)
    print_report(report, form="json" if as_json else "text", err=to == "-")
    if loaded.place is None:
        alert.halted(report)
    elif to != "-":
        typer.echo(f"loaded: {loaded.place}", err=True)
    raise typer.Exit(report.exit_code)


class _Alert:
    """Tells Slack, where it is to be told; a failure is said on stderr, and changes nothing else."""

    def __init__(self, webhook: str | None) -> None:
        self._webhook = webhook

    def halted(self, report: "Report") -> None:
        from schemaregistry.data import slack

        self._send(lambda: slack.halted(report))

    def not_judged(self, schema: str, sources: "list[Source]", fault: str) -> None:
        from schemaregistry.data import slack

        files = ", ".join(source.path for source in sources[:5])
        self._send(lambda: slack.not_judged(schema, files, fault))

    def _send(self, message: Callable[[], dict[str, Any]]) -> None:
        from schemaregistry.data import slack

        if not self._webhook:
            return
        try:
            slack.send(self._webhook, message())
        except slack.AlertFailed as failed:
            typer.echo(f"schemaregistry: the Slack alert could not be sent ({failed}). The load is halted.", err=True)


def _notes(pulled: "Pulled") -> list[str]:
    if pulled.stale_seconds is None:
        return []
    return [f"the registry is away: this is the contract that it confirmed {pulled.stale_seconds:,.0f} s ago"]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+)([smhd]?)", text)
    if not found:
        raise InvalidArgument(f"--max-staleness {text} isn't a time: write 90s, 15m, 1h or 2d", reason="BAD_TIME")
    return int(found[1]) * _UNITS.get(found[2], 1)


def _cache(stated: Path | None) -> Path | None:
    """The directory that was named; else the user's own, where that can be written."""
    if stated:
        return stated
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "schemaregistry"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
