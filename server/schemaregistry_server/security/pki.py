"""Make and renew the certificates of dev mode: a CA, the server's, and one for each dev identity.

They are for trying things out on one machine; in production an organisation's own CA issues them.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from schemaregistry.errors import FailedPrecondition

IDENTITIES: Final = {"ci-bot": "spiffe://dev/ci-bot", "reader": "spiffe://dev/reader"}
"""The dev identities: common name → SPIFFE id (one URI SAN, https://spiffe.io/docs/latest/spiffe-specs/x509-svid/)."""

PUBLISHERS: Final = frozenset({IDENTITIES["ci-bot"]})

HERE: Final = (  # the names of the server's certificate
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=365)
RENEW = timedelta(days=30)
"""Certificates with less time left than this are made anew at start."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(directory: Path) -> None:
    """Make or renew the certificates in `directory`: `ca.pem`, and `NAME.pem` with `NAME-key.pem` for each name.

    Certificates that are complete and valid for RENEW more are left alone. Raises FailedPrecondition (TLS_UNWRITABLE)
    where the directory can't be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        ca = _read(directory, "ca")
        if ca is None or _ends_soon(ca.certificate):
            ca = _issue_ca()
            _write(directory, "ca", ca)
        _ensure_leaf(directory, ca, "server", HERE, ExtendedKeyUsageOID.SERVER_AUTH)
        for name, spiffe_id in IDENTITIES.items():
            uri = (x509.UniformResourceIdentifier(spiffe_id),)
            _ensure_leaf(directory, ca, name, uri, ExtendedKeyUsageOID.CLIENT_AUTH)
    except OSError as failed:
        raise FailedPrecondition(
            f"{directory}: the dev certificates can't be kept here ({failed.strerror}). "
            "Name a data directory that can be written.",
            reason="TLS_UNWRITABLE",
        ) from failed


def _ensure_leaf(
    directory: Path, ca: KeyPair, name: str, names: Sequence[x509.GeneralName], usage: x509.ObjectIdentifier
) -> None:
    pair = _read(directory, name)
    if pair is None or _ends_soon(pair.certificate) or not _issued_by(pair.certificate, ca.certificate):
        _write(directory, name, _issue(ca, name, names, usage))


def _issue_ca() -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("schemaregistry dev CA")
    builder = (
        _builder(name, name, key, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return KeyPair(builder.sign(key, hashes.SHA256()), key)


def _issue(ca: KeyPair, name: str, names: Sequence[x509.GeneralName], usage: x509.ObjectIdentifier) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = (
        _builder(_name(name), ca.certificate.subject, key, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
    )
    return KeyPair(builder.sign(ca.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _ends_soon(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc - datetime.now(UTC) < RENEW


def _issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _read(directory: Path, name: str) -> KeyPair | None:
    """Read a pair from the disk; None where a half is missing, damaged, or doesn't belong to the other."""
    try:
        certificate = x509.load_pem_x509_certificate((directory / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((directory / f"{name}-key.pem").read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return KeyPair(certificate, key)


def _write(directory: Path, name: str, pair: KeyPair) -> None:
    key = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # A crash between the two leaves a certificate and a key that don't match; `_read` then has them made anew.
    _replace(directory / f"{name}-key.pem", key, 0o600)
    _replace(directory / f"{name}.pem", pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Write a new file with its mode set from the start, and rename it into place: others can never read the key."""
    path = path.resolve()  # a link stays, and its target is replaced
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    # O_EXCL: a file or link that someone else put there is refused.
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    beside.replace(path)
