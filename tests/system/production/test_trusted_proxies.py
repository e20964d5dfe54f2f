"""Who a call is from where x-forwarded-client-cert comes with it: over gRPC and REST, from a trusted proxy or not."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import grpc
import pytest

from devtools.servers import Server, launch
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.config.settings import Settings
from tests.support.grpc_refusals import Refusal
from tests.support.publishing_tokens import ISSUER, TokenMaker
from tests.system.production.issuing import issue

HEADER = "x-forwarded-client-cert"
BOT = "spiffe://prod/ci-bot"
READER = "spiffe://prod/reader"
HASH = f"Hash={'ab' * 32}"
MAKER = TokenMaker()

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that trusts a proxy by its SPIFFE id, one by its common name, and one that is revoked."""
    folder = tmp_path_factory.mktemp("proxies")
    (folder / "revoked").write_text("spiffe://prod/mallory\nmallory\nspiffe://prod/old-envoy\ntoken:gone\n")
    settings = {
        "store": "sqlite",
        "rest": "127.0.0.1:0",
        "publisher": [BOT],
        "trusted-proxies": ["spiffe://prod/envoy", "edge", "spiffe://prod/old-envoy"],
        "revoked": str(folder / "revoked"),
        "token-key": str(MAKER.public(folder / "exchanger.pub")),
        "token-issuer": ISSUER,
    }
    started = launch(folder, settings)
    issue(started.tls, "envoy", "spiffe://prod/envoy")
    issue(started.tls, "edge", common_name="edge")
    issue(started.tls, "old-envoy", "spiffe://prod/old-envoy")
    issue(started.tls, "reader", READER)
    issue(started.tls, "stranger", READER, common_name="edge")
    yield started.wait()
    STUBS.clear()
    started.stop()


STUBS: dict[str, SchemaRegistryStub] = {}
"""The calls of each peer, over one connection."""


def connected(server: Server, peer: str) -> SchemaRegistryStub:
    if peer not in STUBS:
        STUBS[peer] = server.stub(peer)
    return STUBS[peer]


def by_grpc(server: Server, peer: str, lines: Sequence[str], token: str = "") -> str:
    metadata = [(HEADER, line) for line in lines] + ([("authorization", f"Bearer {token}")] if token else [])
    try:
        me = connected(server, peer).WhoAmI(pb.WhoAmIRequest(), metadata=metadata, timeout=20)
    except grpc.RpcError as refused:
        seen = Refusal(refused)
        return f"{seen.code.name} {seen.reason}"
    assert me.can_publish == (me.identity == BOT or bool(token))
    return f"{me.identity} {me.transport}"


def by_rest(server: Server, peer: str, lines: Sequence[str], token: str = "") -> str:
    context = ssl.create_default_context(cafile=str(server.tls / "ca.pem"))
    context.check_hostname = False
    context.load_cert_chain(server.tls / f"{peer}.pem", server.tls / f"{peer}-key.pem")
    host, _, port = server.rest.rpartition("//")[2].rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
    connection.putrequest("GET", "/whoami")
    for line in lines:
        connection.putheader("X-Forwarded-Client-Cert", line)
    if token:
        connection.putheader("Authorization", f"Bearer {token}")
    connection.endheaders()
    answer = connection.getresponse()
    me = json.loads(answer.read())
    connection.close()
    if answer.status in {401, 403}:
        return f"{me['code']} {me['reason']}"
    assert me["can_publish"] == (me["identity"] == BOT or bool(token))
    return f"{me['identity']} {me['transport']}"


BAD = "UNAUTHENTICATED BAD_FORWARDED_CERTIFICATE"
ODD = "UNAUTHENTICATED ODD_CERTIFICATE"

TOLD: dict[str, tuple[str, str]] = {
    "a SPIFFE id": (f'{HASH};Subject="CN=x";URI={READER}', f"{READER} proxy"),
    "a publisher's": (f"By=spiffe://prod/envoy;{HASH};URI={BOT}", f"{BOT} proxy"),
    "nothing but a URI": (f"URI={BOT}", f"{BOT} proxy"),
    "keys in any case, a value in quotes": (f'uRi="{BOT}"', f"{BOT} proxy"),
    "a common name": (f'{HASH};Subject="CN=desk-7,O=acme";URI=', "desk-7 proxy"),
    "a common name with marks": (
        rf'{HASH};Subject="CN=\CE\B4 \"\;\,URI={BOT}\\,emailAddress=a@b,serialNumber=5";URI=',
        f'δ ";,URI={BOT}\\ proxy',
    ),
    "a common name beside a web address": (f'{HASH};Subject="CN=desk-7";URI=https://a.example/?a=b', "desk-7 proxy"),
    "a common name beside DNS names": (f'{HASH};Subject="CN=desk-7";URI=;DNS=a.example;DNS=b', BAD),
    "a SPIFFE id that goes on as a DNS name": (f"URI={BOT};DNS=x", BAD),
    "a SPIFFE id that goes on as an empty URI": (f"URI={BOT};URI=", BAD),
    "a SPIFFE id after empty ones": (f'Subject="CN=x";URI=;URI={BOT}', BAD),
    "a SPIFFE id and a publisher's common name": (f'Subject="CN={BOT}";URI={READER}', f"{READER} proxy"),
    "a certificate, which isn't looked at": (f'{HASH};Cert="-----BEGIN%20";Chain="x";URI={READER}', f"{READER} proxy"),
    "the proxy itself": ("URI=spiffe://prod/envoy", "spiffe://prod/envoy proxy"),
    # Envoy with APPEND_FORWARD or FORWARD_ONLY: the client wrote the first element, or all of it.
    "the client's own element before Envoy's": (f"URI={BOT},{HASH};URI={READER}", BAD),
    "an element after Envoy's": (f"{HASH};URI={READER},URI={BOT}", BAD),
    "an element that is empty": (f"URI={BOT},", BAD),
    "an empty element first": (f",URI={BOT}", BAD),
    # What a certificate's URIs and DNS names can write, which Envoy doesn't quote.
    "a URI that goes on as another": (f'{HASH};Subject="CN=x";URI=spiffe://prod/evil;URI={BOT}', BAD),
    "a web address that goes on as a SPIFFE id": (f'{HASH};Subject="CN=x";URI=https://evil;URI={BOT}', BAD),
    "a web address that goes on as a web address": (f'{HASH};Subject="CN=x";URI=https://a;URI=tag:b', BAD),
    "a URI that goes on as a hash": (f'{HASH};Subject="CN=x";URI={BOT};{HASH}', BAD),
    "a URI that goes on as a subject": (f'{HASH};Subject="CN=x";URI=tag:x;Subject="CN=desk-7"', BAD),
    "a URI that goes on as an element": (f'{HASH};Subject="CN=x";URI=spiffe://prod/evil,URI={BOT}', BAD),
    "a DNS name that goes on as a URI": (f'{HASH};Subject="CN=x";URI=;DNS=a;URI={BOT}', BAD),
    # Quotation marks.
    "a subject that ends before its end": (f'{HASH};Subject="CN=x";URI={BOT};DNS="";URI=', BAD),
    "a subject without its end": (f'{HASH};Subject="CN=x;URI={BOT}', BAD),
    "a subject whose end is escaped": (f'{HASH};Subject="CN=x\\";URI={BOT}', BAD),
    "a subject with more after its end": (f'{HASH};Subject="CN=x"y;URI={BOT}', BAD),
    "marks within a value": ('URI=spiffe://prod/"ci-bot"', BAD),
    # Names.
    "no URI at all": ('Subject="CN=desk-7"', BAD),
    "two subjects": ('Subject="CN=desk-7";Subject="CN=desk-8";URI=', BAD),
    "two common names": ('Subject="CN=desk-7,CN=desk-8";URI=', ODD),
    "two common names in one part": ('Subject="CN=desk-7+CN=desk-8";URI=', ODD),
    "no name": ('Subject="";URI=', ODD),
    "no subject and no URI": (f"{HASH};URI=", ODD),
    "a common name like a SPIFFE id": (f'Subject="CN={BOT}";URI=', ODD),
    "a common name with NUL": ('Subject="CN=desk\\007";URI=', ODD),
    "a subject in another form": ('Subject="/O=acme/CN=desk-7";URI=', BAD),
    "a SPIFFE id with %": ("URI=spiffe://prod/ci%2dbot", ODD),
    "a SPIFFE id in capitals": ("URI=SPIFFE://prod/ci-bot", ODD),
    "a SPIFFE id with dots": ("URI=spiffe://prod/x/../ci-bot", ODD),
    "a SPIFFE id without a path": ("URI=spiffe://prod", ODD),
    # Anything else.
    "an empty header": ("", BAD),
    "a key alone": ("URI", BAD),
    "a pair without a key": (f"={BOT}", BAD),
    "a key that there isn't": (f"SAN={BOT};URI={BOT}", BAD),
    "a semicolon at its end": (f"URI={BOT};", BAD),
    "two semicolons": (f"{HASH};;URI={BOT}", BAD),
    "a blank in the middle": (f"{HASH}; URI={BOT}", BAD),
    "a blank before the mark": (f"URI ={BOT}", BAD),
    "keys out of order": (f"URI={BOT};{HASH}", BAD),
    "JSON": (f'{{"URI": "{BOT}"}}', BAD),
}
"""What a trusted proxy's header says, and who that is: a name and its transport, or a code and its reason."""


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
@pytest.mark.parametrize("case", TOLD)
def test_a_trusted_proxy_tells_who_calls(server: Server, ask: Ask, case: str) -> None:
    line, expected = TOLD[case]
    assert ask(server, "envoy", [line]) == expected


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_anyone_else_is_who_its_certificate_says(server: Server, ask: Ask) -> None:
    for line, _ in list(TOLD.values())[::3]:
        assert ask(server, "reader", [line]) == f"{READER} mtls"


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_a_proxy_is_known_by_the_name_that_its_certificate_states(server: Server, ask: Ask) -> None:
    assert ask(server, "edge", [f"URI={BOT}"]) == f"{BOT} proxy"
    assert ask(server, "stranger", [f"URI={BOT}"]) == f"{READER} mtls", "a SPIFFE id counts before a common name"


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_a_proxy_without_the_header_is_itself(server: Server, ask: Ask) -> None:
    assert ask(server, "envoy", []) == "spiffe://prod/envoy mtls"


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_two_headers_are_refused(server: Server, ask: Ask) -> None:
    assert ask(server, "envoy", [f"URI={READER}", f"URI={BOT}"]) == BAD
    assert ask(server, "envoy", [f"URI={READER}"] * 2) == BAD


def test_letters_beyond_ascii_are_refused(server: Server) -> None:
    assert by_rest(server, "envoy", ['Subject="CN=caf\xe9";URI=']) == BAD, "gRPC sends none"


def test_a_header_of_any_size_is_bounded(server: Server) -> None:
    assert by_rest(server, "envoy", [f'{HASH};Cert="{"x" * 8_000}";URI={READER}']) == f"{READER} proxy"
    assert by_rest(server, "envoy", [f'{HASH};Cert="{"x" * 17_000}";URI={READER}']) == BAD


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_a_revoked_client_and_a_revoked_proxy_are_refused(server: Server, ask: Ask) -> None:
    refused = "PERMISSION_DENIED REVOKED"
    assert ask(server, "envoy", ["URI=spiffe://prod/mallory"]) == refused
    assert ask(server, "envoy", ['Subject="CN=mallory";URI=']) == refused
    assert ask(server, "old-envoy", [f"URI={READER}"]) == refused
    assert ask(server, "old-envoy", []) == refused
    assert ask(server, "old-envoy", [f"URI={READER}"], MAKER.token("*")) == refused
    assert ask(server, "envoy", ["URI=spiffe://prod/mallory"], MAKER.token("*")) == refused
    assert ask(server, "envoy", [f"URI={READER}"], MAKER.token("*", sub="token:gone")) == refused


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
def test_a_token_by_way_of_a_proxy_counts_and_excuses_no_bad_header(server: Server, ask: Ask) -> None:
    token = MAKER.token("ticks_*", sub="token:ci")
    assert ask(server, "envoy", [f"URI={READER}"], token) == "token:ci proxy"
    assert ask(server, "envoy", [], token) == "token:ci mtls"
    assert ask(server, "envoy", [f"URI={READER},URI={BOT}"], token) == BAD


@pytest.mark.parametrize(
    "name", ["x_forwarded_client_cert", "x-forwarded-client-certs", "forwarded", "x-client-cert", "x-ssl-client-s-dn"]
)
def test_no_other_header_is_read(server: Server, name: str) -> None:
    metadata = [(name, f"URI={BOT}"), (f"{HEADER}-bin", f"URI={BOT}".encode())]
    me = server.stub("envoy").WhoAmI(pb.WhoAmIRequest(), metadata=metadata, timeout=20)
    assert me.identity == "spiffe://prod/envoy"


@pytest.mark.parametrize("name", ["", " ", "spiffe://prod", "SPIFFE://prod/envoy", "spiffe://prod/*", "edge\n"])
def test_a_server_does_not_start_with_a_proxy_that_no_certificate_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="--trusted-proxies"):
        Settings(dev=True, trusted_proxies=(name,)).complete()
