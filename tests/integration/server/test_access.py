"""Mutual TLS, and what the holder of each certificate may call."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.security import pki


def who(target: str, ca: bytes, key: bytes | None, certificate: bytes | None) -> pb.WhoAmIResponse:
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(ca, key, certificate)) as channel:
        return SchemaRegistryStub(channel).WhoAmI(pb.WhoAmIRequest(), timeout=10)


def signed(tls: Path, *names: x509.GeneralName, common_name: str = "x", days: int = 1) -> tuple[bytes, bytes]:
    """A client's key and certificate, signed by the server's own CA."""
    ca = x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes())
    ca_key = serialization.load_pem_private_key((tls / "ca-key.pem").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    end = datetime.now(UTC) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=10))
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        builder.sign(ca_key, hashes.SHA256()).public_bytes(pem),
    )


def refused(target: str, ca: bytes, key: bytes | None, certificate: bytes | None) -> None:
    with pytest.raises(grpc.RpcError) as error:
        who(target, ca, key, certificate)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE, "the handshake itself must fail"


def test_no_certificate_fails_the_handshake(running) -> None:
    refused(running.target, (running.tls / "ca.pem").read_bytes(), None, None)


def test_a_certificate_of_another_ca_fails_the_handshake(running, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "other")
    key, certificate = ((tmp_path / "other" / f"ci-bot{end}.pem").read_bytes() for end in ("-key", ""))
    refused(running.target, (running.tls / "ca.pem").read_bytes(), key, certificate)


def test_an_expired_certificate_fails_the_handshake(running) -> None:
    key, certificate = signed(running.tls, x509.UniformResourceIdentifier("spiffe://dev/ci-bot"), days=-1)
    refused(running.target, (running.tls / "ca.pem").read_bytes(), key, certificate)


def test_a_client_that_trusts_another_ca_refuses_the_server(running, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "other")
    key, certificate = ((running.tls / f"reader{end}.pem").read_bytes() for end in ("-key", ""))
    refused(running.target, (tmp_path / "other" / "ca.pem").read_bytes(), key, certificate)


def test_plain_text_is_not_answered(running) -> None:
    with grpc.insecure_channel(running.target) as channel, pytest.raises(grpc.RpcError) as error:
        SchemaRegistryStub(channel).WhoAmI(pb.WhoAmIRequest(), timeout=10)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_before_1_2_is_not_spoken(running) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(running.tls / "ca.pem")
    context.load_cert_chain(running.tls / "reader.pem", running.tls / "reader-key.pem")
    context.set_alpn_protocols(["h2"])
    host, port = running.target.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        assert tls.version() in {"TLSv1.2", "TLSv1.3"}
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection((host, int(port))) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain, server_hostname=host)


def test_the_spiffe_id_comes_before_the_common_name(running) -> None:
    pair = signed(running.tls, x509.UniformResourceIdentifier("spiffe://dev/someone"), common_name="ci-bot")
    me = who(running.target, (running.tls / "ca.pem").read_bytes(), *pair)
    assert (me.identity, me.can_publish) == ("spiffe://dev/someone", False)


def test_the_common_name_stands_in_where_there_is_no_spiffe_id(running) -> None:
    me = who(running.target, (running.tls / "ca.pem").read_bytes(), *signed(running.tls, common_name="desk-7"))
    assert (me.identity, me.can_publish) == ("desk-7", False)


def test_a_common_name_never_passes_for_a_spiffe_id(running) -> None:
    pair = signed(running.tls, common_name="spiffe://dev/ci-bot")
    with pytest.raises(grpc.RpcError) as error:
        who(running.target, (running.tls / "ca.pem").read_bytes(), *pair)
    assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_publishers_common_name_alone_does_not_publish(running) -> None:
    pair = signed(running.tls, common_name="ci-bot")
    assert not who(running.target, (running.tls / "ca.pem").read_bytes(), *pair).can_publish


def test_metadata_is_no_identity(running, document) -> None:
    request = pb.RegisterSchemaRequest(id="header_v1", document=HttpBody(data=document("header_v1")))
    claims = [("x-forwarded-client-cert", "URI=spiffe://dev/ci-bot"), ("authorization", "Bearer ci-bot")]
    with pytest.raises(grpc.RpcError) as error:
        running.stub("reader").RegisterSchema(request, metadata=claims, timeout=10)
    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_refusal_is_logged_with_who_and_why(running, document) -> None:
    request = pb.RegisterSchemaRequest(id="logged_v1", document=HttpBody(data=document("logged_v1")))
    with pytest.raises(grpc.RpcError):
        running.stub("reader").RegisterSchema(request, timeout=10)
    lines = [line for line in running.output().splitlines() if '"event": "refused"' in line]
    assert any('"who": "spiffe://dev/reader"' in line and '"code": "PERMISSION_DENIED"' in line for line in lines)
