"""Which host and path an HTTP/1.1 request asks for: its target and its Host header, which must agree."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from schemaregistry_server.transport.http_refused import HttpRefused

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", re.DOTALL)


def origin_form(target: bytes, hosts: Sequence[bytes], version: str) -> bytes:
    """The path and query of a request's target; raise Refused (BAD_HOST).

    A target may be a whole URL, whose host is the one that is asked for (RFC 9112, section 3.2.2): it must be the Host
    header's, so that whoever judges that header judges this one too. HTTP/1.1 has one such header (section 3.2).
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
