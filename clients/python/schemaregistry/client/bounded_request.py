"""Send one request over HTTPS within bounds of size and time, and without following redirects.

For requests that carry a secret: to the exchanger of tokens, and to a CI's own server.
"""

import asyncio
import ipaddress
import json
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from schemaregistry.errors import InvalidArgument, Unavailable

if TYPE_CHECKING:
    import httpx

MAX_ANSWER: Final = 64 << 10
"""Bytes of an answer, which has one token and a few words."""

SECONDS: Final = 15.0
"""Seconds for the whole answer, from the connection to its last byte. An exchanger asks the CI's issuer for its keys,
for which it takes 5 s at most, and etcd."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer's status, its headers by their lower-case names, and its body where that is a JSON object, or {}."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpTrust:
    """The CA that a server's certificate must be of (None: those of the system), and a certificate to show to it."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return a TLS context; raises InvalidArgument (reason CREDENTIALS_UNREADABLE), naming the file at fault."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise _unusable(f"{self.ca} can't be used as a file of CAs", error) from None
        if self.cert:
            try:
                # The empty password makes an encrypted key fail here; without it OpenSSL would prompt on the terminal.
                context.load_cert_chain(self.cert, self.key, password=lambda: b"")
            except (OSError, ValueError) as error:
                raise _unusable(
                    f"{self.cert} and {self.key} can't be used as a certificate and its key", error
                ) from None
        return context


def check_url(url: str, what: str) -> SplitResult:
    """Return the parts of an https address; http may be used to this machine itself.

    Raises InvalidArgument (reason BAD_URL), saying why, for any other, and for one that holds a user's name or a `#`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    # The address isn't repeated: it may have a password.
    if not host or port == 0 or not safe or not url.isascii():
        why = "is no https address: write https://HOST:PORT; http is for 127.0.0.1 alone"
    elif parts.username is not None:
        why = "has a user's name or a password in it, which aren't used: leave out what is before the @, and the @"
    elif "#" in url:
        why = "has a #: leave it and what follows out"
    else:
        return parts
    raise InvalidArgument(f"{what} {why}", reason="BAD_URL")


def send(
    url: str, what: str, trust: HttpTrust, *, headers: Mapping[str, str], form: Mapping[str, str] | None = None
) -> HttpAnswer:
    """Return the answer to a POST of `form`, or without one to a GET; `what` is the server's name in errors.

    Raises Unavailable (reason NO_ANSWER) where there is no whole answer in SECONDS, or it has over MAX_ANSWER bytes,
    and InvalidArgument as `check_url` and `HttpTrust.context` do.
    """
    parts = check_url(url, what)
    place = f"{parts.scheme}://{parts.netloc}"
    # A proxy of the environment tunnels https unread, and would read http.
    context, by_proxy = trust.context(), parts.scheme == "https"
    try:
        return _in_own_thread(lambda: asyncio.run(_sent(url, context, by_proxy, headers, form)))
    except TimeoutError:
        raise _away(what, place, f"no whole answer within {SECONDS:g} s") from None
    except _Broken as broken:
        raise _away(what, place, str(broken)) from None


def _in_own_thread(work: Callable[[], HttpAnswer]) -> HttpAnswer:
    """Run `work` where no event loop runs, as one does in a notebook's thread. Ctrl-C ends the wait at once."""
    done: Future[HttpAnswer] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised by `result`)
            done.set_exception(error)

    Thread(target=run, name="schemaregistry-http", daemon=True).start()
    return done.result()


class _Broken(Exception):
    """No sound answer came; its text says why, and has nothing of the request but its place."""


async def _sent(
    url: str, tls: ssl.SSLContext, by_proxy: bool, headers: Mapping[str, str], form: Mapping[str, str] | None
) -> HttpAnswer:
    import httpx  # noqa: PLC0415 (most programs never exchange a token)

    # Not compressed: a few KiB may become any size when they are unpacked.
    usual = {"accept": "application/json", "accept-encoding": "identity"}
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(verify=tls, follow_redirects=False, trust_env=by_proxy, timeout=SECONDS) as client,
            client.stream("POST" if form else "GET", url, headers=usual | dict(headers), data=form) as answer,
        ):
            return HttpAnswer(answer.status_code, answer.headers, _object(await _body(answer)))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _Broken(str(error) or type(error).__name__) from None


async def _body(answer: "httpx.Response") -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > MAX_ANSWER:
            raise _Broken(f"the answer has over {MAX_ANSWER:,} bytes")
    return bytes(data)


def _object(data: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _away(what: str, place: str, why: str) -> Unavailable:
    message = f"{what} at {place} gives no answer: {why}; check its address, its CA and the network, and try again"
    return Unavailable(message, reason="NO_ANSWER", metadata={"url": place})


def _unusable(what: str, error: Exception) -> InvalidArgument:
    why = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
    return InvalidArgument(f"{what} ({why}): name PEM files", reason="CREDENTIALS_UNREADABLE")
