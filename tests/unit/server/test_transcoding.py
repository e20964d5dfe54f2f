"""Requests are built from the annotations alone."""

import pytest

from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.registry_pb2 import DESCRIPTOR
from schemaregistry_server.transport.transcoding import HttpRule, http_rules

SERVICE = DESCRIPTOR.services_by_name["SchemaRegistry"]
BINDINGS = {(each.http_method, each.template): each for each in http_rules(SERVICE)}


def test_every_rpc_has_a_path() -> None:
    assert {each.rpc for each in BINDINGS.values()} == {method.name for method in SERVICE.methods}


def build(binding: HttpRule, *query: tuple[str, str], body: bytes = b"", **path: str):
    return binding.request_of(path, query, "application/json", body)


def test_path_query_and_body_fill_their_fields() -> None:
    post = build(BINDINGS["POST", "/schema/{id}/compat"], ("direction", "full"), body=b"{}", id="ticks_v1")
    assert (post.id, post.direction, post.document.data) == ("ticks_v1", "full", b"{}")
    watch = build(BINDINGS["GET", "/schemas:watch"], ("ids", "a"), ("ids", "b"), ("include_documents", "true"))
    assert (list(watch.ids), watch.include_documents) == (["a", "b"], True)


def test_a_path_variable_is_no_query_parameter() -> None:
    with pytest.raises(InvalidArgument, match="`id` is no query parameter"):
        build(BINDINGS["GET", "/schema/{id}"], ("id", "other"), id="ticks_v1")


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="page_size"):
        build(BINDINGS["GET", "/schemas"], ("page_size", "1e99"))


def test_a_text_may_be_the_word_true() -> None:
    assert build(BINDINGS["GET", "/schemas"], ("text", "true")).text == "true"
