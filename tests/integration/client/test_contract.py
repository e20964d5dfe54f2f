"""Contracts: the registry's where it gives them, compiled here where it doesn't, and the same bytes either way."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.client import AsyncClient, Client, Credentials, Fetched, FetchedContract, reads
from schemaregistry.client.read_cache import ReadCache
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.errors import (
    DeadlineExceeded,
    PermissionDenied,
    RegistryError,
    ResourceExhausted,
    Unavailable,
    Unimplemented,
)
from schemaregistry.pull import from_registry
from schemaregistry.v1 import contract_pb2
from schemaregistry.v1 import registry_pb2 as pb

ROOT = Path(__file__).resolve().parents[3]
METHOD = "/schemaregistry.v1.SchemaRegistry/GetContract"


def given(running: Any, id: str, version: str) -> bytes:  # noqa: A002 (the field's term)
    """The answer of GetContract as it came over the wire."""
    call = running.channel().unary_unary(METHOD, pb.GetContractRequest.SerializeToString, lambda answer: answer)
    return bytes(call(pb.GetContractRequest(id=id, version=version), timeout=60))


def compiled(raw: bytes) -> bytes:
    return compile_contract(parse(raw)).SerializeToString(deterministic=True)


def test_the_registry_and_the_library_compile_each_document_to_the_same_bytes(running: Any, reader: Client) -> None:
    published = [parse(path.read_bytes()).id for path in (ROOT / "schemas").glob("*.json")]
    assert published
    versions = [(name, each.version) for name in published for each in reader.list_versions(name)]
    for name, version in versions:
        answer = reader.contract(name, version, timeout=60)
        own = compiled(answer.schema.raw)
        assert given(running, name, version) == own
        assert answer.contract.SerializeToString(deterministic=True) == own


def test_a_contract_is_asked_for_once_for_each_content(
    publisher: Client, wire: Any, running: Any, document: Callable[..., bytes], schema_id: str
) -> None:
    publisher.register(document())
    with Client(running.target, credentials=Credentials.dev(running.data), timeout=20) as client:
        for _ in range(3):
            assert client.contract(schema_id).contract.version == "1.0.0"
        assert client.contract(schema_id, "1.0.0").schema.version == "1.0.0"
    assert [method for method, _ in wire.calls] == ["GetSchema", "GetContract", "GetSchema", "GetSchema", "GetSchema"]


def test_what_commands_and_checks_pull_is_the_registrys(
    publisher: Client, wire: Any, running: Any, document: Callable[..., bytes], schema_id: str
) -> None:
    registered = publisher.register(document(**{"x-aliases": {"symbol": ["sym"]}}))
    with Client(running.target, credentials=Credentials.dev(running.data), timeout=20) as client:
        pulled = from_registry(f"{schema_id}@1.0.0", client)
    assert [method for method, _ in wire.calls] == ["GetSchema", "GetContract"]
    assert (pulled.revision, pulled.stale_seconds) == (registered.revision, None)
    assert pulled.aliases == {"symbol": ("sym",)}


async def test_a_task_gets_the_same_contract(
    publisher: Client, running: Any, document: Callable[..., bytes], schema_id: str
) -> None:
    publisher.register(document())
    async with AsyncClient(running.target, credentials=Credentials.dev(running.data), timeout=20) as client:
        answer = await client.contract(schema_id)
    assert answer.contract.SerializeToString(deterministic=True) == compiled(document())


def test_while_the_registry_is_away_the_contract_is_compiled_from_what_was_kept(
    start_server: Callable[..., Any], tmp_path: Path, document: Callable[..., bytes], schema_id: str
) -> None:
    server = start_server()

    def connected(identity: str = "reader") -> Client:
        credentials = Credentials.dev(server.data, identity)
        return Client(server.target, credentials=credentials, timeout=20, cache_dir=tmp_path / "cache")

    with connected("ci-bot") as publisher:
        publisher.register(document())
    with connected() as client:
        online = client.contract(schema_id)
    server.stop()
    with connected() as client:
        offline = client.contract(schema_id, max_staleness=600)
        assert offline.contract == online.contract
        assert offline.schema.stale_seconds is not None
        with pytest.raises(Unavailable):
            client.contract(schema_id)


def steps(raw: bytes, answer: contract_pb2.Contract | RegistryError) -> FetchedContract:
    """Take the steps to a contract, with a registry that gives a document and then this answer."""
    document = parse(raw)
    taken = reads.contract(ReadCache("localhost:1", None), document.id, "latest", 0, None)
    call = next(taken)
    facts = {"x-schema-id": document.id, "x-schema-version": "1.0.0", "x-schema-fingerprint": document.fingerprint}
    fetched = call.read(HttpBody(data=raw), facts)
    assert isinstance(fetched, Fetched)
    assert taken.send(fetched).method == "GetContract"
    try:
        taken.throw(answer) if isinstance(answer, RegistryError) else taken.send(answer)
    except StopIteration as done:
        result: FetchedContract = done.value
        return result
    raise AssertionError("a third call")


@pytest.mark.parametrize("kind", [Unimplemented, ResourceExhausted, DeadlineExceeded, Unavailable])
def test_a_contract_that_the_registry_does_not_give_is_compiled_here(
    kind: type[RegistryError], document: Callable[..., bytes]
) -> None:
    answer = steps(document(), kind("no contract", reason="NO_CONTRACT"))
    assert answer.contract.SerializeToString(deterministic=True) == compiled(document())


def test_a_refusal_is_raised(document: Callable[..., bytes]) -> None:
    with pytest.raises(PermissionDenied):
        steps(document(), PermissionDenied("not you", reason="REVOKED"))


@pytest.mark.parametrize("change", [{"plan_version": 99}, {"fingerprint": "sha256:other"}])
def test_a_contract_in_a_format_to_come_or_of_other_content_is_compiled_here(
    change: dict[str, Any], document: Callable[..., bytes]
) -> None:
    given = compile_contract(parse(document()))
    given.MergeFrom(contract_pb2.Contract(**change))
    assert steps(document(), given).contract.SerializeToString(deterministic=True) == compiled(document())


@pytest.fixture
def older(running: Any, document: Callable[..., bytes]) -> Iterator[str]:
    """Where a registry listens that was made before GetContract: it gives one document."""
    parsed = parse(document())

    def get_schema(_: pb.GetSchemaRequest, context: grpc.ServicerContext) -> HttpBody:
        facts = {"id": parsed.id, "version": "1.0.0", "revision": "1", "fingerprint": parsed.fingerprint}
        context.send_initial_metadata([(f"x-schema-{name}", value) for name, value in facts.items()])
        return HttpBody(data=document())

    handler = grpc.unary_unary_rpc_method_handler(
        get_schema, pb.GetSchemaRequest.FromString, HttpBody.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(2))
    generic = grpc.method_handlers_generic_handler("schemaregistry.v1.SchemaRegistry", {"GetSchema": handler})
    server.add_generic_rpc_handlers((generic,))
    pair = tuple((running.tls / name).read_bytes() for name in ("server-key.pem", "server.pem"))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield f"localhost:{port}"
    server.stop(None)


def test_a_registry_older_than_contracts_serves_its_documents_and_they_are_compiled_here(
    older: str, running: Any, document: Callable[..., bytes], schema_id: str
) -> None:
    with Client(older, credentials=Credentials.dev(running.data), timeout=20) as client:
        pulled = from_registry(schema_id, client)
    assert pulled.contract.SerializeToString(deterministic=True) == compiled(document())
    assert pulled.revision == 1
