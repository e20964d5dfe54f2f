"""Pages of a list in a fixed order: a page's token says after which member it goes on, so writes between don't matter.

Holds the tokens and the sizes (https://google.aip.dev/158), not the lists.
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
    """What was asked for: at most `size` members after the member `after` ("" at the start)."""

    size: int
    after: str
    query: str

    @property
    def after_revision(self) -> int:
        """`after` of a list in the order of revisions, 0 at the start; raises InvalidArgument (BAD_PAGE_TOKEN)."""
        if self.after and not re.fullmatch("[0-9]{1,19}", self.after):
            raise _bad_token()
        return int(self.after or 0)

    def token(self, last: str) -> str:
        """The token of the page after the one that ends with `last`."""
        return base64.urlsafe_b64encode(json.dumps([self.query, last]).encode()).decode().rstrip("=")


def read(size: int, token: str, *query: str) -> PageRequest:
    """Read a request's paging; `query` is what the list was asked for, which a token goes with.

    Raises InvalidArgument (BAD_PAGE_SIZE, BAD_PAGE_TOKEN); a size over the most there is becomes the most.
    """
    if size < 0:
        raise InvalidArgument(f"page_size is {size}: leave it out or ask for 1 to {MAX_SIZE}.", reason="BAD_PAGE_SIZE")
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
