"""Judge files named on standard input: each line `CONTRACT<tab>FILE` is answered with a line of JSON.

clients/cpp/tests/judge_files.cpp does the same with the C++ gate.
"""

import json
import sys
from functools import cache
from pathlib import Path

from schemaregistry.data import check, find
from schemaregistry.v1.contract_pb2 import Contract


@cache
def contract(path: str) -> Contract:
    """Read a compiled contract from a file."""
    return Contract.FromString(Path(path).read_bytes())


def main() -> None:
    """Judge files until the input ends."""
    for line in sys.stdin:
        by, path = line.rstrip("\n").split("\t")
        try:
            report = check(find([path]), contract(by))
            answer = {"verdict": report.verdict, "reason": report.error.reason if report.error else None}
        except Exception as error:  # noqa: BLE001 (what is looked for)
            answer = {"verdict": "raised", "reason": repr(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
