"""The exit code of each error that reaches the command line, and of commands that write.

One rule for those: 1 where the registry judged what was sent and refused it, 3 where it could not be done, for want of
rights or of a registry.
"""

from collections.abc import Iterable
from typing import Final

from schemaregistry.errors import RegistryError

EXIT: Final = {
    "INVALID_ARGUMENT": 2,
    "NOT_FOUND": 2,
    "ALREADY_EXISTS": 1,
    "FAILED_PRECONDITION": 1,
}
UNKNOWN: Final = 3
"""The code of every other error: what was asked could not be told, or not be done."""


def exit_code(error: RegistryError) -> int:
    """2 for usage, 1 where what was asked doesn't hold, 3 where that could not be told."""
    return EXIT.get(error.code, UNKNOWN)


def of_all(codes: Iterable[int]) -> int:
    """The exit code of a command that wrote several things: 1 where one was judged and refused, else the highest."""
    found = set(codes)
    return 1 if 1 in found else max(found, default=0)
