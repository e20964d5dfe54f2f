"""Exit codes of the operators' commands on an error, and with `--json` a line of JSON about it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from schemaregistry.cli.exit_codes import exit_code
from schemaregistry.cli.say import say
from schemaregistry.errors import FailedPrecondition, RegistryError

CHANGED: Final = frozenset(
    {"AUDIT_BROKEN", "STORE_CORRUPT", "HISTORY_DIFFERS", "AUDIT_CUT_OFF", "HEAD_UNSIGNED", "HEAD_SIGNATURE"}
)
"""The reasons of errors which mean that a store, or a head of it, was changed since it was written: exit code 1."""
USAGE: Final = 2


@contextmanager
def ending_with_code(*, as_json: bool) -> Iterator[None]:
    """Print an error raised in the context on stderr, with `as_json` also as a line on stdout, and exit with its code.

    1: the store was changed. 2: the store, directory or file that was named can't be used. 3: the command could not
    tell, since a file is cut off or etcd can't be reached.
    """
    try:
        yield
    except RegistryError as error:
        say(f"schemaregistry: {error.message}", err=True)
        if as_json:
            facts = {"reason": error.reason, "message": error.message, **error.metadata}
            say(json.dumps({"error": facts}))
        raise typer.Exit(_code(error)) from None


def _code(error: RegistryError) -> int:
    if isinstance(error, FailedPrecondition) and error.reason not in CHANGED:
        return USAGE
    return exit_code(error)
