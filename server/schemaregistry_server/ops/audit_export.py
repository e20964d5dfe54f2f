"""Audit records as lines of JSON, from a revision or a time on. docs/audit.md lists the members."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from schemaregistry.document.origin import Origin
from schemaregistry.errors import InvalidArgument
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.store.base import AuditRecord
from schemaregistry_server.store.verified_claims import VerifiedClaims

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_since(text: str) -> int | datetime:
    """Read a revision, or a time as RFC 3339 has it; raises InvalidArgument (BAD_SINCE) where it is neither."""
    if text.isdecimal() and text.isascii():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidArgument(
            "--since takes a revision, or a time with its zone, as in 2026-11-29T08:00:00Z.", reason="BAD_SINCE"
        )
    return found


def of_store(records: Iterable[AuditRecord], since: int | datetime) -> Iterator[str]:
    """The lines of a store's records."""
    for record in records:
        at = _EPOCH + timedelta(microseconds=record.at)
        if (record.revision >= since) if isinstance(since, int) else (at >= since):
            yield _line(record, at)


def of_log(path: Path, since: int | datetime) -> Iterator[str]:
    """The lines of an audit log, as they are there; raises as `log_check.read`, and InvalidArgument (BAD_SINCE)."""
    if isinstance(since, int) and since:
        raise InvalidArgument("A log has no revisions: take a time for --since.", reason="BAD_SINCE")
    for line in log_check.read(path):
        if isinstance(since, int) or _time(line.event.members.get("time")) >= since:
            yield json.dumps(line.event.members)


def _line(record: AuditRecord, at: datetime) -> str:
    members = {
        "sequence": record.sequence,
        "chain": record.chain,
        "revision": record.revision,
        "time": at.isoformat(timespec="microseconds"),
        "who": record.who,
        "what": record.what,
        "id": record.id,
        "version": record.version,
        "fingerprint": record.fingerprint,
        "content": record.content,
        "origin": _known(asdict(Origin.read(record.origin))),
        "token": _known(asdict(VerifiedClaims.read(record.claims))),
        "previous": record.previous,
        "hash": record.hash,
    }
    return json.dumps(members)


def _known(members: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}


def _time(text: object) -> datetime:
    """The time of a line; the end of time where it has none, so that such a line is printed."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
