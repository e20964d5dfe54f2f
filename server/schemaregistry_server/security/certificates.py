"""Read PEM files for TLS and check that they belong together; `pki.py` makes such files for development."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from schemaregistry.errors import FailedPrecondition, Unauthenticated
from schemaregistry_server.security.certificate_name import parsed


@dataclass(frozen=True, slots=True)
class TlsPem:
    """The bytes of the three files of `TlsFiles`."""

    ca: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A server's TLS files: the CA of its peers' certificates, its own certificate chain, and its unencrypted key."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def paths(self) -> Sequence[Path]:
        return self.ca, self.certificate, self.key

    def pem(self) -> TlsPem:
        """Read and check the files.

        Raises FailedPrecondition (TLS_FILES), naming the file, where one can't be read, has expired, is open to other
        users, or the key is another certificate's.
        """
        pem = TlsPem(authorities(self.ca), _read(self.certificate), _read(self.key))
        if open_to_all(self.key):
            raise _unfit(self.key, f"every user of this machine may read or change it; run: chmod o= {self.key}")
        certificate, key = _certificates(self.certificate, pem.certificate)[0], _key(self.key, pem.key)
        if certificate.public_key() != key.public_key():
            raise _unfit(self.key, f"it is not the key of {self.certificate}")
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise _unfit(self.certificate, f"it expired at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
        return pem

    def context(self, *, certificates: bool = True) -> ssl.SSLContext:
        """The TLS context of a server that requires client certificates, or only verifies those that it gets.

        Raises as `pem` does.

        TLS 1.3 without tickets, so that no client resumes a session whose certificate has expired since. In TLS 1.2
        OpenSSL would resume by session ids as well.
        """
        self.pem()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.verify_mode = ssl.CERT_REQUIRED if certificates else ssl.CERT_OPTIONAL
        try:
            context.load_verify_locations(self.ca)
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as failed:  # replaced since they were read
            raise _unfit(self.certificate, str(failed)) from failed
        return context


def open_to_all(key: Path) -> bool:
    """Whether every user of the machine may read or change a key's file. Its group may: mounted secrets need that."""
    return bool(key.stat().st_mode & 0o006)  # others: read or write


def authorities(ca: Path) -> bytes:
    """Read a file of CA certificates; raises FailedPrecondition (TLS_FILES) where it can't be read or has none."""
    data = _read(ca)
    _certificates(ca, data)
    return data


def days_left(path: Path) -> float:
    """The days until the certificate in a file expires; of several CAs the last one counts.

    Raises FailedPrecondition (TLS_FILES) where the file can't be read or has none.
    """
    first, *more = _certificates(path, _read(path))
    is_ca = all(each.issuer == each.subject for each in (first, *more))
    ends = max(each.not_valid_after_utc for each in (first, *(more if is_ca else ())))
    left: timedelta = ends - datetime.now(UTC)
    return left / timedelta(days=1)


def still_good(certificate: bytes) -> None:
    """Raise Unauthenticated (CERTIFICATE_EXPIRED) where a peer's certificate (PEM or DER) has expired meanwhile."""
    ends = _end(certificate)
    if ends < datetime.now(UTC):
        raise Unauthenticated(
            f"The certificate expired at {ends:%Y-%m-%d %H:%M:%S} UTC: connect anew with one that is good.",
            reason="CERTIFICATE_EXPIRED",
        )


@lru_cache(maxsize=1024)
def _end(certificate: bytes) -> datetime:
    return parsed(certificate).not_valid_after_utc


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
