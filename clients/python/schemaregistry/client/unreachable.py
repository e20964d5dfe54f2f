"""Find out why a registry can't be reached, and say in a sentence what to check.

gRPC reports only the last address that it tried, so this makes one connection of its own and sees what fails: the name,
the port, or the TLS handshake.
"""

import socket
import ssl
from typing import Final

from schemaregistry.client.credentials import Credentials
from schemaregistry.client.proxy import Proxy, proxy_for
from schemaregistry.client.target import address
from schemaregistry.errors import Unavailable

_SECONDS: Final = 1.0
"""Seconds that one step (connecting, the handshake) may take."""

# Alerts of TLS (RFC 8446, section 6.2) by which a server refuses a client's certificate, as OpenSSL names them.
_REJECTED_OURS: Final = (
    "CERTIFICATE_REQUIRED",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "ACCESS_DENIED",
)


def explain(target: str, credentials: Credentials, grpc_message: str) -> Unavailable:
    """Connect to `target` once and return an error that says what fails.

    `grpc_message` is gRPC's own message, for the case that nothing fails here. Blocks for at most about two seconds
    after the name is resolved. The error's reason is NAME_UNKNOWN, CONNECTION_REFUSED, CONNECTION_TIMED_OUT,
    TLS_HANDSHAKE, PROXY or UNAVAILABLE.
    """
    proxy = proxy_for(target)
    if proxy is not None:
        return _by_proxy(target, proxy, grpc_message)
    place = address(target)
    reason, sentence = _try(*place, credentials) if place else ("UNAVAILABLE", "")
    message = f"no registry answers at {target}: {sentence or grpc_message}"
    return Unavailable(message, reason=reason, metadata={"target": target})


def _by_proxy(target: str, proxy: Proxy, grpc_message: str) -> Unavailable:
    """Return the error for a registry behind a proxy, after trying to reach the proxy alone.

    A connection through it would need the proxy's own protocol and perhaps a password.
    """
    try:
        socket.create_connection((proxy.host, proxy.port), _SECONDS).close()
    except OSError as error:
        grpc_message = f"the proxy itself can't be reached ({error.strerror or error})"
    message = (
        f"no registry answers at {target} by way of {proxy}: {grpc_message}; if it is reached without a proxy, "
        "name its host in no_proxy"
    )
    return Unavailable(message, reason="PROXY", metadata={"target": target, "proxy": f"{proxy.host}:{proxy.port}"})


def _try(host: str, port: int, credentials: Credentials) -> tuple[str, str]:
    try:
        with socket.create_connection((host, port), _SECONDS) as plain:
            return _shake_hands(plain, host, credentials)
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) else error
        return "NAME_UNKNOWN", f"the name {host} is unknown ({why}); check --registry (SCHEMAREGISTRY_TARGET)"
    except ConnectionRefusedError:
        return "CONNECTION_REFUSED", (
            "the connection is refused; check that it is running (`schemaregistry serve --dev`) and that this is its "
            "gRPC port (--registry, SCHEMAREGISTRY_TARGET)"
        )
    except TimeoutError:
        return "CONNECTION_TIMED_OUT", "it doesn't take connections in time; check the address and the network's rules"
    except OSError as error:
        return "UNAVAILABLE", f"{error.strerror or error}; check the address and the network"


def _shake_hands(plain: socket.socket, host: str, credentials: Credentials) -> tuple[str, str]:
    """Do the TLS handshake and read once: a TLS 1.3 server (RFC 8446) refuses our certificate after its handshake."""
    try:
        with credentials.tls().wrap_socket(plain, server_hostname=host) as secure:
            return _read_refusal(secure, credentials)
    except ssl.SSLCertVerificationError as error:
        return "TLS_HANDSHAKE", (
            f"its certificate is not trusted ({error.verify_message}); check that {credentials.ca} is that registry's "
            f"CA and that the certificate is made for the name {host}"
        )
    except ssl.SSLError as error:
        return "TLS_HANDSHAKE", _refusal(error, credentials)


def _read_refusal(secure: ssl.SSLSocket, credentials: Credentials) -> tuple[str, str]:
    """Read a byte: an HTTP/2 server sends first (RFC 9113, 3.4), so one that hangs up has refused our certificate."""
    try:
        if secure.recv(1):
            return "UNAVAILABLE", ""
    except ssl.SSLError as error:
        return "TLS_HANDSHAKE", _refusal(error, credentials)
    except ConnectionError:
        pass
    return (
        "TLS_HANDSHAKE",
        f"it hangs up on our certificate; check that its CA issued {credentials.cert}, and its dates",
    )


def _refusal(error: ssl.SSLError, credentials: Credentials) -> str:
    name = error.reason or str(error)
    if any(known in name for known in _REJECTED_OURS):
        return f"it refuses our certificate ({name}); check that its CA issued {credentials.cert}, and its dates"
    return f"the TLS handshake fails ({name}); check that this is its gRPC port, which speaks mutual TLS"
