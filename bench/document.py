"""`python -m bench.document`: measure the parsing of documents that are made to be slow or large.

Figures are milliseconds of CPU time, the best of five.
"""

import contextlib
import time
from typing import Any

from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from tests.unit.document.test_limits import BOMBS, LARGE, text


def main() -> None:
    """Print a line for each document of tests/unit/document/test_limits.py."""
    for name, (reason, members) in BOMBS.items():
        print(f"{measured(members):8.1f}  {reason:20} {name}")
    for name, members in LARGE.items():
        print(f"{measured(members):8.1f}  {'read':20} {name}")


def measured(members: dict[str, Any]) -> float:
    data = text(members)
    return min(_once(data) for _ in range(5))


def _once(data: bytes) -> float:
    began = time.process_time()
    with contextlib.suppress(InvalidArgument):
        parse(data)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
