"""The command line: which commands there are, and how an error becomes a line and an exit code.

Exit codes: 0 conforms or compatible, 1 does not, 2 usage, 3 could not tell. What a command does is its own module's.
"""

import signal
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn, cast

import typer

from schemaregistry.cli import (
    arrow,
    check,
    clean,
    compat,
    contract,
    cpp,
    diff,
    get,
    gx,
    listing,
    load,
    publish,
    validate,
    watch,
    whoami,
)
from schemaregistry.cli.say import say
from schemaregistry.errors import RegistryError, with_place

app = typer.Typer(
    name="schemaregistry",
    help="Audited, versioned contracts for market data. Exit codes: 0 conforms or compatible, 1 does not, 2 usage, "
    "3 could not tell.",
    no_args_is_help=True,
    # Plain help: tables cut off long names and variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command("arrow")(arrow.arrow)
app.command("check")(check.check)
app.command("clean")(clean.clean)
app.command("contract")(contract.contract)
app.command("cpp")(cpp.cpp)
app.command("get")(get.get)
app.command("gx")(gx.gx)
app.command("compat")(compat.compat)
app.command("diff")(diff.diff)
app.command("load")(load.load)
app.command("list")(listing.list_schemas)
app.command("validate-schema")(validate.validate_schema)
app.command("publish")(publish.publish)
app.command("watch")(watch.watch)
app.command("whoami")(whoami.whoami)

EXIT = {
    "INVALID_ARGUMENT": 2,
    "NOT_FOUND": 2,
    "ALREADY_EXISTS": 1,
    "FAILED_PRECONDITION": 1,
}
"""The exit code of an error that reaches the command line; 3 for every other: what was asked could not be told."""


def _add_installed_commands(asked: str) -> None:
    """Add what other packages of the distribution bring, `serve` first of all.

    Only the one that is asked for is imported: `get` shouldn't wait for the server's modules.
    """
    for entry in entry_points(group="schemaregistry.commands"):
        if entry.name == asked:
            app.command(entry.name)(_load(entry))
        else:
            app.command(entry.name, help=f"See `schemaregistry {entry.name} --help`.")(lambda: None)


def _load(entry: EntryPoint) -> Callable[..., None]:
    try:
        return cast("Callable[..., None]", entry.load())
    except ModuleNotFoundError as missing:
        module = missing.name

    def explain() -> None:
        say(f"`{entry.name}` needs the module {module}: pip install 'schemaregistry[server]'", err=True)
        raise typer.Exit(2)

    return explain


def _end(signum: int, _: object) -> NoReturn:
    """Unwind as Ctrl-C does, so that nothing half done is left."""
    sys.exit(128 + signum)


def main() -> None:
    """Run the command line; every refusal is one message on stderr."""
    _add_installed_commands(sys.argv[1] if len(sys.argv) > 1 else "")
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except RegistryError as error:
        say(f"schemaregistry: {with_place(error.message, error.pointer)}", err=True)
        sys.exit(EXIT.get(error.code, 3))
    except KeyboardInterrupt:
        sys.exit(130)
