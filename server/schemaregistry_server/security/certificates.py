"""TLS files of PEM: read, and proved to fit one another. Makes none; `pki.py` does, for development."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from schemaregistry.errors import FailedPrecondition, Unauthenticated


@dataclass(frozen=True, slots=True)
class TlsPem:
    """The bytes of the three files."""

    ca: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The CA of our peers' certificates, our certificate followed by those up to its CA, and its key unencrypted."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def paths(self) -> Sequence[Path]:
        return self.ca, self.certificate, self.key

    def pem(self) -> TlsPem:
        """Read the files; raise FailedPrecondition (TLS_FILES), with the file's name, where they can't serve."""
        pem = TlsPem(authorities(self.ca), _read(self.certificate), _read(self.key))
        if open_to_all(self.key):
            raise _unfit(self.key, f"every user of this machine may read or change it; run: chmod o= {self.key}")
        certificate, key = _certificates(self.certificate, pem.certificate)[0], _key(self.key, pem.key)
        if certificate.public_key() != key.public_key():
            raise _unfit(self.key, f"it is not the key of {self.certificate}")
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise _unfit(self.certificate, f"it expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
        return pem

    def context(self) -> ssl.SSLContext:
        """The TLS of a server that asks for its clients' certificates; raises as `pem` does.

        TLS 1.3 without tickets: no session is taken up again, which would keep an identity that has expired since.
        """
        self.pem()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(self.ca)
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as failed:  # replaced since they were read
            raise _unfit(self.certificate, str(failed)) from failed
        return context


def open_to_all(key: Path) -> bool:
    """Whether every user of the machine may read or change a key's file; those of its group may (mounted secrets)."""
    return bool(key.stat().st_mode & 0o006)


def authorities(ca: Path) -> bytes:
    """Read the certificates of CAs; raise FailedPrecondition (TLS_FILES) where they can't serve."""
    data = _read(ca)
    _certificates(ca, data)
    return data


def still_good(pem: bytes) -> None:
    """Return where a peer's certificate has not expired; raise Unauthenticated (CERTIFICATE_EXPIRED) where it has."""
    ends = _end(pem)
    if ends < datetime.now(UTC):
        raise Unauthenticated(
            f"The certificate expired at {ends:%Y-%m-%d %H:%M:%S} UTC: connect anew with one that is good.",
            reason="CERTIFICATE_EXPIRED",
        )


@lru_cache(maxsize=1024)
def _end(pem: bytes) -> datetime:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failed:
        raise _unfit(path, f"it can't be read ({failed.strerror})") from failed


def _certificates(path: Path, data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as failed:
        raise _unfit(path, "it is no certificate in PEM") from failed


def _key(path: Path, data: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as failed:
        raise _unfit(path, "it is no unencrypted private key in PEM") from failed


def _unfit(path: Path, why: str) -> FailedPrecondition:
    return FailedPrecondition(f"{path} can't be used for TLS: {why}.", reason="TLS_FILES", metadata={"file": str(path)})
