"""What becomes of one version that is published, or would: registered, there already, refused and why.

Holds no files and prints nothing: `publish` does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from schemaregistry.document import Document, parse, parse_version
from schemaregistry.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from schemaregistry.client import Client
    from schemaregistry.v1.registry_pb2 import SchemaVersion, Verdict

_BUMPS = ("patch", "minor", "major")
_REFUSALS = (InvalidArgument, AlreadyExists, FailedPrecondition)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one version, or would: `result` is a word or two, `refused` whether it failed."""

    result: str
    id: str = ""
    version: str = ""
    revision: int | None = None
    message: str = ""
    refused: bool = False
    warnings: tuple[str, ...] = ()
    verdict: "Verdict | None" = None


Delivery: TypeAlias = Callable[[Document], Outcome]


def deliver(raw: bytes, into: Delivery) -> Outcome:
    """Parse one version and deliver it; what the document or the registry refuses is an outcome too."""
    names = ("", "")
    try:
        document = parse(raw)
        names = (document.id, str(document.version))
        return into(document)
    except _REFUSALS as error:
        at = f" (at {error.pointer})" if error.pointer else ""
        verdict = getattr(error, "verdict", None)
        return Outcome("refused", *names, message=f"{error.message}{at}", refused=True, verdict=verdict)


def registration(client: "Client") -> Delivery:
    """Into the registry."""

    def register(document: Document) -> Outcome:
        done = client.register(document.raw)
        result = "created" if done.created else "already there"
        return Outcome(result, done.id, done.version, done.revision, warnings=tuple(done.warnings))

    return register


def rehearsal(client: "Client") -> Delivery:
    """Nowhere: what the registry would say. A version after one that isn't registered yet can't be judged."""
    pending: dict[str, str] = {}

    def rehearse(document: Document) -> Outcome:
        there = _registered(client, document.id)
        version = str(document.version)
        names = (document.id, version)
        if version in there:
            _check_same(document, there[version])
            return Outcome("already there", *names, there[version].revision)
        before = pending.get(document.id)
        pending[document.id] = version
        if before is not None:
            return Outcome("not judged", *names, message=f"it would follow {before}, which is not registered yet")
        if not there:
            return Outcome("would be created", *names)
        return _judged(document, client.check_compatibility(document.raw))

    return rehearse


def _registered(client: "Client", id: str) -> dict[str, "SchemaVersion"]:
    try:
        return {version.version: version for version in client.list_versions(id)}
    except NotFound:
        return {}


def _check_same(document: Document, there: "SchemaVersion") -> None:
    if there.fingerprint != document.fingerprint:
        message = (
            f"it is registered with other content ({there.fingerprint}, this is {document.fingerprint}): "
            "a version never changes, raise `version`"
        )
        raise AlreadyExists(message, reason="VERSION_EXISTS", pointer="/version")


def _judged(document: Document, verdict: "Verdict") -> Outcome:
    step, names = _step(verdict.old_version, document), (document.id, str(document.version))
    if step in _BUMPS and _BUMPS.index(step) >= _BUMPS.index(verdict.required_bump):
        return Outcome("would be created", *names, message=verdict.message, verdict=verdict)
    why = f"{verdict.old_version} → {document.version} is {step}, {verdict.required_bump} is needed: {verdict.message}"
    return Outcome("would be refused", *names, message=why, refused=True, verdict=verdict)


def _step(old: str, document: Document) -> str:
    """How far the document's version is from the latest: `major`, `minor`, `patch`, or `no growth`."""
    before, after = parse_version(old), document.version
    if after <= before:
        return "no growth"
    return next((part for part in ("major", "minor") if getattr(after, part) != getattr(before, part)), "patch")
