"""The exit code of each error that reaches the command line."""

from typing import Final

from schemaregistry.errors import RegistryError

EXIT: Final = {
    "INVALID_ARGUMENT": 2,
    "NOT_FOUND": 2,
    "ALREADY_EXISTS": 1,
    "FAILED_PRECONDITION": 1,
}
UNKNOWN: Final = 3
"""The code of every other error: what was asked could not be told."""


def exit_code(error: RegistryError) -> int:
    """2 for usage, 1 where what was asked doesn't hold, 3 where that could not be told."""
    return EXIT.get(error.code, UNKNOWN)
