"""Why a registry can't be reached, in a sentence that names it and what to check.

gRPC tells only of the last address it tried, so one connection made by hand finds out: name, port, or handshake.
"""

import socket
import ssl
from typing import Final

from schemaregistry.client.credentials import Credentials
from schemaregistry.client.proxy import Proxy, proxy_for
from schemaregistry.client.target import address
from schemaregistry.errors import Unavailable

_SECONDS: Final = 1.0
"""The most that one step of finding out may take."""

_REJECTED_OURS: Final = (
    "CERTIFICATE_REQUIRED",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "ACCESS_DENIED",
)


def explain(target: str, credentials: Credentials, told: str) -> Unavailable:
    """Connect to `target` once and say what is in the way; `told` is gRPC's own account, for where nothing is.

    Blocks for about two seconds at most, once the name is resolved. Reasons: NAME_UNKNOWN, CONNECTION_REFUSED,
    CONNECTION_TIMED_OUT, TLS_HANDSHAKE, PROXY, UNAVAILABLE.
    """
    proxy = proxy_for(target)
    if proxy is not None:
        return _by_proxy(target, proxy, told)
    place = address(target)
    reason, sentence = _try(*place, credentials) if place else ("UNAVAILABLE", "")
    message = f"no registry answers at {target}: {sentence or told}"
    return Unavailable(message, reason=reason, metadata={"target": target})


def _by_proxy(target: str, proxy: Proxy, told: str) -> Unavailable:
    """What a proxy does with a connection is its own affair, so only the way to it is tried."""
    try:
        socket.create_connection((proxy.host, proxy.port), _SECONDS).close()
    except OSError as error:
        told = f"the proxy itself can't be reached ({error.strerror or error})"
    message = (
        f"no registry answers at {target} by way of {proxy}: {told}; if it is reached without a proxy, name its host "
        "in no_proxy"
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
    """A handshake, and one read: with TLS 1.3 (RFC 8446) a server's refusal of our certificate comes only after it."""
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
    """HTTP/2 servers speak first (RFC 9113, 3.4): one that hangs up instead didn't like what it was shown."""
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
