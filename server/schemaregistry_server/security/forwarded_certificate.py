"""Read the client's name from `x-forwarded-client-cert`, by which a trusted proxy says whose certificate it verified.

Envoy, which defines the header, quotes the subject and escapes it (RFC 4514), but writes URIs and DNS names as the
certificate has them, semicolons and commas too (https://github.com/envoyproxy/envoy/issues/32945). So a client whose CA
signs any name could write parts of the header. Hence one element is taken and no more, its keys must be in the order in
which Envoy writes them, with one URI, and no DNS names: after a URI there is nothing.
"""

import re
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from schemaregistry.errors import Unauthenticated
from schemaregistry_server.security.certificate_name import stated_name

HEADER: Final = "x-forwarded-client-cert"

MAX_HEADER: Final = 16 << 10
"""Characters of the header: it may have the client's whole chain, percent-encoded."""

_PAIR: Final = re.compile(r'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\\ ]*))(;|\Z)')
"""A key, its value with or without quotation marks, and what ends it."""

_KEYS: Final = ("by", "hash", "cert", "chain", "subject", "uri")
"""The keys that there are, in Envoy's order (seen in 1.40, and in `mutateXfccRequestHeader` of its source)."""

_REPEATED: Final = frozenset({"by"})

_ATTRIBUTES: Final = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "title": NameOID.TITLE,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "description": x509.ObjectIdentifier("2.5.4.13"),
}
"""Attributes of a subject by the names that OpenSSL writes, beyond those of RFC 4514."""


@lru_cache(maxsize=1024)
def forwarded_name(lines: tuple[str, ...]) -> str:
    """Return the SPIFFE id or the common name in the header's `lines`, by the rules of `certificate_name.py`.

    Raises Unauthenticated: BAD_FORWARDED_CERTIFICATE where the header is anything but one element with a `URI` (empty
    for a certificate without one), ODD_CERTIFICATE where the certificate states no name, or more than one.
    """
    if len(lines) != 1:
        raise _bad("it is there more than once")
    if len(lines[0]) > MAX_HEADER:
        raise _bad(f"it has over {MAX_HEADER:,} characters")
    pairs = _pairs(lines[0])
    uri = next((value for key, value in pairs if key == "uri"), None)
    if uri is None:
        # Without it a certificate's common name would count that has a SPIFFE id as well.
        raise _bad("it doesn't say which URI the certificate has, or that it has none")
    subject = next((value for key, value in pairs if key == "subject"), "")
    return stated_name([uri] if uri else [], [] if uri.lower().startswith("spiffe:") else _common_names(subject))


def _pairs(line: str) -> list[tuple[str, str]]:
    if not line.isascii() or not line.isprintable():
        raise _bad("it has characters that aren't printable ASCII")
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(line) or line.endswith(";"):
        found = _PAIR.match(line, at)
        if not found:
            raise _bad("it is not one element of KEY=VALUE pairs")
        key, quoted, plain, _ = found.groups()
        pairs.append((key.lower(), plain if quoted is None else quoted))
        at = found.end()
    keys = [key for key, _ in pairs]
    if unknown := [key for key in keys if key not in _KEYS]:
        raise _bad(f"it has a key {unknown[0][:20]}")
    if keys != sorted(keys, key=_KEYS.index):
        raise _bad("its keys are not in Envoy's order")
    if repeated := [key for key in set(keys) - _REPEATED if keys.count(key) > 1]:
        raise _bad(f"it has more than one {repeated[0]}")
    return pairs


def _common_names(subject: str) -> list[str | bytes]:
    try:
        name = x509.Name.from_rfc4514_string(subject, _ATTRIBUTES)
    except ValueError:
        raise _bad("its subject can't be read") from None
    return [attribute.value for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _bad(why: str) -> Unauthenticated:
    return Unauthenticated(
        f"The proxy's {HEADER} names nobody: {why}. Envoy needs `forward_client_cert_details: SANITIZE_SET` and "
        "`set_current_client_cert_details: { subject: true, uri: true }`.",
        reason="BAD_FORWARDED_CERTIFICATE",
    )
