"""`schemaregistry load`: the gate. Write the rows of files to a destination if they conform, else follow the policy."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from schemaregistry.cli.alert import Alert, SlackWebhook
from schemaregistry.cli.check import Redact, ReportForm, Strict, check_form, print_report
from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.csv_options import CsvOptions
from schemaregistry.cli.load_options import (
    FileFormat,
    QuarantineDir,
    SchemaOption,
    To,
    destination,
    quarantine_of,
    stem,
)
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.progress import progress_bar
from schemaregistry.cli.say import say
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, Unavailable

if TYPE_CHECKING:
    from schemaregistry.data import Loaded, Policy, Source

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

PolicyName: TypeAlias = Annotated[
    str, typer.Option("--policy", help="What becomes of data that don't conform: halt, quarantine or warn.")
]
MaxStaleness: TypeAlias = Annotated[
    str,
    typer.Option("--max-staleness", metavar="TIME", help="How old a kept contract may be, with the registry away."),
]
CacheDir: TypeAlias = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", envvar="SCHEMAREGISTRY_CACHE", help="Where contracts are kept."),
]


@with_groups
def load(
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA…", help="Parquet, Arrow, CSV, NDJSON, JSON; directories, globs; - is stdin."),
    ],
    schema: SchemaOption,
    to: To,
    policy: PolicyName = "halt",
    quarantine: QuarantineDir = None,
    max_staleness: MaxStaleness = "1h",
    cache: CacheDir = None,
    slack_webhook: SlackWebhook = None,
    as_json: AsJson = False,
    form: ReportForm = "text",
    redact: Redact = False,
    strict: Strict = False,
    format: FileFormat = None,
    *,
    csv: CsvOptions,
    connection: ConnectionOptions,
) -> None:
    """Hand the rows of files on to DEST, with a report, and an alert where they don't all conform.

    Nothing is seen at DEST before all of the data have been judged. What becomes of data that don't conform:

    halt: nothing is handed on. quarantine: rows that conform are; the others are set aside in a folder of their own
    below --quarantine (without it: DEST.quarantine), with the report. warn: all rows are, but for those of values that
    the contract's types can't hold.

    Exits with 0 when every row is there, 1 when a row is not, 3 when it couldn't be told whether they conform: then
    nothing is handed on, whatever the policy. With `--to -` the report goes to stderr.
    """
    from schemaregistry import data as gate

    _check_policy(policy)
    check_form(form)
    seconds = _seconds(max_staleness)
    sources = gate.find(data, format, csv.dialect(), strict=strict)
    folder = _cache(cache)
    alert = Alert(slack_webhook, folder, schema, [source.path for source in sources], to)
    with _alert_if_away(alert):
        pulled = pull(schema, connection, cache_dir=folder, max_staleness=seconds)
    with progress_bar("loading", sum(source.size for source in sources)) as progress:
        loaded = gate.load(
            sources,
            pulled.contract,
            destination(to, sources),
            policy=_policy(policy, to, quarantine, sources),
            aliases=pulled.aliases,
            revision=pulled.revision,
            progress=progress,
        )
    report = replace(loaded.report, notes=(*pulled.notes, *loaded.report.notes))
    if redact:
        report = gate.redacted(report)
    try:
        print_report(report, form="json" if as_json else form, err=to == "-")
        print_places(loaded, to)
    finally:  # an alert is sent even where printing fails, because nobody reads stdout any more
        alert.about(loaded, report)
    raise typer.Exit(loaded.exit_code)


@contextmanager
def _alert_if_away(alert: Alert) -> Iterator[None]:
    """Send an alert where the block raises because the registry is away, and pass the error on."""
    try:
        yield
    except (Unavailable, DeadlineExceeded) as away:
        alert.not_judged(away.message)
        raise


def print_places(loaded: "Loaded", to: str) -> None:
    """Print on stderr where rows were written, and where others were quarantined."""
    if loaded.quarantine:
        say(f"set aside: {loaded.quarantine}", err=True)
    if loaded.place and to != "-":
        say(f"loaded: {loaded.place}", err=True)


def _check_policy(name: str) -> None:
    if name not in ("halt", "quarantine", "warn"):
        message = f"--policy {name} isn't known: say halt, quarantine or warn"
        raise InvalidArgument(message, reason="UNKNOWN_POLICY")


def _policy(name: str, to: str, stated: Path | None, sources: "list[Source]") -> "Policy":
    from schemaregistry.data import Quarantine

    if name == "quarantine":
        folder = quarantine_of(to, stated)
        return lambda: Quarantine(folder, stem(sources))
    if stated:
        raise InvalidArgument(f"--quarantine is for --policy quarantine, not {name}", reason="UNKNOWN_POLICY")
    return "warn" if name == "warn" else "halt"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+)([smhd]?)", text)
    if not found:
        raise InvalidArgument(f"--max-staleness {text} isn't a time: write 90s, 15m, 1h or 2d", reason="BAD_TIME")
    return int(found[1]) * _UNITS.get(found[2], 1)


def _cache(stated: Path | None) -> Path | None:
    """Return the directory of `--cache`, or else the user's cache directory; None where that can't be written."""
    if stated:
        return stated
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "schemaregistry"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
