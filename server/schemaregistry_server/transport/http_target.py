"""Read the path from an HTTP/1.1 request's target, and check that target and Host header name the same host."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from schemaregistry_server.transport.http_refused import HttpRefused

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.DOTALL)


def origin_form(target: bytes, hosts: Sequence[bytes], version: str) -> bytes:
    """The path and query of a request's target.

    A target may be a whole URL, whose host then counts (RFC 9112, section 3.2.2). It must be the Host header's, since
    the guard against web pages (`dev_callers.py`) looks at that header. Raises HttpRefused (BAD_HOST) where they
    differ, or where an HTTP/1.1 request has no Host header or several (section 3.2).
    """
    if version == "1.1" and len(hosts) != 1:
        many = f"{len(hosts)} Host headers" if hosts else "no Host header"
        raise _bad(f"The request has {many}: HTTP/1.1 takes one, the host that is asked.")
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute:
        authority, target = absolute.groups()
        if any(host.lower() != authority.lower() for host in hosts) or b"@" in authority:
            raise _bad("The request's line names another host than its Host header: leave one of them.")
        if not target.startswith(b"/"):
            target = b"/" + target
    return target


def _bad(detail: str) -> HttpRefused:
    return HttpRefused(HTTPStatus.BAD_REQUEST, "BAD_HOST", detail)
