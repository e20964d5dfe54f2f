"""The command line: its commands, and how an error becomes a line on stderr and an exit code.

Exit codes: 0 conforms or compatible, 1 does not, 2 usage, 3 could not tell. Each command has a module of its own.
"""

import signal
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any, Final, NoReturn, cast

import typer
from typer.core import TyperGroup

from schemaregistry.cli import (
    arrow,
    bot,
    check,
    clean,
    compat,
    contract,
    cpp,
    diff,
    empty_names,
    get,
    gx,
    listing,
    load,
    login,
    observed,
    publish,
    sample,
    standard_streams,
    unexpected,
    validate,
    version_states,
    watch,
    whoami,
)
from schemaregistry.cli.exit_codes import exit_code
from schemaregistry.cli.say import say
from schemaregistry.errors import InvalidArgument, RegistryError, with_place

EPILOG: Final = "--debug, with any command: the traceback of an error that nobody foresaw."


class _Escaped(Exception):
    """Carries an error past typer, which would exit with code 1 for it: that code means "violates"."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        """Call the command; wrap the errors that typer handles itself, so that `main` can handle them."""
        try:
            return super().invoke(ctx)
        except (OSError, EOFError, KeyboardInterrupt) as error:
            raise _Escaped(error) from None


app = typer.Typer(
    name="schemaregistry",
    cls=_Commands,
    help="Audited, versioned contracts for market data. Exit codes: 0 conforms or compatible, 1 does not, 2 usage, "
    "3 could not tell.",
    no_args_is_help=True,
    # Plain help: tables cut off long names and variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        say(f"schemaregistry {version('schemaregistry')}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
def _any_command(*, shows_version: _Version = False) -> None:
    """Take the options that stand before a command."""


app.command("arrow")(arrow.arrow)
app.command("check")(check.check)
app.command("clean")(clean.clean)
app.command("consumers")(observed.consumers)
app.command("contract")(contract.contract)
app.command("cpp")(cpp.cpp)
app.command("get")(get.get)
app.command("gx")(gx.gx)
app.command("compat")(compat.compat)
app.command("diff")(diff.diff)
app.command("load")(load.load)
app.command("login")(login.login)
app.command("list")(listing.list_schemas)
app.command("validate-schema")(validate.validate_schema)
app.command("publish")(publish.publish)
app.command("deprecate")(version_states.deprecate)
app.command("retract")(version_states.retract)
app.command("reinstate")(version_states.reinstate)
app.command("sample")(sample.sample)
app.command("watch")(watch.watch)
app.command("whoami")(whoami.whoami)
app.add_typer(bot.app, name="bot")


def _add_installed_commands(asked: str) -> None:
    """Add the commands of other packages of the distribution, such as the server's `serve`.

    Only the command `asked` for is imported, so that `get` doesn't wait for the server's modules.
    """
    for entry in entry_points(group="schemaregistry.commands"):
        if entry.name == asked:
            command = _load(entry)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=entry.name, epilog=EPILOG)
            else:
                app.command(entry.name)(command)
        else:
            app.command(entry.name, help=f"See `schemaregistry {entry.name} --help`.")(lambda: None)


def _load(entry: EntryPoint) -> Callable[..., None] | typer.Typer:
    """Import another package's command, or group of commands.

    Raises InvalidArgument (MISSING_EXTRA) where a module it needs is missing.
    """
    try:
        return cast("Callable[..., None] | typer.Typer", entry.load())
    except ModuleNotFoundError as missing:
        message = f"`{entry.name}` needs the module {missing.name}: pip install 'schemaregistry[server]'"
        raise InvalidArgument(message, reason="MISSING_EXTRA") from None


def _end(signum: int, _: object) -> NoReturn:
    """End on SIGTERM by an exception, as Ctrl-C does, so that temporary files are removed on the way."""
    sys.exit(128 + signum)


def main() -> None:
    """Run the command line and exit; every error, an unexpected one too, becomes a message on stderr."""
    with standard_streams.guarded():
        _main()


def _main() -> None:
    words, debug = _without_debug(sys.argv[1:])
    sys.argv[1:] = words
    try:
        _run(words[0] if words else "")
    except RegistryError as error:
        say(f"schemaregistry: {with_place(error.message, error.pointer)}", err=True)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)  # the shell's code for SIGINT, 128 + 2
    except Exception as error:  # noqa: BLE001 (a traceback's exit code 1 would read as `violates`)
        sys.exit(unexpected.tell(error, words, debug=debug))


def _run(asked: str) -> None:
    _add_installed_commands(asked)
    groups = [group.typer_instance for group in app.registered_groups if group.name == asked and group.typer_instance]
    for command in (*app.registered_commands, *(each for group in groups for each in group.registered_commands)):
        if (command.name == asked or command not in app.registered_commands) and command.callback:
            empty_names.refuse_empty(command.callback)
        command.epilog = EPILOG
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except _Escaped as escaped:
        raise escaped.error from None
    except SystemExit:
        # Here it can still be told that the end of what was printed is lost: Python's own flush comes too late.
        sys.stdout.flush()
        raise


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """Take `--debug` out of the command line's words; after `--` it is a file's name and stays.

    It is handled here, since every command has it and it may stand anywhere.
    """
    options = words[: words.index("--")] if "--" in words else words
    return [word for word in options if word != "--debug"] + words[len(options) :], "--debug" in options
