"""Read the proto's `google.api.http` annotations, and build request messages from a path, a query and a body.

`routing.py` matches paths to these rules, and `rest.py` answers them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from schemaregistry.document import loads
from schemaregistry.document.message_text import cut, shown
from schemaregistry.document.model import Json
from schemaregistry.errors import InvalidArgument
from schemaregistry_server.rpc.bodies import require_json

MethodName = str
Parameters = Iterable[tuple[str, str]]

_BOOLEANS = {"true": True, "false": False}
_INTEGERS = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
_TIME = 'a time with its offset, as in "2027-01-01T00:00:00Z"'
_INTEGER = "an integer, as in 10"
_TEXT = 'a text in quotation marks, as in "text"'


@dataclass(frozen=True, slots=True)
class HttpRule:
    """One HTTP method and path template of one RPC.

    `body` names the request's HttpBody field, is `*` where the body is the rest of the message as JSON, or is empty;
    `query` has the fields that query parameters may fill, those of a message within as `origin.commit`; `streams` where
    the RPC streams its answer.
    """

    rpc: MethodName
    http_method: str
    template: str
    body: str
    request: type[Message]
    query: Mapping[str, FieldDescriptor]
    streams: bool

    def request_of(self, path: Mapping[str, str], query: Parameters, content_type: str, body: bytes) -> Message:
        """Build the request message.

        Raises InvalidArgument for a query parameter that is unknown (UNKNOWN_PARAMETER), is repeated where its field
        has one value, or has a value that its field can't take (BAD_PARAMETER).
        """
        message = self.request(**path)
        seen = set()
        for name, text in query:
            self.set(message, name, text)
            if name in seen and not self.query[name].is_repeated:
                raise InvalidArgument(
                    f"The query parameter `{name}` is there more than once: keep one.", reason="BAD_PARAMETER"
                )
            seen.add(name)
        if self.body == "*":
            message.MergeFrom(self._from_json(body, path))
        elif self.body:
            getattr(message, self.body).CopyFrom(httpbody_pb2.HttpBody(content_type=content_type, data=body))
        return message

    def _from_json(self, body: bytes, path: Mapping[str, str]) -> Message:
        """Read the body as ProtoJSON; raises InvalidArgument (NOT_JSON and others of `loads`, BAD_BODY)."""
        require_json(body)
        value = loads(body)
        if not isinstance(value, dict):
            raise InvalidArgument("The body must be a JSON object.", reason="BAD_BODY", pointer="")
        if stated := [name for name in path if name in value]:
            raise InvalidArgument(
                f"`{stated[0]}` is in the path already: leave it out of the body.", reason="BAD_BODY", pointer=""
            )
        try:
            return json_format.ParseDict(value, self.request())
        except json_format.ParseError as error:
            wrong = _wrong_member(value, self.request, path) or f"The body is not right: {cut(str(error), 200)}"
            raise InvalidArgument(wrong, reason="BAD_BODY", pointer="") from error

    def set(self, message: Message, name: str, text: str) -> None:
        """Set a field of `query`, or add to it where it is repeated; raises InvalidArgument as `request_of` does."""
        field = self.query.get(name)
        if field is None:
            known = ", ".join(sorted(self.query)) or "none"
            raise InvalidArgument(
                f"`{name}` is no query parameter of {self.template}. It takes: {known}.", reason="UNKNOWN_PARAMETER"
            )
        # Checked here since ProtoJSON accepts other spellings of integers, such as 1e1.
        if field.cpp_type in _INTEGERS and not re.fullmatch("-?[0-9]+", text):
            raise InvalidArgument(
                f"The query parameter `{name}` can't be {cut(text)!r}: write an integer, as in 10.",
                reason="BAD_PARAMETER",
            )
        value = _BOOLEANS.get(text, text) if field.type == FieldDescriptor.TYPE_BOOL else text
        try:
            member, *rest = reversed(name.split("."))
            members: dict[str, object] = {member: [value] if field.is_repeated else value}
            for outer in rest:
                members = {outer: members}
            json_format.ParseDict(members, other := self.request())
        except json_format.ParseError as error:
            raise InvalidArgument(
                f"The query parameter `{name}` can't be {cut(text)!r}: {cut(str(error), 200).rstrip('.')}.",
                reason="BAD_PARAMETER",
            ) from error
        message.MergeFrom(other)


def _wrong_member(body: Mapping[str, Json], request: type[Message], path: Mapping[str, str]) -> str:
    """Say which member of a body isn't a field of the request beside those of the path, or can't be its value.

    "" where none is found.
    """
    taken = [field for field in request.DESCRIPTOR.fields if field.name not in path]
    fields = {name: field for field in taken for name in (field.name, field.json_name)}
    for name, value in body.items():
        field = fields.get(name)
        if field is None:
            known = ", ".join(f"`{each.name}`" for each in taken)
            return f"The body can't have a member `{cut(name)}`: it takes {known}."
        try:
            json_format.ParseDict({name: value}, request())
        except json_format.ParseError:
            is_time = field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp"
            form = _TIME if is_time else _INTEGER if field.cpp_type in _INTEGERS else _TEXT
            return f"`{name}` can't be {shown(value)}: write {form}."
    return ""


def http_rules(service: ServiceDescriptor) -> Iterator[HttpRule]:
    """Yield the HTTP rules of every RPC of a service, in the order of the proto.

    Source: google/api/http.proto, "gRPC Transcoding". Of its template syntax, literal segments and `{field}` are
    supported; raises ValueError for other templates, which is a fault of the proto.
    """
    for method in service.methods:
        rule = method.GetOptions().Extensions[annotations_pb2.http]
        for each in (rule, *rule.additional_bindings):
            yield _http_rule(method, each)


def _http_rule(method: MethodDescriptor, rule: http_pb2.HttpRule) -> HttpRule:
    verb = rule.WhichOneof("pattern")
    request = method.input_type
    if verb is None or "=" in (template := getattr(rule, verb)):
        raise ValueError(f"{method.full_name}: this transcoder takes no such rule: {rule}")
    if (
        rule.body not in ("", "*")
        and request.fields_by_name[rule.body].message_type is not httpbody_pb2.HttpBody.DESCRIPTOR
    ):
        raise ValueError(f"{method.full_name}: the body must be a google.api.HttpBody field")
    query = {name: field for name, field in _scalars(request) if f"{{{name}}}" not in template and rule.body != "*"}
    return HttpRule(
        rpc=method.name,
        http_method=verb.upper(),
        template=template,
        body=rule.body,
        request=message_factory.GetMessageClass(request),
        query=query,
        streams=method.server_streaming,
    )


def _scalars(message: Descriptor) -> Iterator[tuple[str, FieldDescriptor]]:
    """Yield the dotted names of a message's fields, and of those of messages within, apart from bodies."""
    for field in message.fields:
        if field.message_type is None:
            yield field.name, field
        elif field.message_type is not httpbody_pb2.HttpBody.DESCRIPTOR:
            for name, inner in _scalars(field.message_type):
                yield f"{field.name}.{name}", inner
