"""The command `schemaregistry exchanger`: run one, or print one sentence and exit with 2 where it can't start."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import RegistryError
from schemaregistry_server.exchanger import serving
from schemaregistry_server.exchanger.config.configuration import read_config
from schemaregistry_server.transport import descriptors

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@with_groups
def exchanger(
    config: Annotated[Path, typer.Option(metavar="FILE", help="The configuration, in TOML (docs/exchanger.md).")],
) -> None:
    """Give CI jobs tokens to publish with, in exchange for the tokens of their CI, until SIGTERM or Ctrl-C.

    It is a process of its own, and the only one that has the signing key. Each token that is given or refused is a
    line of its log, but of what could not be verified a few a minute.

    Exit codes: 0 it was stopped, 2 it can't start.
    """
    logging.basicConfig(format=LOG_FORMAT)
    descriptors.raise_limit()
    try:
        uvloop.run(serving.run(read_config(config), _greet))
    except RegistryError as error:
        say(f"schemaregistry: {error.message}", err=True)
        raise typer.Exit(2) from None


def _greet(address: str) -> None:
    # On stderr, since stdout may have the log. It serves all the same where that is closed.
    with suppress(OSError):
        say(f"Exchanging tokens on {address}.", err=True)
