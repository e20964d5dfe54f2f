"""Detect bodies that are not JSON (a form, a file name, gzip, HTML, UTF-16) and refuse them by what they look like."""

import re
from typing import Final

from schemaregistry.errors import InvalidArgument

_JSON_STARTS: Final = frozenset(b'{["-0123456789tfn')
# A form: NAME= (but not ==), or a percent-encoded { or [.
_FORM: Final = re.compile(rb"\s*(?:[\w.~+*-]|%[0-9A-Fa-f]{2})+=(?!=)|\s*%(?:7B|5B)", re.IGNORECASE)

_WIDE: Final = re.compile(
    rb"(?P<utf_32>\xff\xfe\0\0|\0\0\xfe\xff|\0{3}[^\0]|[^\0]\0{3})|\xff\xfe|\xfe\xff|\0[^\0]\0|[^\0]\0[^\0]\0",
    re.DOTALL,
)
"""Text in units of two or four bytes: by its byte order mark, or the zeros it begins with (RFC 4627, section 3)."""

_SEND: Final = "Send the JSON itself: curl --data-binary @FILE."


def require_json(data: bytes) -> None:
    """Raise InvalidArgument (NOT_JSON), saying what `data` looks like, where it can't be JSON text.

    Other faults are left to the JSON parser, whose errors have a line.
    """
    start = data[:256].lstrip(b" \t\r\n")
    may_be = bool(start) and start[0] in _JSON_STARTS and not start.startswith(b"--")
    may_be = may_be and not _FORM.match(start) and not _WIDE.match(data)
    if may_be:
        return
    looks_like = _cause(data, start)
    if looks_like:
        raise InvalidArgument(f"{looks_like} {_SEND}", reason="NOT_JSON", pointer="")


_BEGINNINGS: Final = (
    (b"--", "The body is a multipart form (curl -F sends one)."),
    (b"@", "The body is a file's name after @, not the file: of curl's options -d and --data-binary read it."),
    (b"\x1f\x8b", "The body is compressed: say so, Content-Encoding: gzip."),
    (b"\x28\xb5\x2f\xfd", "The body is compressed: say so, Content-Encoding: zstd."),
    (b"<", "The body is HTML or XML."),
)


def _cause(data: bytes, start: bytes) -> str:
    """A sentence about what the body looks like; "" where the JSON parser's own error says it better."""
    if not data.strip():
        return "The body is white space alone." if data else "The body is empty."
    wide = _WIDE.match(data)
    if wide:
        return f"The body is {'UTF-32' if wide['utf_32'] else 'UTF-16'}: save it as UTF-8."
    if _FORM.match(start):
        return "The body is a form, name=value (curl --data-urlencode sends one)."
    return next((sentence for beginning, sentence in _BEGINNINGS if start.startswith(beginning)), "")
