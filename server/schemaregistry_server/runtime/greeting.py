"""The text that `serve` prints once it listens: its addresses, and in dev mode the identities and commands to try."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from schemaregistry_server.config.options import DEFAULT_DATA, DEFAULT_GRPC
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.runtime.lifecycle import Listening

EXAMPLE: Final = "ticks_v1"
"""The schema in the printed commands, if it is registered: the README's example."""

BUILT_GRPCURL: Final = Path("build/bin/grpcurl")
"""Where `make grpcurl` puts the program."""


def text(settings: Settings, listening: Listening) -> str:
    """The text of dev mode; it ends with commands that can be pasted into a shell in this directory."""
    id = EXAMPLE if EXAMPLE in listening.ids or not listening.ids else listening.ids[0]  # noqa: A001 (the field's term)
    tls = shlex.quote(str(settings.tls))
    source = shlex.quote(str((settings.publish or Path("schemas")) / f"{id}.json"))
    certificates = f"-cacert {tls}/ca.pem -cert {tls}/reader.pem -key {tls}/reader-key.pem"
    rest = f"http://{listening.rest}"
    post = f'curl -X POST "{rest}/schema/{id}" -H "Content-Type: application/json" --data-binary @{source}'
    return f"""\
Listening: gRPC {listening.grpc} (mTLS), REST {rest}
{_published(settings, listening)}
Data in {settings.data}; certificates in {settings.tls}: ci-bot publishes, reader reads.
REST has no certificates: in dev mode alone, whoever calls it on this machine acts as the publisher, ci-bot.
Ctrl-C stops the server. Try, in another terminal:

  curl "{rest}/schema/{id}"
  curl "{rest}/schemas/{id}"
  {post}
  {_grpcurl()} {certificates} -d '{{"id": "{id}"}}' {listening.grpc} schemaregistry.v1.SchemaRegistry/ListVersions
  {_environment(settings, listening)}{_command()} check FILE --schema {id}
"""


def line(settings: Settings, listening: Listening) -> str:
    """The one line of a server in production."""
    places = [f"gRPC {listening.grpc} (mTLS)"]
    if listening.rest:
        places.append(f"REST https://{listening.rest} (mTLS)")
    places.append(f"health http://{listening.health}")
    served = f"{_counted(listening.versions, 'version')}, {settings.workers} process{'es' if settings.shared else ''}"
    return f"Listening: {', '.join(places)}; {served}."


def _published(settings: Settings, listening: Listening) -> str:
    known = f"The registry holds {_counted(listening.versions, 'version')}."
    if settings.publish is None:
        return known
    schemas, new = _counted(len(listening.ids), "schema"), _counted(listening.created, "new version")
    return f"Published {settings.publish}: {schemas}, {new}. {known}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _grpcurl() -> str:
    return str(BUILT_GRPCURL) if BUILT_GRPCURL.exists() else "grpcurl"


def _environment(settings: Settings, listening: Listening) -> str:
    """The environment variables that a command needs to find a server that isn't at the default addresses."""
    named = {"SCHEMAREGISTRY_TARGET": listening.grpc, "SCHEMAREGISTRY_DATA": str(settings.data)}
    usual = {"SCHEMAREGISTRY_TARGET": DEFAULT_GRPC, "SCHEMAREGISTRY_DATA": str(DEFAULT_DATA)}
    return "".join(f"{name}={shlex.quote(value)} " for name, value in named.items() if value != usual[name])


def _command() -> str:
    """How to call this program again: by its name on PATH, its path, or its module."""
    if shutil.which("schemaregistry"):
        return "schemaregistry"
    called = Path(sys.argv[0])
    if called.name == "schemaregistry":
        return shlex.quote(os.path.relpath(called))
    return f"{shlex.quote(sys.executable)} -m schemaregistry"
