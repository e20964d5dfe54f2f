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

LONGEST_REVISION: Final = 19
"""Digits of 2**63 - 1, which is more than any store counts to."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_END: Final = datetime.max.replace(tzinfo=UTC)
"""The time of a record that has none, so that it is printed, since whatever time."""


def read_since(text: str) -> int | datetime:
    """Read a revision, or a time as RFC 3339 has it; raises InvalidArgument (BAD_SINCE) where it is neither."""
    if text.isdecimal() and text.isascii() and len(text) <= LONGEST_REVISION:
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
    """The lines of a store's records; one that was changed is printed as it is."""
    for record in records:
        at = _known_time(record)
        if (record.revision >= since) if isinstance(since, int) else ((at or _END) >= since):
            yield _line(record, at)


def of_log(path: Path, since: int | datetime) -> Iterator[str]:
    """The lines of an audit log, as they are there; those that are no JSON objects come as texts (`unreadable`).

    Raises as `log_check.read_raw`, and InvalidArgument (BAD_SINCE).
    """
    if isinstance(since, int) and since:
        raise InvalidArgument("A log has no revisions: take a time for --since.", reason="BAD_SINCE")
    for line in log_check.read_raw(path):
        try:
            members = json.loads(line, parse_constant=_no_constant)
            text = json.dumps(members)
        except (ValueError, RecursionError):
            members, text = None, ""
        if not isinstance(members, dict):
            yield json.dumps({"unreadable": line.decode(errors="backslashreplace")})
        elif isinstance(since, int) or _time(members.get("time")) >= since:
            yield text


def _line(record: AuditRecord, at: datetime | None) -> str:
    members = {
        "sequence": record.sequence,
        "chain": record.chain,
        "revision": record.revision,
        "time": at.isoformat(timespec="microseconds") if at else record.at,
        "who": record.who,
        "what": record.what,
        "id": record.id,
        "version": record.version,
        "fingerprint": record.fingerprint,
        "content": record.content,
        "origin": _stated(Origin, record.origin),
        "token": _stated(VerifiedClaims, record.claims),
        "previous": record.previous,
        "hash": record.hash,
    }
    return json.dumps(members, default=repr)


def _stated(kind: type[Origin] | type[VerifiedClaims], text: str) -> dict[str, str] | str:
    """The members that an origin, or claims, have; the text itself where it is none, since it was changed."""
    try:
        members = asdict(kind.read(text))
    except (ValueError, TypeError, RecursionError):
        return text
    if not all(isinstance(value, str) for value in members.values()):
        return text
    return {name: value for name, value in members.items() if value}


def _known_time(record: AuditRecord) -> datetime | None:
    """When a record was written; None where its number is none of a time, since it was changed."""
    try:
        return _EPOCH + timedelta(microseconds=record.at)
    except (OverflowError, TypeError):
        return None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _time(text: object) -> datetime:
    """The time of a line; the end of time where it has none with its zone, so that such a line is printed."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return _END
    return found if found.tzinfo else _END
