"""Write the file that `--output` names."""

from pathlib import Path

from schemaregistry.errors import InvalidArgument


def write_output(path: Path, data: bytes) -> None:
    """Write a file. Raises InvalidArgument (OUTPUT_UNWRITABLE) where that fails."""
    try:
        path.write_bytes(data)
    except OSError as error:
        message = f"can't write {path} ({error.strerror}): name a file that can be written"
        raise InvalidArgument(message, reason="OUTPUT_UNWRITABLE") from None
