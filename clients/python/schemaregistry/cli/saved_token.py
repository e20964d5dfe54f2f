"""Where `login` writes a token unless another file is named, and whether the one there is still good.

There is a file for each registry, by the address as it was written: a token is never shown to another registry.
"""

import os
import time
from pathlib import Path
from urllib.parse import quote

from schemaregistry.client.bearer import read_token
from schemaregistry.client.token_facts import read_facts
from schemaregistry.errors import InvalidArgument, RegistryError


def saved_token(registry: str) -> Path:
    """Return the path of the token for a registry, HOST:PORT, in the user's cache directory.

    Raises InvalidArgument (reason NO_HOME) where there is none.
    """
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".cache"
    except RuntimeError:
        message = "this user has no home directory: name a file for the token (--token-file)"
        raise InvalidArgument(message, reason="NO_HOME") from None
    return folder / "schemaregistry" / "tokens" / quote(registry, safe=":")


def good_token(registry: str) -> Path | None:
    """Return that path where there is a token that says when it ends, and hasn't ended."""
    try:
        path = saved_token(registry)
        ends = read_facts(read_token(path)).expires
    except RegistryError:
        return None
    return path if ends is not None and ends.timestamp() > time.time() else None
