"""Records of many MiB: judged in bounded memory, or refused."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "schemas/ticks_v1.json"
MOST = 512 << 20


def report_of(file: Path) -> dict[str, Any]:
    """What the command says, in a process of its own: the peak is of a whole process."""
    command = [sys.executable, "-m", "schemaregistry", "check", str(file), "--schema", str(DOCUMENT), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_one_record(size: int) -> bytes:
    """A file with one record of a size, which spans lines."""
    return gzip.compress(b'ts,symbol,price,size\n2024-01-01T00:00:00,"' + b"ab\n" * (size // 3) + b'",1,1\n', 1)


def test_a_long_record_is_judged_in_bounded_memory(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(of_one_record(15 << 20))
    report = report_of(tmp_path / "t.csv.gz")
    assert report["error"] is None
    assert report["peak_memory_bytes"] < MOST


def test_a_longer_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(of_one_record(40 << 20))
    report = report_of(tmp_path / "t.csv.gz")
    assert "a record is longer than 16 MiB" in report["error"]["message"]
    assert report["peak_memory_bytes"] < MOST
