"""Arrow streams that are cut between two batches, or that something follows, in C++ as in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_ipc_streams import DOCUMENT, STREAMS


@pytest.mark.parametrize(("data", "reason"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_is_read_to_its_end_or_not_at_all(
    data: bytes, reason: str | None, tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    (tmp_path / "s.arrow").write_bytes(data)
    ran = schema_load(tmp_path / "s.arrow", "--contract", compiled(DOCUMENT), "--json", "--check-only")
    assert ran.code == (3 if reason else 0), ran.stderr
    assert (ran.report["error"] or {"reason": None})["reason"] == reason
