"""`schemaregistry login`: exchange the CI's token, or a certificate, for a token to publish with."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Final

import typer

from schemaregistry import output_files
from schemaregistry.cli.connection_options import DEFAULT_TARGET, AsJson
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.cli.whoami import rights_to_write
from schemaregistry.errors import InvalidArgument, PermissionDenied, RegistryError, Unavailable
from schemaregistry.terminal import json_text

if TYPE_CHECKING:
    from schemaregistry.client.token_exchange import GivenToken, TokenExchange

SHORTEST_WAIT: Final = 1.0
"""Seconds between two exchanges at least, however short a token's life."""


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """What is exchanged, and how the exchanger is known."""

    subject_token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The token that your CI or Kubernetes signed. Without it: the variable SCHEMAREGISTRY_SUBJECT_TOKEN, "
            "GitHub's server of tokens (id-token: write), or your certificate, whichever there is first.",
        ),
    ] = None
    audience: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Whom GitHub's token is to be for. Without it the exchanger's address."),
    ] = ""
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            envvar="SCHEMAREGISTRY_EXCHANGER_CA",
            help="The exchanger's CA (PEM); without it those of the system.",
        ),
    ] = None
    cert: Annotated[
        Path | None,
        typer.Option(
            "--cert",
            metavar="FILE",
            envvar="SCHEMAREGISTRY_CERT",
            help="Your certificate (PEM), to exchange it where there is no token. Named as an option, it goes first.",
        ),
    ] = None
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", envvar="SCHEMAREGISTRY_KEY", help="Its private key (PEM)."),
    ] = None

    def exchange(self, exchanger: str, *, by_certificate: bool, renews: bool) -> "TokenExchange":
        """Return the exchange; raises InvalidArgument where there is nothing to exchange, or it is of use only once."""
        from schemaregistry.client import subject_tokens
        from schemaregistry.client.bounded_request import HttpTrust
        from schemaregistry.client.token_exchange import TokenExchange

        if by_certificate and self.subject_token_file:
            raise InvalidArgument("give --subject-token-file or --cert: one of them is exchanged", reason="LOGIN_TWICE")
        subjects = None if by_certificate else subject_tokens.find(self.subject_token_file, self.audience, exchanger)
        if subjects is not None:
            if renews and isinstance(subjects, subject_tokens.SubjectTokenVariable):
                message = (
                    f"--keep can't renew by {subject_tokens.VARIABLE}, since each token is exchanged once: name a file "
                    "that is replaced (--subject-token-file), or leave --keep out"
                )
                raise InvalidArgument(message, reason="LOGIN_ONCE")
            return TokenExchange(exchanger, subjects, HttpTrust(self.ca))
        if self.cert and self.key:
            return TokenExchange(exchanger, None, HttpTrust(self.ca, self.cert, self.key))
        message = (
            "there is nothing to exchange: give the token of your CI (--subject-token-file, or the variable "
            f"{subject_tokens.VARIABLE}), state `id-token: write` in a workflow of GitHub, or give a certificate "
            "(--cert and --key)"
        )
        raise InvalidArgument(message, reason="LOGIN_WITHOUT")


@with_groups
def login(
    context: typer.Context,
    exchanger: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="SCHEMAREGISTRY_EXCHANGER", help="The exchanger, as in https://exchanger.prod:8443."
        ),
    ],
    registry: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            envvar="SCHEMAREGISTRY_TARGET",
            help="The registry that the token is for: commands with the same --registry show it.",
        ),
    ] = DEFAULT_TARGET,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="SCHEMAREGISTRY_TOKEN_FILE",
            help="Write the token here; without it to a place in your cache directory, one for each registry.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on, and renew the token before it ends, until Ctrl-C or SIGTERM.")
    ] = False,
    as_json: AsJson = False,
    *,
    options: ExchangeOptions,
) -> None:
    """Get a token to publish with: the exchanger gives it for your CI's token or your certificate, for ten minutes.

    It is written to a file that you alone may read, and never printed. Commands show it to the registry beside your
    certificate.

    Exit codes: 0 done, 2 usage, 3 no token was given, or it could not be renewed before it ended.
    """
    from schemaregistry.client.target import check_target

    source = context.get_parameter_source("cert")
    by_certificate = source is not None and source.name == "COMMANDLINE"
    exchange = options.exchange(exchanger, by_certificate=by_certificate, renews=keep)
    place = _place(token_file, check_target(registry))
    asked = time.monotonic()
    given = exchange.ask()
    _write(place, given, as_json=as_json)
    if keep:
        _keep(exchange, given, asked + given.seconds, place, as_json=as_json)


def _place(named: Path | None, registry: str) -> Path:
    """The file for the token; a folder of ours is made.

    Raises InvalidArgument (OUTPUT_UNWRITABLE) before a token is exchanged, which can be done once.
    """
    from schemaregistry.cli.saved_token import saved_token
    from schemaregistry.client.bearer import MOST_BYTES

    place = named or saved_token(registry)
    try:
        if named is None:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = output_files.regular_target(place)
        if target is None:
            # A device may take the token and lose it, and commands read it from a file alone.
            message = f"{place} is no regular file, from which commands could read the token: name another"
            raise InvalidArgument(message, reason="OUTPUT_UNWRITABLE")
        with TemporaryFile(dir=target.parent) as file:
            # As much as a token may have, down to the disk: one that is full takes an empty file.
            file.write(bytes(MOST_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output_files.unwritable(place, error) from None
    return place


def _write(place: Path, given: "GivenToken", *, as_json: bool) -> None:
    from schemaregistry.client.token_facts import read_facts

    output_files.write(place, f"{given.text}\n".encode(), mode=0o600)
    facts = read_facts(given.text)
    until = facts.expires.isoformat().replace("+00:00", "Z") if facts.expires else ""
    if as_json:
        told = {"identity": facts.who, "publish_ids": list(facts.publish), "operate_ids": list(facts.operate)}
        say(json_text(told | {"token_expires": until, "seconds": given.seconds, "token_file": str(place)}))
        return
    rights = rights_to_write(facts.publish, facts.operate)
    end = f"until {until}" if until else f"for {given.seconds:g} s"
    say(f"{facts.who or 'a token'}\t{'; '.join([*rights, end])}\t{place}")


def _keep(exchange: "TokenExchange", given: "GivenToken", ends: float, place: Path, *, as_json: bool) -> None:
    """Renew until the process is ended; raises the exchanger's error once the last token has ended, or it is final.

    `ends` is the end of the token that was given, by `time.monotonic`.
    """
    from schemaregistry.client.renewed_token import RENEWED_AT, RETRY_SECONDS

    wait = given.seconds * RENEWED_AT
    while True:
        time.sleep(max(wait, SHORTEST_WAIT))
        asked = time.monotonic()
        try:
            given = exchange.ask()
        except RegistryError as error:
            if asked >= ends or isinstance(error, PermissionDenied):
                raise
            say(f"schemaregistry: not renewed yet: {error.message}", err=True)
            later = error.retry_after if isinstance(error, Unavailable) else 0.0
            wait = min(max(RETRY_SECONDS, later), max(ends - asked, 0.0))
            continue
        _write(place, given, as_json=as_json)
        ends, wait = asked + given.seconds, given.seconds * RENEWED_AT
