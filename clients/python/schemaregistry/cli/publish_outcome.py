"""Register one version, or rehearse it for `--dry-run`, and describe the outcome: created, already there or refused.

`publish.py` reads files, `bot.py` git revisions.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from schemaregistry.cli.exit_codes import UNKNOWN
from schemaregistry.cli.say import say
from schemaregistry.document import Document, Json, parse
from schemaregistry.document.origin import UNSTATED, Origin
from schemaregistry.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RegistryError,
    with_place,
)
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.client import Client
    from schemaregistry.v1.registry_pb2 import SchemaVersion, Verdict

_REFUSALS = (InvalidArgument, AlreadyExists, FailedPrecondition)


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """The outcome of publishing one version, or of the rehearsal.

    `result` is a word or two for the user; `refused` tells whether it failed, `forbidden` whether that is for want of
    rights. `verdict` is JSON, as `compat.to_json` writes it.
    """

    result: str
    id: str = ""
    version: str = ""
    revision: int | None = None
    message: str = ""
    refused: bool = False
    forbidden: bool = False
    warnings: tuple[str, ...] = ()
    verdict: Mapping[str, Json] | None = None

    @property
    def exit_code(self) -> int:
        """0, 1 where the registry judged it and refused, 3 where the caller has no right to publish it."""
        return 0 if not self.refused else UNKNOWN if self.forbidden else 1


Delivery: TypeAlias = Callable[[Document], PublishOutcome]
"""Registers a document, or rehearses that. Raises InvalidArgument, AlreadyExists or FailedPrecondition if refused."""


def deliver(raw: bytes, into: Delivery) -> PublishOutcome:
    """Parse one version and register or rehearse it; a refusal, by the parser or the registry, is an outcome too.

    So it is where the caller may publish other ids, and not this one.
    """
    names = ("", "")
    try:
        document = parse(raw)
        names = (document.id, str(document.version))
        return into(document)
    except (*_REFUSALS, PermissionDenied) as error:
        if isinstance(error, PermissionDenied) and error.reason != "NOT_YOUR_SCHEMA":
            raise  # this caller may publish nothing
        message = with_place(error.message, error.pointer)
        forbidden = isinstance(error, PermissionDenied)
        return PublishOutcome(
            "refused", *names, message=message, refused=True, forbidden=forbidden, verdict=_verdict_of(error)
        )


def passed_over(outcome: PublishOutcome) -> PublishOutcome:
    """Return the outcome for a version from git's history: one that is refused, which nobody can repair, is skipped."""
    return replace(outcome, result="passed over", refused=False) if outcome.refused else outcome


def registration(client: "Client", origin: Origin = UNSTATED) -> Delivery:
    """Return the delivery that registers documents, which come from `origin`."""

    def register(document: Document) -> PublishOutcome:
        done = client.register(document.raw, origin=origin)
        result = "created" if done.created else "already there"
        return PublishOutcome(result, done.id, done.version, done.revision, warnings=tuple(done.warnings))

    return register


def rehearsal(
    client: "Client", judge: "CompatProcess", retracted: Callable[[str], Collection[str]] = lambda _: ()
) -> Delivery:
    """Return the delivery for `--dry-run`, which registers nothing.

    Each version is judged by the registry's rules, after the registered versions and those that would be by then; not
    after retracted ones, nor those of `retracted`, which would be by then.
    """
    from schemaregistry.compat import to_json

    known: dict[str, dict[str, Document]] = {}
    set_aside: dict[str, set[str]] = {}

    def rehearse(document: Document) -> PublishOutcome:
        if document.id not in known:
            known[document.id] = registered(client, document.id)
            set_aside[document.id] = {*retracted_versions(client, document.id), *retracted(document.id)}
        versions, version = known[document.id], str(document.version)
        if version in versions:
            _check_same(document, versions[version])
            return PublishOutcome("already there", document.id, version)
        standing = [each for number, each in versions.items() if number not in set_aside[document.id]]
        verdict = judge.admit(standing, document, taken=set_aside[document.id]) if standing else None
        versions[version] = document
        if verdict is None:
            return PublishOutcome("would be created", document.id, version)
        return PublishOutcome(
            "would be created", document.id, version, message=verdict.message, verdict=to_json(verdict)
        )

    return rehearse


def listed_versions(client: "Client", id: str) -> dict[str, "SchemaVersion"]:
    """Return what the registry says of each version of an id; nothing where it doesn't know the id, or it is none."""
    try:
        return {each.version: each for each in client.list_versions(id)}
    except NotFound:
        return {}
    except InvalidArgument as error:
        if error.reason != "BAD_ID":
            raise
        return {}


def registered(client: "Client", id: str) -> dict[str, Document]:
    """Return every version of an id that the registry has; none where it doesn't know the id."""
    return {version: client.document(id, version) for version in listed_versions(client, id)}


def retracted_versions(client: "Client", id: str) -> set[str]:
    """Return the versions of an id that are retracted: new ones are not judged against them."""
    return {version for version, each in listed_versions(client, id).items() if each.state == "retracted"}


def _check_same(document: Document, there: Document) -> None:
    if there.fingerprint != document.fingerprint:
        message = (
            f"it is registered with other content ({there.fingerprint}, this is {document.fingerprint}): "
            "a version never changes, raise `version`"
        )
        raise AlreadyExists(message, reason="VERSION_EXISTS", pointer="/version")


def _verdict_of(error: RegistryError) -> Mapping[str, Json] | None:
    from schemaregistry.client import VersionRefused
    from schemaregistry.compat import RefusedVersion, to_json

    if isinstance(error, RefusedVersion):
        return to_json(error.verdict)
    return _read_verdict(error.verdict) if isinstance(error, VersionRefused) else None


def _read_verdict(verdict: "Verdict") -> Mapping[str, Json]:
    """Return the registry's verdict message as the JSON that `compat.to_json` writes."""
    from google.protobuf.json_format import MessageToDict

    value: dict[str, Json] = MessageToDict(
        verdict, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    witness, valid_under = value.pop("witness_json"), value.pop("witness_valid_under")
    value.pop("witness", None)
    return value | ({"witness": json.loads(witness), "witness_valid_under": valid_under} if witness else {})


def tell(file: str, outcome: PublishOutcome, *, as_json: bool) -> None:
    """Print the outcome of publishing one version of `file`, as a line or as an object."""
    if as_json:
        say(json_text({"file": file} | asdict(outcome)))
        return
    name = f"{outcome.id} {outcome.version}" if outcome.id else file
    for warning in outcome.warnings:
        say(printable(f"{name}: warning: {warning}"), err=True)
    revision = f" (revision {outcome.revision})" if outcome.revision is not None else ""
    say(printable(f"{name} {outcome.result}{revision}{': ' if outcome.message else ''}{outcome.message}"))
    if outcome.verdict is not None and "witness" in outcome.verdict:
        witness = json_text(outcome.verdict["witness"])
        say(f"  valid under the {outcome.verdict['witness_valid_under']} version alone: {witness}")
