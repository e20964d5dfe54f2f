"""Check the origins of web pages that the setting `cors-origin` names."""

import re
from typing import Final

from schemaregistry.errors import InvalidArgument

_ORIGIN: Final = re.compile(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
"""An origin as browsers write it (Fetch, "serializing a request origin"): in lower case, without a path."""

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


def check_origin(origin: str) -> None:
    """Raise InvalidArgument (BAD_ORIGIN) for what no browser sends as the origin of a page that has one."""
    found = _ORIGIN.fullmatch(origin)
    if not found or found[2] == _DEFAULT_PORTS[found[1]]:
        raise InvalidArgument(
            f"--cors-origin {origin[:100]!a} is no origin: write https://HOST, or https://HOST:PORT, in lower case, "
            "without a path, without the usual port and without *.",
            reason="BAD_ORIGIN",
        )
