"""Write a key and a token for a test in another language: `python -m tests.support.token_files FOLDER`."""

import sys
from pathlib import Path

from tests.support.publishing_tokens import TokenMaker


def write(folder: Path) -> None:
    """Write `exchanger.pub`, for a server that takes the token, and `ticks`, the token, which may publish `ticks_*`."""
    maker = TokenMaker()
    maker.public(folder / "exchanger.pub")
    (folder / "ticks").write_text(maker.token("ticks_*"), encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
