"""Read the token that each call shows beside the client's certificate: from a file, or from the caller's function.

The token itself never is in an error, a log line or a `repr`.
"""

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from schemaregistry.errors import RegistryError, Unauthenticated

TokenProvider: TypeAlias = Callable[[], str]
"""A function that returns the token for the next call."""

MOST_BYTES: Final = 8 << 10
"""Bytes of a token: the registry takes no more, and it goes into a header of each call."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1: nothing that could end the header."""


def read_token(path: Path) -> str:
    """Return the token in a file; white space around it doesn't count.

    Raises Unauthenticated (reason TOKEN_FILE), naming the file, where it can't be read or has no token.
    """
    try:
        # A FIFO would block until it has a writer, and could be read for one call alone.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _wrong_file(path, "is no regular file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 3)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise _wrong_file(path, f"can't be read ({why})") from None
    text = data.decode("latin-1").strip()
    if not text:
        raise _wrong_file(path, "is empty")
    if not is_token(text):
        raise _wrong_file(path, "has no token: one word of letters, digits and -._~+/ is expected")
    return text


def provided_token(provider: TokenProvider) -> str:
    """Return the token that `provider` gives. A RegistryError that it raises passes.

    Raises Unauthenticated (reason TOKEN_PROVIDER) where it raises anything else, or returns no token.
    """
    try:
        text = provider()
    except RegistryError:
        raise
    except Exception as error:
        # Its text may hold the token; the cause has it for whoever debugs the function.
        message = f"the token provider failed ({type(error).__name__}): mend the function, or give a token_file"
        raise Unauthenticated(message, reason="TOKEN_PROVIDER") from error
    if not isinstance(text, str) or not is_token(text):
        message = "the token provider returned no token: it has to return one as a str, without `Bearer`"
        raise Unauthenticated(message, reason="TOKEN_PROVIDER")
    return text


def is_token(text: str) -> bool:
    """Tell whether a text can be sent as a token."""
    return len(text) <= MOST_BYTES and _TOKEN.fullmatch(text) is not None


def _wrong_file(path: Path, what: str) -> Unauthenticated:
    message = (
        f"the token file {path} {what}: write a token there by `schemaregistry login --token-file {path}`, or name "
        "another file (--token-file, SCHEMAREGISTRY_TOKEN_FILE)"
    )
    return Unauthenticated(message, reason="TOKEN_FILE", metadata={"file": str(path)})
