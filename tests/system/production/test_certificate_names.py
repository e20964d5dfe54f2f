"""How a client is named by its certificate: over gRPC and REST alike, and not at all where that is in doubt."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.x509 import DNSName, RFC822Name, UniformResourceIdentifier
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

from devtools.servers import Server, launch
from schemaregistry.v1 import registry_pb2 as pb
from tests.system.production.issuing import issue_as

CN_BOT = "cn-bot"
SPIFFE_BOT = "spiffe://prod/ci-bot"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with both transports, two publishers and a revoked one."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "revoked").write_text("spiffe://prod/mallory\nmallory\n")
    settings = {
        "store": "sqlite",
        "rest": "127.0.0.1:0",
        "publisher": [CN_BOT, SPIFFE_BOT],
        "revoked": str(folder / "revoked"),
    }
    started = launch(folder, settings).wait()
    yield started
    started.stop()


def cn(*names: str, kind: _ASN1Type | None = None) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name, _type=kind, _validate=False) for name in names])


def san(*names: x509.GeneralName | str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [UniformResourceIdentifier(name) if isinstance(name, str) else name for name in names]
    )


def raw_san(*uris: bytes) -> x509.UnrecognizedExtension:
    """URIs of any bytes, as DER writes them (each shorter than 128 bytes in all)."""
    inner = b"".join(b"\x86" + bytes([len(uri)]) + uri for uri in uris)
    return x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30" + bytes([len(inner)]) + inner)


OU_FIRST = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "desk"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, CN_BOT),
        x509.NameAttribute(NameOID.COMMON_NAME, "quant-7"),
    ]
)
BOTH_IN_ONE = x509.Name(
    [
        x509.RelativeDistinguishedName(
            [x509.NameAttribute(NameOID.COMMON_NAME, CN_BOT), x509.NameAttribute(NameOID.COMMON_NAME, "evil")]
        )
    ]
)
NO_COMMON_NAME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, CN_BOT)])

Names = tuple[x509.Name, x509.ExtensionType | None, str | None]

CERTIFICATES: dict[str, Names] = {
    "a common name": (cn("desk-7"), None, "desk-7"),
    "a publisher's common name": (cn(CN_BOT), None, CN_BOT),
    "a common name with inner blanks": (cn("Desk Seven"), None, "Desk Seven"),
    "a common name in Greek": (cn("δέσμη"), None, "δέσμη"),
    "a common name in BMP": (cn("desk-8", kind=_ASN1Type.BMPString), None, "desk-8"),
    "a common name of printable ASN.1": (cn("desk-9", kind=_ASN1Type.PrintableString), None, "desk-9"),
    "a common name of 64 letters": (cn("x" * 64), None, "x" * 64),
    "a common name beside other attributes": (OU_FIRST, None, "quant-7"),
    "a common name beside a DNS name": (cn("desk-7"), san(DNSName(CN_BOT)), "desk-7"),
    "a common name beside an e-mail address": (cn("desk-7"), san(RFC822Name("a@b.example")), "desk-7"),
    "a common name beside a web address": (cn("desk-7"), san("https://example.com/me"), "desk-7"),
    "a common name beside two web addresses": (cn("desk-7"), san("https://a.example", "tag:b,2026:c"), "desk-7"),
    "a common name that looks like ours in Cyrillic": (cn("cn-bоt"), None, "cn-bоt"),
    "a SPIFFE id": (cn("x"), san("spiffe://prod/desk"), "spiffe://prod/desk"),
    "a publisher's SPIFFE id": (cn("x"), san(SPIFFE_BOT), SPIFFE_BOT),
    "a SPIFFE id without a common name": (x509.Name([]), san("spiffe://prod/desk"), "spiffe://prod/desk"),
    "a SPIFFE id of many parts": (cn("x"), san("spiffe://a.b-c_d/ns/x/sa/Y.z"), "spiffe://a.b-c_d/ns/x/sa/Y.z"),
    "a SPIFFE id beside a DNS name": (cn(CN_BOT), san("spiffe://prod/desk", DNSName("h")), "spiffe://prod/desk"),
    "a SPIFFE id and a publisher's common name": (cn(CN_BOT), san("spiffe://prod/desk"), "spiffe://prod/desk"),
    "a SPIFFE id and two common names": (cn(CN_BOT, "b"), san("spiffe://prod/desk"), "spiffe://prod/desk"),
    "a common name with NUL": (cn("cn-bot\0.evil"), None, None),
    "a common name with NUL at its end": (cn("cn-bot\0"), None, None),
    "a common name with a line end": (cn("cn-bot\nevil"), None, None),
    "a common name with an escape": (cn("cn-bot\x1b[2J"), None, None),
    "a common name with U+202E": (cn("cn-\u202etob"), None, None),
    "a common name with a blank at its end": (cn("cn-bot "), None, None),
    "a common name with a blank at its start": (cn(" cn-bot"), None, None),
    "a blank common name": (cn(" "), None, None),
    "no common name": (NO_COMMON_NAME, None, None),
    "no name at all": (x509.Name([]), None, None),
    "two common names, ours first": (cn(CN_BOT, "evil"), None, None),
    "two common names, ours last": (cn("evil", CN_BOT), None, None),
    "two common names in one part": (BOTH_IN_ONE, None, None),
    "a common name like a SPIFFE id": (cn(SPIFFE_BOT), None, None),
    "a common name like a SPIFFE id in capitals": (cn(SPIFFE_BOT.upper()), None, None),
    "two SPIFFE ids": (cn(CN_BOT), san("spiffe://prod/mallory", "spiffe://prod/ci-bot"), None),
    "a SPIFFE id and a web address": (cn(CN_BOT), san(SPIFFE_BOT, "https://a.example"), None),
    "the same SPIFFE id twice": (cn(CN_BOT), san(SPIFFE_BOT, SPIFFE_BOT), None),
    "a SPIFFE id without a path": (cn(CN_BOT), san("spiffe://prod"), None),
    "a SPIFFE id with an empty path": (cn(CN_BOT), san("spiffe://prod/"), None),
    "a SPIFFE id with a slash at its end": (cn(CN_BOT), san("spiffe://prod/ci-bot/"), None),
    "a SPIFFE id with an empty part": (cn(CN_BOT), san("spiffe://prod//ci-bot"), None),
    "a SPIFFE id with dots": (cn(CN_BOT), san("spiffe://prod/x/../ci-bot"), None),
    "a SPIFFE id with a query": (cn(CN_BOT), san("spiffe://prod/ci-bot?x"), None),
    "a SPIFFE id with a fragment": (cn(CN_BOT), san("spiffe://prod/ci-bot#x"), None),
    "a SPIFFE id with a port": (cn(CN_BOT), san("spiffe://prod:1/ci-bot"), None),
    "a SPIFFE id with a user": (cn(CN_BOT), san("spiffe://a@prod/ci-bot"), None),
    "a SPIFFE id with %": (cn(CN_BOT), san("spiffe://prod/ci%2dbot"), None),
    "a SPIFFE id with its scheme in capitals": (cn(CN_BOT), san("SPIFFE://prod/ci-bot"), None),
    "a SPIFFE id with its domain in capitals": (cn(CN_BOT), san("spiffe://Prod/ci-bot"), None),
    "a SPIFFE id with NUL": (cn(CN_BOT), raw_san(b"spiffe://prod/ci-bot\0.evil"), None),
    "a SPIFFE id with a line end": (cn(CN_BOT), raw_san(b"spiffe://prod/ci-bot\n"), None),
    "a SPIFFE id that isn't ASCII": (cn(CN_BOT), raw_san("spiffe://prod/cі-bot".encode()), None),
    "a SPIFFE id without slashes": (cn(CN_BOT), san("spiffe:prod/ci-bot"), None),
    "a SPIFFE id that is too long": (cn(CN_BOT), san("spiffe://prod/" + "a" * 2048), None),
    "names that are no names": (
        cn(CN_BOT),
        x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x04\x01x"),
        None,
    ),
}
"""The subject, the extension of names, and who that is; None: nobody."""


def by_grpc(server: Server, file: str) -> str | None:
    try:
        me = server.stub(file).WhoAmI(pb.WhoAmIRequest(), timeout=20)
    except grpc.RpcError as refused:
        if refused.code() not in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE}:
            raise
        return None
    assert me.can_publish == (me.identity in {CN_BOT, SPIFFE_BOT})
    return str(me.identity)


def by_rest(server: Server, file: str) -> str | None:
    context = ssl.create_default_context(cafile=str(server.tls / "ca.pem"))
    context.check_hostname = False
    try:
        context.load_cert_chain(server.tls / f"{file}.pem", server.tls / f"{file}-key.pem")
        with urllib.request.urlopen(f"{server.rest}/whoami", context=context, timeout=20) as answer:
            me = json.load(answer)
    except urllib.error.HTTPError as refused:
        if refused.code != 401:
            raise
        return None
    except (OSError, urllib.error.URLError):
        return None  # the handshake failed, or this side took no such certificate
    assert me["can_publish"] == (me["identity"] in {CN_BOT, SPIFFE_BOT})
    return str(me["identity"])


@pytest.mark.parametrize("ask", [by_grpc, by_rest])
@pytest.mark.parametrize("certificate", CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_a_certificate_states_one_name_or_none(
    server: Server, ask: Callable[[Server, str], str | None], certificate: Names
) -> None:
    subject, names, expected = certificate
    issue_as(server.tls, "caller", subject, names)
    assert ask(server, "caller") == expected


@pytest.mark.parametrize(
    ("subject", "names"),
    [(cn("x"), san("spiffe://prod/mallory")), (cn("mallory"), None)],
    ids=["SPIFFE id", "common name"],
)
def test_a_revoked_name_is_refused_over_grpc(
    server: Server, subject: x509.Name, names: x509.ExtensionType | None
) -> None:
    issue_as(server.tls, "revoked", subject, names)
    with pytest.raises(grpc.RpcError) as refused:
        server.stub("revoked").WhoAmI(pb.WhoAmIRequest(), timeout=20)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_refusal_says_what_is_odd_and_what_to_use(server: Server, tmp_path: Path) -> None:
    issue_as(server.tls, "odd", cn(CN_BOT, "evil"), None)
    with pytest.raises(grpc.RpcError) as refused:
        server.stub("odd").WhoAmI(pb.WhoAmIRequest(), timeout=20)
    assert "more than one common name. Use one with" in (refused.value.details() or "")
