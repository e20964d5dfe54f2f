"""Limits on requests: the size of each field, as registry.proto documents it, and the bytes in progress at one time."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import DecodeError, Message

from schemaregistry.compat.version_reference import read_reference
from schemaregistry.document import check_id
from schemaregistry.document.naming import MAX_VERSION_LENGTH
from schemaregistry.document.version_state import MAX_REASON
from schemaregistry.errors import InvalidArgument, ResourceExhausted, TooLarge

MAX_RECEIVED: Final = 12 << 20
"""Bytes of a message that gRPC receives at all. Larger than any RPC's own limit, so that a message over that gets an
error that names the limit; gRPC knows one size for all RPCs."""

MAX_BODY: Final = 1 << 20
"""Bytes of a document, or of records."""

MAX_REST: Final = 64 << 10
"""Bytes of a message's other fields, beside its document or records."""

MAX_SMALL_MESSAGE: Final = 256 << 10
"""Bytes of a message without a document or records: a thousand ids fit."""

MAX_VERSION: Final = MAX_VERSION_LENGTH + len("v")
"""Characters of a version as a request may write it."""

CHARACTERS: Final = {
    "version": MAX_VERSION,
    "from_version": MAX_VERSION,
    "to_version": MAX_VERSION,
    "direction": 32,
    "if_none_match": 4096,
    "page_token": 1024,
    "text": 1024,
    "field": 1024,
    "tag": 256,
    "fingerprint": 71,
    "state": 32,
    "reason": MAX_REASON,
}
"""The longest text of each field, in characters. `document.loads` checks a document's 1 MiB."""

MAX_ID: Final = 128
"""Characters of an id."""

MAX_IDS: Final = 1000

MAX_ORIGIN: Final = 512
"""Characters of each field of an origin."""

MAX_CONTENT_TYPE: Final = 256
"""Characters of a body's `content_type`."""

REFERENCES: Final = frozenset({"version", "from_version", "to_version"})
"""Fields that refer to a version."""

NOT_NEGATIVE: Final = frozenset({"min_revision", "expected_revision"})
"""Numbers that must be 0 or more. `pages.py` checks `page_size`, and `watching.py` checks `after_revision`."""

FREE: Final = 16 << 10
"""Bytes up to which a request isn't counted in a quota."""

HELD: Final = 64 << 20
"""Bytes of requests larger than FREE that may be in progress at once."""

HELD_BY_ONE: Final = 16 << 20
"""Bytes of them that one caller may have in progress."""


def read(kind: type[Message], raw: bytes, *, large: bool) -> Message:
    """Parse `raw` as a message of `kind`; `large` where it may hold a document or records.

    Raises TooLarge (TOO_LARGE, MESSAGE_TOO_LARGE), before anything is parsed, or InvalidArgument (BAD_MESSAGE).
    """
    if large and len(raw) > MAX_BODY + MAX_REST:
        raise TooLarge(
            f"The message has {len(raw):,} bytes: a document, or a batch of records, may have {MAX_BODY:,}.",
            reason="TOO_LARGE",
        )
    if not large and len(raw) > MAX_SMALL_MESSAGE:
        raise TooLarge(
            f"The message has {len(raw):,} bytes, more than the {MAX_SMALL_MESSAGE:,} of a {kind.DESCRIPTOR.name}.",
            reason="MESSAGE_TOO_LARGE",
        )
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise InvalidArgument(
            f"These bytes are no {kind.DESCRIPTOR.full_name}: send the message that the proto defines.",
            reason="BAD_MESSAGE",
        ) from None


def check(request: Message) -> None:
    """Raise InvalidArgument, naming the field, where a field of `request` is over its limit."""
    for name, refuse in _checks(type(request)):
        refuse(name, getattr(request, name))


def check_names(request: Message) -> None:
    """Raise InvalidArgument where the request's `id` is none (BAD_ID), or a version no reference (BAD_VERSION)."""
    for field in request.DESCRIPTOR.fields:
        if field.name == "id":
            check_id(request.id)  # type: ignore[attr-defined]
        elif field.name in REFERENCES:
            read_reference(getattr(request, field.name))


_CHECKS: dict[type[Message], list[tuple[str, Callable[[str, Any], None]]]] = {}


def _checks(kind: type[Message]) -> list[tuple[str, Callable[[str, Any], None]]]:
    found = _CHECKS.get(kind)
    if found is None:
        found = _CHECKS[kind] = list(_made(kind))
    return found


def _made(kind: type[Message]) -> Iterator[tuple[str, Callable[[str, Any], None]]]:
    for field in kind.DESCRIPTOR.fields:
        if field.name in CHARACTERS:
            yield field.name, _check_text
        elif field.name == "id":
            yield field.name, _check_id
        elif field.name == "ids":
            yield field.name, _check_ids
        elif field.name in NOT_NEGATIVE:
            yield field.name, _check_number
        elif field.message_type is HttpBody.DESCRIPTOR:
            yield field.name, _check_body
        elif field.name == "origin":
            yield field.name, _check_origin


def _check_text(name: str, value: str) -> None:
    most = CHARACTERS[name]
    if len(value) > most:
        raise InvalidArgument(
            f"`{name}` has {len(value):,} characters, more than the {most:,} that it may have.",
            reason="FIELD_TOO_LONG",
            metadata={"field": name},
        )


def _check_id(_: str, value: str) -> None:
    if len(value) > MAX_ID:  # shorter ones are checked where they are looked up
        check_id(value)


def _check_ids(name: str, values: Any) -> None:
    if len(values) > MAX_IDS:
        raise InvalidArgument(
            f"`{name}` names {len(values):,} schemas, more than {MAX_IDS:,}: leave it out for all, or ask in parts.",
            reason="TOO_MANY_IDS",
            metadata={"field": name},
        )
    for value in values:
        check_id(value)


def _check_number(name: str, value: int) -> None:
    if value < 0:
        raise InvalidArgument(
            f"`{name}` is {value}: it must be 0 or more.", reason="BAD_REVISION", metadata={"field": name}
        )


def _check_body(name: str, value: HttpBody) -> None:
    if len(value.content_type) > MAX_CONTENT_TYPE or value.extensions:
        raise InvalidArgument(
            f"`{name}` takes `data` and a `content_type` of at most {MAX_CONTENT_TYPE} characters, no `extensions`.",
            reason="BAD_BODY",
            metadata={"field": name},
        )


def _check_origin(name: str, value: Message) -> None:
    for field, text in value.ListFields():
        if field.name == "commit" and not re.fullmatch("[0-9a-f]{7,64}", text):
            told, reason = "must be a commit's hash, 7 to 64 hex digits (0-9, a-f)", "BAD_ORIGIN"
        elif len(text) > MAX_ORIGIN:
            told, reason = f"has {len(text):,} characters, more than {MAX_ORIGIN}", "FIELD_TOO_LONG"
        elif not text.isprintable():
            told, reason = "has control characters: leave them out", "BAD_ORIGIN"
        else:
            continue
        place = f"{name}.{field.name}"
        raise InvalidArgument(f"`{place}` {told}.", reason=reason, metadata={"field": place})


class Quota:
    """Counts the bytes of the requests in progress, in all and by caller."""

    def __init__(self, held: int = HELD, by_one: int = HELD_BY_ONE) -> None:
        self._most, self._most_by_one = held, by_one
        self._held: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def holding(self, caller: str, size: int) -> Iterator[None]:
        """Count `size` bytes of `caller` during the context.

        Raises ResourceExhausted (TOO_MUCH_AT_ONCE) where that would be too many at once.
        """
        if size <= FREE:
            yield
            return
        if self._held[caller] + size > self._most_by_one or self._all + size > self._most:
            raise ResourceExhausted(
                f"Large requests of {self._held[caller]:,} bytes of yours, {self._all:,} in all, are worked on: wait "
                "for their answers, then try again.",
                reason="TOO_MUCH_AT_ONCE",
            )
        self._held[caller] += size
        self._all += size
        try:
            yield
        finally:
            self._all -= size
            self._held[caller] -= size
            if not self._held[caller]:
                del self._held[caller]
