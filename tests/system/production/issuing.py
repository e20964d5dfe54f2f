"""Certificates of any kind from the CA in a directory that `pki.ensure` has filled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def issue(
    directory: Path, file: str, *uris: str, common_name: str = "someone", seconds: float = 3600, server: bool = False
) -> None:
    """Write `file`.pem and `file`-key.pem, good for so many seconds from now (negative: ended so long ago)."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri) for uri in uris]
    if server:
        names.append(x509.DNSName("localhost"))
    issue_as(
        directory,
        file,
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]),
        x509.SubjectAlternativeName(names) if names else None,
        seconds=seconds,
        server=server,
    )


def issue_as(
    directory: Path,
    file: str,
    subject: x509.Name,
    names: x509.ExtensionType | None,
    *,
    seconds: float = 3600,
    server: bool = False,
) -> None:
    """As `issue`, with any subject and any extension of names."""
    ca = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    ca_key = serialization.load_pem_private_key((directory / "ca-key.pem").read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(ends, datetime.now(UTC)) - timedelta(hours=1))
        .not_valid_after(ends)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    (directory / f"{file}-key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (directory / f"{file}-key.pem").chmod(0o600)
    (directory / f"{file}.pem").write_bytes(builder.sign(ca_key, hashes.SHA256()).public_bytes(pem))


def serial(certificate: bytes) -> int:
    """The serial number of a certificate in DER."""
    return x509.load_der_x509_certificate(certificate).serial_number
