"""What a publisher may write, and what each refusal tells."""

import json

import pytest

from schemaregistry.client import Client, Credentials, VersionRefused
from schemaregistry.document import parse
from schemaregistry.errors import AlreadyExists, InvalidArgument, PermissionDenied


def test_a_version_is_created_once(publisher, document, schema_id):
    first, again = publisher.register(document()), publisher.register(document())
    assert (first.id, first.version, first.created) == (schema_id, "1.0.0", True)
    assert (again.revision, again.fingerprint, again.created) == (first.revision, first.fingerprint, False)


def test_a_document_without_a_stated_type_range_is_registered_with_warnings(publisher, document):
    arrow = {"fields": [{"name": "size", "type": {"name": "int32"}}]}
    registered = publisher.register(document(properties={"size": {"type": "integer"}}, arrow=arrow))
    assert registered.created
    assert any("int32" in warning for warning in registered.warnings)


def test_other_content_under_a_version_is_refused_and_both_fingerprints_are_shown(publisher, document):
    first, other = document(), document(title="Other")
    publisher.register(first)
    with pytest.raises(AlreadyExists) as caught:
        publisher.register(other)
    assert {parse(first).fingerprint, parse(other).fingerprint} <= set(caught.value.metadata.values())


def test_a_bump_too_small_is_refused_with_the_verdict(publisher, document):
    publisher.register(document("1.0.0", {"size": {"type": "integer"}}))
    with pytest.raises(VersionRefused) as caught:
        publisher.register(document("1.0.1", {"size": {"type": "string"}}))
    verdict = caught.value.verdict
    assert (verdict.verdict, verdict.required_bump) == ("incompatible", "major")
    assert "size" in json.loads(verdict.witness_json)


def test_a_candidate_is_judged_and_not_written(publisher, reader, document, schema_id):
    publisher.register(document("1.0.0", {"size": {"type": "integer"}}))
    verdict = reader.check_compatibility(document("2.0.0", {"size": {"type": "string"}}))
    assert verdict.verdict == "incompatible"
    assert reader.get(schema_id).version == "1.0.0"


def test_a_reader_may_not_publish(reader, document):
    with pytest.raises(PermissionDenied, match="publish"):
        reader.register(document())


def test_a_broken_document_is_refused_with_its_place_before_anything_is_sent(tmp_path, running):
    credentials = Credentials.dev(running.data, "ci-bot")
    with Client("localhost:1", credentials=credentials) as away, pytest.raises(InvalidArgument) as caught:
        away.register(b'{"$id": "ticks", "type": "objekt", "version": "1.0.0"}')
    assert caught.value.pointer == "/type"


def test_an_id_other_than_the_document_s_own_is_refused(publisher, document):
    with pytest.raises(InvalidArgument) as caught:
        publisher.register(document(), id="another")
    assert caught.value.reason == "ID_MISMATCH"
