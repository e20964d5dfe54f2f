"""`schemaregistry compat`: read pairs of draft-07 schemas as JSON lines, and write a verdict for each.

`compat/json_lines.py` answers a line, in the child process of `compat_process.py`.
"""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import typer

from schemaregistry.cli.diff import EXIT


def compat(
    seconds: Annotated[
        float, typer.Option(min=0.001, max=3600, help="Time for one pair, after which it is unknown.")
    ] = 1.0,
) -> None:
    """Read lines {"id", "old", "new"}, write lines {"id", "verdict", "witness"}: is all that is valid under old valid
    under new? A witness, where the verdict is incompatible, is valid under old and not under new. A line that can't be
    judged is answered {"id", "error"}; what isn't decided in time, or within 256 MiB, is unknown with the reason.
    Further members of a line decide nothing: "ignored" of its answer names them.

    Exits with the largest code of its lines: 0 compatible, 1 incompatible, 2 the line can't be judged, 3 unknown.
    """
    from schemaregistry.cli.compat_process import CompatProcess

    worst = 0
    with CompatProcess() as judge:
        for line in _lines(sys.stdin.buffer):
            answer = judge.answer_line(line, seconds)
            sys.stdout.write(answer + "\n")
            sys.stdout.flush()
            worst = max(worst, EXIT.get(json.loads(answer).get("verdict"), 2))
    raise typer.Exit(worst)


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Yield each line that isn't empty; one over the limit is cut just behind it, and then refused for its length."""
    from schemaregistry.compat.json_lines import MAX_BYTES

    while line := source.readline(MAX_BYTES + 2):
        rest = line
        while not rest.endswith(b"\n") and (rest := source.readline(MAX_BYTES)):
            pass
        if line.strip():
            yield line
