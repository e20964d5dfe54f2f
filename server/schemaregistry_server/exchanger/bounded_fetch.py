"""Get one JSON document over HTTPS, within bounds of size and time, and without following redirects."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Final

import httpx

from schemaregistry.errors import FailedPrecondition, Unavailable

MAX_BYTES: Final = 256 << 10
"""Bytes of a document. GitHub's key set has 4 KiB."""

SECONDS: Final = 5.0
"""Seconds for the whole document, from the connection to its last byte."""


def authorities(ca: Path | None) -> ssl.SSLContext:
    """The TLS context that trusts the CAs in the file, or else the system's.

    Raises FailedPrecondition (TLS_FILES) where the file can't be read or has none.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as failed:
        raise FailedPrecondition(f"{ca} can't be used as a file of CAs: {failed}.", reason="TLS_FILES") from failed


async def fetch_json(url: str, tls: ssl.SSLContext, *, bearer: str = "") -> object:
    """Return the JSON at `url`, an https address; `bearer` is a token to send.

    Raises Unavailable (ISSUER_UNREACHABLE) for whatever else comes: no answer in SECONDS, a status other than 200 (a
    redirect, too), more than MAX_BYTES, or no JSON.
    """
    if not url.startswith("https://"):
        raise _unreachable(url, "it is no https address")
    try:
        async with asyncio.timeout(SECONDS):
            data = await _bytes(url, tls, bearer)
        return json.loads(data)
    except TimeoutError:
        raise _unreachable(url, f"no whole answer within {SECONDS:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        raise _unreachable(url, str(failed) or type(failed).__name__) from None
    except (ValueError, RecursionError):
        raise _unreachable(url, "the answer is no JSON") from None


async def _bytes(url: str, tls: ssl.SSLContext, bearer: str) -> bytes:
    # Without the environment: a proxy or a .netrc named there would be asked for what decides who may publish.
    client = httpx.AsyncClient(verify=tls, follow_redirects=False, trust_env=False, timeout=SECONDS)
    # Not compressed: a few KiB may become any size when they are unpacked.
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    async with client, client.stream("GET", url, headers=headers) as answer:
        if answer.status_code != httpx.codes.OK:
            raise _unreachable(url, f"the answer is {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise _unreachable(url, "the answer is compressed")
        data = bytearray()
        async for chunk in answer.aiter_raw():
            data += chunk
            if len(data) > MAX_BYTES:
                raise _unreachable(url, f"the answer has over {MAX_BYTES:,} bytes")
    return bytes(data)


def _unreachable(url: str, why: str) -> Unavailable:
    return Unavailable(f"{url}: {why}.", reason="ISSUER_UNREACHABLE", metadata={"url": url})
