"""Describe each RPC as a value: the request, and how to read the answer. `sync.py` and `aio.py` send them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import unquote

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message

from schemaregistry.client.answers import Fetched, Registered, StateSet
from schemaregistry.document import parse
from schemaregistry.document.message_text import cut
from schemaregistry.document.model import Json
from schemaregistry.document.origin import Origin
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.version_state import ACTIVE, STATE_NAMES, VersionState
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2, registry_pb2

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")
Sent = TypeVar("Sent", bound=Message)
MAX_DEPTH: Final = 500
"""Levels of a record that are looked at; the registry reads fewer, and json.dumps no more than about twice as many."""
Metadata: TypeAlias = Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True)
class UnaryCall(Generic[AnswerT]):
    """One unary RPC; `read` makes the answer from the response and its metadata, initial and trailing together."""

    method: str
    request: Message
    read: Callable[[Any, Metadata], AnswerT]


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a listing, and the call for the next page; None on the last."""

    items: Sequence[ItemT]
    next: "UnaryCall[Page[ItemT]] | None"


def message_of(kind: type[Sent], **fields: object) -> Sent:
    """Return a request message.

    Raises InvalidArgument (reason BAD_ARGUMENT) where a value doesn't fit the type or range of its field.
    """
    try:
        if None in fields.values():  # protobuf would take it for the field's default
            raise TypeError("None is no value")
        return kind(**fields)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{name}={value!r}"[:80] for name, value in fields.items() if not isinstance(value, Message))
        message = f"{kind.DESCRIPTOR.name} takes no {given} ({error}): give texts as str, revisions as int"
        raise InvalidArgument(message, reason="BAD_ARGUMENT") from None


def get(id: str, version: str, min_revision: int, known: Fetched | None) -> UnaryCall[Fetched]:
    """GetSchema. `known` is an earlier answer to confirm: an answer without data means that it is still right."""
    request = message_of(
        registry_pb2.GetSchemaRequest,
        id=id,
        version=version,
        min_revision=min_revision,
        if_none_match=known.etag if known else "",
    )

    def read(body: HttpBody, metadata: Metadata) -> Fetched:
        return _fetched(body.data or (known.raw if known else b""), metadata)

    return UnaryCall("GetSchema", request, read)


def _fetched(raw: bytes, metadata: Metadata) -> Fetched:
    names = ("x-schema-id", "x-schema-version", "x-schema-revision", "x-schema-fingerprint", "etag")
    id, version, revision, fingerprint, etag = (str(metadata.get(name, "")) for name in names)
    stale, state = "x-schema-stale" in metadata, _state_in(metadata)
    return Fetched(raw, id, version, int(revision or 0), fingerprint, etag, stale=stale, state=state)


def _state_in(metadata: Metadata) -> VersionState:
    """Return the state that an answer's metadata tell; active where they tell none."""
    name = next((each for each in STATE_NAMES if each == metadata.get("x-schema-state")), ACTIVE.name)
    if name == "active":
        return ACTIVE
    sunset = str(metadata.get("sunset", ""))
    try:
        seconds = int(parsedate_to_datetime(sunset).timestamp()) if sunset else None
    except (ValueError, OverflowError):  # a proxy may have changed it: a date that can't be read is none
        seconds = None
    return VersionState(name, _one_line(unquote(str(metadata.get("x-schema-state-reason", "")))), seconds)


def _one_line(reason: str) -> str:
    """Return a reason without control characters: it is logged and printed, and another server may not check it."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in reason)


def contract(fetched: Fetched) -> UnaryCall[contract_pb2.Contract]:
    """GetContract of the exact version that was fetched."""
    request = message_of(registry_pb2.GetContractRequest, id=fetched.id, version=fetched.version)
    return UnaryCall("GetContract", request, _message)


def register(document: bytes | str, id: str | None, origin: Origin) -> UnaryCall[Registered]:
    """RegisterSchema under `id`, or else under the document's own `$id`; `origin` says where it comes from.

    Raises InvalidArgument where neither is there, the document isn't bytes or text, or the origin is no Origin.
    """
    if not isinstance(origin, Origin):
        message = f"origin={origin!r}"[:80] + ": give an Origin(repository=…, commit=…, path=…, pull_request=…)"
        raise InvalidArgument(message, reason="BAD_ARGUMENT")
    raw = _bytes(document)
    request = message_of(
        registry_pb2.RegisterSchemaRequest,
        id=id or parse(raw).id,
        document=_json_body(raw),
        origin=message_of(registry_pb2.Origin, **asdict(origin)),
    )
    return UnaryCall("RegisterSchema", request, _registered)


def _registered(response: registry_pb2.RegisterSchemaResponse, _: Metadata) -> Registered:
    return Registered(
        response.id,
        response.version,
        response.revision,
        response.fingerprint,
        response.created,
        tuple(response.warnings),
    )


def set_state(id: str, version: str, state: VersionState, expected_revision: int) -> UnaryCall[StateSet]:
    """SetVersionState, of the version's number.

    Raises InvalidArgument (reason BAD_ARGUMENT) where `state` is no VersionState, or a member of it isn't of its type.
    """
    if not isinstance(state, VersionState):
        message = f"state={state!r}"[:80] + ": give a schemaregistry.client.VersionState('deprecated', 'why')"
        raise InvalidArgument(message, reason="BAD_ARGUMENT")
    request = message_of(
        registry_pb2.SetVersionStateRequest,
        id=id,
        version=version,
        state=state.name,
        reason=state.reason,
        expected_revision=expected_revision,
    )
    if state.sunset is not None:
        try:
            request.sunset.FromSeconds(state.sunset)
        except (TypeError, ValueError):
            message = f"sunset={state.sunset!r}"[:80] + ": give whole seconds since 1970 as an int, up to the year 9999"
            raise InvalidArgument(message, reason="BAD_ARGUMENT") from None
    return UnaryCall("SetVersionState", request, _state_set)


def _state_set(response: registry_pb2.SetVersionStateResponse, _: Metadata) -> StateSet:
    version = response.version
    return StateSet(
        version.id,
        version.version,
        state_of(version),
        version.state_revision,
        response.changed,
        response.previous_state,
        response.latest_version,
    )


def state_of(version: registry_pb2.SchemaVersion) -> VersionState:
    """Return the state in a message; active where the registry knows no states yet."""
    name = next((each for each in STATE_NAMES if each == version.state), ACTIVE.name)
    return VersionState(
        name, _one_line(version.state_reason), version.sunset.seconds if version.HasField("sunset") else None
    )


def check_compatibility(document: bytes | str, direction: str) -> UnaryCall[registry_pb2.Verdict]:
    """CheckCompatibility of a candidate; `direction` is a direction or a transitive level, "" the document's own.

    Raises InvalidArgument where the candidate's `$id` can't be read.
    """
    raw = _bytes(document)
    request = message_of(
        registry_pb2.CheckCompatibilityRequest, id=parse(raw).id, document=_json_body(raw), direction=direction
    )
    return UnaryCall("CheckCompatibility", request, _message)


def compare(id: str, old: str, new: str, direction: str) -> UnaryCall[registry_pb2.Verdict]:
    """CompareVersions: judge the registered version `new` against `old`.

    `direction` is a direction or a transitive level, "" that of `new`.
    """
    request = message_of(
        registry_pb2.CompareVersionsRequest, id=id, from_version=old, to_version=new, direction=direction
    )
    return UnaryCall("CompareVersions", request, _message)


def list_schemas(request: registry_pb2.ListSchemasRequest) -> UnaryCall[Page[registry_pb2.SchemaSummary]]:
    """ListSchemas: the page that the request names, which is the first one without a token."""

    def read(response: registry_pb2.ListSchemasResponse, _: Metadata) -> Page[registry_pb2.SchemaSummary]:
        if not response.next_page_token:
            return Page(response.schemas, None)
        following = registry_pb2.ListSchemasRequest()
        following.CopyFrom(request)
        following.page_token = response.next_page_token
        return Page(response.schemas, list_schemas(following))

    return UnaryCall("ListSchemas", request, read)


def list_versions(id: str, token: str = "") -> UnaryCall[Page[registry_pb2.SchemaVersion]]:
    """ListVersions: the page that `token` names, the first one without."""

    def read(response: registry_pb2.ListVersionsResponse, _: Metadata) -> Page[registry_pb2.SchemaVersion]:
        token = response.next_page_token
        return Page(response.versions, list_versions(id, token) if token else None)

    return UnaryCall("ListVersions", message_of(registry_pb2.ListVersionsRequest, id=id, page_token=token), read)


def list_consumers(id: str, token: str = "") -> UnaryCall[Page[registry_pb2.ObservedConsumer]]:
    """ListConsumers: the page that `token` names, the first one without."""

    def read(response: registry_pb2.ListConsumersResponse, _: Metadata) -> Page[registry_pb2.ObservedConsumer]:
        token = response.next_page_token
        return Page(response.consumers, list_consumers(id, token) if token else None)

    return UnaryCall("ListConsumers", message_of(registry_pb2.ListConsumersRequest, id=id, page_token=token), read)


def validate(id: str, records: Sequence[Json], version: str) -> UnaryCall[registry_pb2.ValidateRecordsResponse]:
    """ValidateRecords. Raises InvalidArgument (reason NOT_JSON) where a record can't be written as JSON.

    NaN can't, nor can a dict with a key that isn't text: `json.dumps` would turn the key into text, and the server
    would check another record than the caller's.
    """
    if isinstance(records, str | bytes | Mapping):
        message = f"the records are a list, each a value that JSON has, not one {type(records).__name__}: put it in []"
        raise InvalidArgument(message, reason="NOT_JSON")
    try:
        records = list(records)
    except TypeError:
        message = f"the records are a list, each a value that JSON has, not one {type(records).__name__}"
        raise InvalidArgument(message, reason="NOT_JSON") from None
    _check_records(records)
    try:
        text = json.dumps(records, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"the records are not JSON ({error}): give values that JSON has", reason="NOT_JSON"
        ) from None
    request = message_of(registry_pb2.ValidateRecordsRequest, id=id, version=version, records=_json_body(text))
    return UnaryCall("ValidateRecords", request, _message)


def _check_records(records: Sequence[Json]) -> None:
    """Raise InvalidArgument naming the record, and the place in it, of a value that can't be JSON."""
    for index, record in enumerate(records):
        waiting: list[tuple[tuple[str | int, ...], int, Any]] = [((), 0, record)]
        while waiting:
            path, depth, value = waiting.pop()
            fault = "something within itself, or nested too deep" if depth > MAX_DEPTH else _fault(value)
            if fault:
                place = f"record {index}, {cut(pointer(path), 200)}" if path else f"record {index}"
                raise InvalidArgument(f"{place}: {fault}. Give values that JSON has.", reason="NOT_JSON")
            if isinstance(value, dict):
                waiting += (((*path, key), depth + 1, inner) for key, inner in reversed(value.items()))
            elif isinstance(value, list | tuple):
                waiting += (((*path, each), depth + 1, value[each]) for each in reversed(range(len(value))))


def _fault(value: Json) -> str:
    """Return what keeps a value, without what is in it, from being JSON; "" for one that is."""
    if value is None or isinstance(value, bool | int):
        return ""
    if isinstance(value, float):
        return "" if isfinite(value) else f"{value} is no number of JSON"
    if isinstance(value, str):
        return "" if _is_unicode(value) else "a text with half of a surrogate pair"
    if isinstance(value, dict):
        odd = next((key for key in value if not isinstance(key, str)), "")
        if odd != "":
            return f"the key {repr(odd)[:80]} is of type {_type(odd)}, not text"
        return "" if all(map(_is_unicode, value)) else "a key with half of a surrogate pair"
    return "" if isinstance(value, list | tuple) else f"a {_type(value)} is no value of JSON"


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _type(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def whoami() -> UnaryCall[registry_pb2.WhoAmIResponse]:
    """WhoAmI: the caller's identity, and whether it may publish."""
    return UnaryCall("WhoAmI", registry_pb2.WhoAmIRequest(), _message)


def _bytes(document: bytes | str) -> bytes:
    """Return the bytes of a document, text as UTF-8.

    Raises InvalidArgument: NOT_JSON for other types, LONE_SURROGATE for a text that isn't Unicode.
    """
    if isinstance(document, bytes):
        return document
    if isinstance(document, str):
        try:
            return document.encode()
        except UnicodeEncodeError as error:
            message = f"character {error.start + 1} of the document is half of a surrogate pair: write the whole one"
            raise InvalidArgument(message, reason="LONE_SURROGATE") from None
    message = f"a document is the JSON itself, as bytes or text, not a {type(document).__name__}: use json.dumps"
    raise InvalidArgument(message, reason="NOT_JSON")


def _message(response: Any, _: Metadata) -> Any:
    return response


def _json_body(data: bytes) -> HttpBody:
    return HttpBody(content_type="application/json", data=data)
