"""The command `schemaregistry serve`: run a server, or print one sentence and exit with 2 where it can't start.

`config/options.py` has its options, `config/settings.py` checks and completes them.
"""

import logging

import typer
import uvloop

from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import RegistryError
from schemaregistry_server.catalog.readiness import Readiness
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.metrics import shared_files
from schemaregistry_server.runtime import greeting, lifecycle, supervisor
from schemaregistry_server.runtime.server_worker import LOG_FORMAT
from schemaregistry_server.transport import descriptors

log = logging.getLogger(__name__)


@with_groups
def serve(options: Settings) -> None:
    """Run the registry until SIGTERM or Ctrl-C.

    It asks each client for a certificate, so it needs its own, its clients' CA, and the names of its publishers. TLS
    files are read again when they are replaced.
    """
    try:
        _run(options.complete())
    except RegistryError as error:
        say(f"schemaregistry: {error.message}", err=True)
        raise typer.Exit(2) from None


def _run(settings: Settings) -> None:
    logging.basicConfig(format=LOG_FORMAT)
    descriptors.raise_limit()
    with shared_files.made() if settings.health is not None else shared_files.none():
        shared_files.record_as("supervisor" if settings.shared else "1")
        if settings.shared:
            uvloop.run(supervisor.run(settings, lambda listening: _greet(greeting.line(settings, listening))))
            return
        words = greeting.text if settings.dev else greeting.line
        uvloop.run(lifecycle.run(settings, Readiness(), lambda listening: _greet(words(settings, listening))))


def _greet(words: str) -> None:
    """Print where the server listens. It serves all the same where that can't be printed."""
    try:
        say(words)
    except OSError as lost:
        log.warning("the greeting can't be printed: %s", lost)
