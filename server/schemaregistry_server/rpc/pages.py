"""Page sizes and page tokens of the list RPCs (https://google.aip.dev/158).

A list has a fixed order, and a token names the last item of the page before, so writes between two pages do no harm.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from schemaregistry.errors import InvalidArgument

DEFAULT_SIZE: Final = 100
MAX_SIZE: Final = 1000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list: at most `size` items after the item `after` ("" for the first page).

    `query` is a hash of the list's filters, which is part of each token.
    """

    size: int
    after: str
    query: str

    @property
    def after_revision(self) -> int:
        """`after` as a revision, for a list in that order; 0 for the first page.

        Raises InvalidArgument (BAD_PAGE_TOKEN).
        """
        if self.after and not re.fullmatch("[0-9]{1,19}", self.after):
            raise _bad_token()
        return int(self.after or 0)

    def token(self, last: str) -> str:
        """The token of the next page, where this page ends with the item `last`."""
        return base64.urlsafe_b64encode(json.dumps([self.query, last]).encode()).decode().rstrip("=")


def read(size: int, token: str, *query: str) -> PageRequest:
    """Read a request's `page_size` and `page_token`; `query` is the list and its filters, which the token must match.

    A size over MAX_SIZE becomes MAX_SIZE. Raises InvalidArgument (BAD_PAGE_SIZE, BAD_PAGE_TOKEN).
    """
    if size < 0:
        raise InvalidArgument(f"page_size is {size}: leave it out or ask for 1 to {MAX_SIZE}.", reason="BAD_PAGE_SIZE")
    # A hash, so that a token of long filters stays short.
    mark = hashlib.sha256("\0".join(query).encode()).hexdigest()[:16]
    return PageRequest(min(size or DEFAULT_SIZE, MAX_SIZE), _after(token, mark) if token else "", mark)


def _after(token: str, mark: str) -> str:
    try:
        asked, last = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        asked, last = "", None
    if asked != mark or not isinstance(last, str):
        raise _bad_token()
    return last


def _bad_token() -> InvalidArgument:
    return InvalidArgument(
        "page_token is not one that this list gave: pass next_page_token back as it was, with the same filters, or "
        "start again without it.",
        reason="BAD_PAGE_TOKEN",
    )
