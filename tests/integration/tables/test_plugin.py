"""The pytest plugin: a test says which table conforms to what, and its failure shows the report."""

import subprocess
import sys
from pathlib import Path

TEST = """
import pyarrow as pa

TICKS = {{"ts": pa.array([0], pa.timestamp("us")), "symbol": ["A"], "price": [1.0], "size": pa.array([1], pa.int32())}}


def test_clean(assert_conforms):
    report = assert_conforms(pa.table(TICKS), {schema!r})
    assert report.rows == 1


def test_bad(assert_conforms):
    assert_conforms(pa.table(TICKS | {{"side": ["X"]}}), {schema!r})
"""


def test_the_fixture_is_there_without_a_conftest_and_its_failure_shows_the_report(schema: Path, tmp_path: Path) -> None:
    (tmp_path / "test_ticks.py").write_text(TEST.format(schema=str(schema)), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout
    assert "violates  ticks_v1 1.1.0: 1 row in 1 file, 1 of them fail" in done.stdout
    assert 'side    enum  one of "B", "S"  "X"' in done.stdout
    assert "checking.py" not in done.stdout  # the failure stands in the test, not in what it calls
