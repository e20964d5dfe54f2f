"""The file that a command was told to write. Knows nothing of what is in it."""

from pathlib import Path

from schemaregistry.errors import InvalidArgument


def write_output(path: Path, data: bytes) -> None:
    """Write it; raises InvalidArgument (OUTPUT_UNWRITABLE)."""
    try:
        path.write_bytes(data)
    except OSError as error:
        message = f"can't write {path} ({error.strerror}): name a file that can be written"
        raise InvalidArgument(message, reason="OUTPUT_UNWRITABLE") from None
