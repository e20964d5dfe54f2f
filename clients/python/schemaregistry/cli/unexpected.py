"""Report an unexpected error: one line, exit code 3, and a file with the traceback to send to the maintainers."""

import errno
import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from schemaregistry.cli.say import say
from schemaregistry.cli.standard_streams import OutputLost
from schemaregistry.terminal import printable

EXIT: Final = 3
"""Could not tell; 1 would mean that the data violate their contract."""
_NOT_PRINTED: Final = "what is printed can't be written"
_PACKAGES: Final = ("schemaregistry", "pyarrow", "numpy", "protobuf", "grpcio", "jsonschema-rs", "jsonschema")


def tell(error: Exception, words: Sequence[str], *, debug: bool) -> int:
    """Print on stderr what happened, write the traceback to a file, and return the exit code.

    `words` are the words of the command line; with `debug` the traceback is printed too.
    """
    if isinstance(error, OutputLost):
        lost = "nobody reads what is printed; it isn't complete" if error.broken_pipe else f"{_NOT_PRINTED}: {error}"
        say(f"schemaregistry: {lost}.", err=True)
        return EXIT
    if debug:
        say(_traceback(error).rstrip("\n"), err=True)
    if isinstance(error, MemoryError):
        say("schemaregistry: memory ran out: give the program more, or less to do.", err=True)
        return EXIT
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        say(
            f"schemaregistry: a file can't be written ({error.strerror}): make room, for temporary files too.", err=True
        )
        return EXIT
    what = " ".join(f"{type(error).__name__}: {error}".split())
    file = _write_report(_report_text(error, words))
    where = f"Please send the file {file} with a report" if file else "Please report it with what --debug shows"
    say(f"schemaregistry: unexpected error, a fault of this program ({_cut(what)}). {where}.", err=True)
    return EXIT


def _report_text(error: Exception, words: Sequence[str]) -> str:
    """Return the text of the file: the command with the names of its options (values may be secret), the versions of
    packages, and the traceback."""
    named = [word.partition("=")[0] for word in words if word.startswith("-") and word != "-"]
    lines = [
        f"command: {words[0] if words and not words[0].startswith('-') else ''} {' '.join(named)}".rstrip(),
        f"Python {platform.python_version()} on {platform.platform()}",
        *(f"{name} {_version(name)}" for name in _PACKAGES),
    ]
    return "\n".join((*lines, "", _traceback(error)))


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).encode(errors="backslashreplace").decode()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "isn't installed"


def _write_report(text: str) -> str | None:
    """Write a new file that only the user may read, and return its path; None where none can be written."""
    try:
        # `mkstemp` makes the file with mode 600: a traceback may quote data.
        descriptor, name = tempfile.mkstemp(prefix="schemaregistry-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return name


def _cut(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= 200 else shown[:199] + "…"
