"""Columns from paths in C++, to the verdicts of Python."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry import data
from tests.unit.data.test_partitions import CONTRACT, DOCUMENT, FORMATS, Lay, lay

__all__ = ["lay"]

FOLDERS = [
    "date=2026-01-05/symbol=A%20B/lot=7",
    "date=2026-01-06/symbol=C/lot=__HIVE_DEFAULT_PARTITION__",
    "run=3/date=2026-01-05/symbol=A",
    "date=2026-01-05/symbol=a",
    "date=2026-01-05/symbol=A/lot=11",
    "date=2026-01-05/symbol=A/lot=x",
    "date=2026-01-05",
    "date=__HIVE_DEFAULT_PARTITION__/symbol=A",
    "date=2026-01-05/symbol=%FF",
    "date=2026-01-05/symbol=A/symbol=B",
    "date=2026-02-30/symbol=A",
]
NO_DAY = FOLDERS[-1]


def found(report: dict[str, Any]) -> list[Any]:
    return [(each["column"], each["rule"], each["count"], each["examples"]) for each in report["violations"]]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_path_is_read_as_by_python(
    folder: str,
    kind: str,
    lay: Lay,
    schema_load: Callable[..., Any],
    compiled: Callable[[bytes], Path],
) -> None:
    path = lay(folder, kind)
    ran = schema_load(path, "--contract", compiled(json.dumps(DOCUMENT).encode()), "--json", "--check-only")
    expected = json.loads(json.dumps(data.check(data.find([str(path)]), CONTRACT).to_json()))
    assert (ran.report["verdict"], ran.report["rows"]) == (expected["verdict"], expected["rows"]), ran.stderr
    assert ran.report["rows_failing"] == expected["rows_failing"]
    if folder != NO_DAY or kind not in (
        "parquet",
        "arrow",
    ):  # There it is a column of texts to C++: the rule is `arrow`.
        assert found(ran.report) == found(expected)
