"""Read the one name that a client's certificate states: a SPIFFE id, or else a common name.

gRPC and REST both read certificates here: TLS libraries differ in what they make of odd ones. Of two common names gRPC
takes the first and Python's `ssl` the last, and for one of them a NUL ends a name. `forwarded_certificate.py` reads
what a proxy tells of a certificate, by the same rules.
"""

import re
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from schemaregistry.errors import InvalidArgument, Unauthenticated

SPIFFE_ID: Final = re.compile(r"spiffe://[a-z0-9._-]{1,255}(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)+\Z")
"""The SPIFFE id of a workload: a trust domain and a path, nothing else.

https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md, sections 2.1 to 2.4.
"""

MAX_BYTES: Final = 2048
"""The longest SPIFFE id (the same standard, section 2.3); the same bound holds for common names."""

_CACHED: Final = 1024
"""Certificates whose names are cached: as many clients as usually share a server."""


# By the certificate's bytes: a cache by the peer's address would be wrong the day that a port is used again.
@lru_cache(maxsize=_CACHED)
def certificate_name(certificate: bytes) -> str:
    """Return the SPIFFE id of a verified client's certificate (PEM or DER), or else its common name.

    Raises Unauthenticated (ODD_CERTIFICATE) where it states no name, more than one, or one that could be taken for
    another: a server must not guess which of several is meant.
    """
    try:
        found = parsed(certificate)
        uris, names = _uris(found), found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, TypeError) as failed:
        raise _odd("it can't be read") from failed
    return stated_name(uris, [name.value for name in names])


def stated_name(uris: list[str], common_names: list[str | bytes]) -> str:
    """Return the name that a certificate with these URIs and common names states; raises as `certificate_name`."""
    if any(uri.lower().startswith("spiffe:") for uri in uris):
        return _spiffe_id(uris)
    return _common_name(common_names)


def check_name(name: str, option: str) -> None:
    """Raise InvalidArgument (BAD_RULE), naming the option, where no certificate could state this name."""
    try:
        stated_name([name] if name.lower().startswith("spiffe:") else [], [name])
    except Unauthenticated:
        raise InvalidArgument(
            f"{option} {name[:100]!a} is no name of a certificate: write a SPIFFE id, or a plain common name.",
            reason="BAD_RULE",
        ) from None


def readable_name(certificate: bytes) -> str:
    """Return the name in a certificate for a log, "" where `certificate_name` finds none."""
    try:
        return certificate_name(certificate) if certificate else ""
    except Unauthenticated:
        return ""


def parsed(certificate: bytes) -> x509.Certificate:
    """Parse a certificate in PEM or DER; raises ValueError where it is neither."""
    if certificate.startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(certificate)
    return x509.load_der_x509_certificate(certificate)


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)


def _spiffe_id(uris: list[str]) -> str:
    if len(uris) != 1:
        raise _odd("it has more than one URI, and a SPIFFE id must be the only one")
    if not SPIFFE_ID.match(uris[0]) or len(uris[0]) > MAX_BYTES:
        raise _odd(f"{uris[0][:100]!a} is not the SPIFFE id of a workload (spiffe://TRUST-DOMAIN/PATH)")
    return uris[0]


def _common_name(names: list[str | bytes]) -> str:
    if not names:
        raise _odd("it has neither a SPIFFE id nor a common name")
    if len(names) > 1:
        raise _odd("it has more than one common name")
    name = names[0]
    if not isinstance(name, str) or not name.isprintable() or name != name.strip() or not name:
        raise _odd(f"its common name {name[:100]!a} is empty, or has blanks at its ends or unprintable characters")
    if len(name.encode()) > MAX_BYTES:
        raise _odd(f"its common name is over {MAX_BYTES:,} bytes")
    if name.lower().startswith("spiffe:"):
        # Whoever may ask the CA for a common name could ask for that one.
        raise _odd("its common name is written like a SPIFFE id, which must be a URI of the certificate")
    return name


def _odd(why: str) -> Unauthenticated:
    return Unauthenticated(
        f"The client's certificate names nobody here: {why}. Use one with a single SPIFFE id as its only URI, "
        "or with a single plain common name.",
        reason="ODD_CERTIFICATE",
    )
