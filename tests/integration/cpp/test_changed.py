"""A file that grows while C++ reads it: the answer is undecided, as by Python."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DOCUMENT = b'{"$id": "made_v1", "version": "1.0.0", "type": "object", "properties": {"price": {"type": "number"}}}'


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Append a record to the file every millisecond, from before the block to its end."""
    started, done = threading.Event(), threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.wait(0.001):
                file.write(b'{"price":1}\n')
                started.set()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert started.wait(10)
        yield
    finally:
        done.set()
        writer.join()


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, schema_load: Callable[..., Any], compiled: Callable[[bytes], Path]
) -> None:
    path = tmp_path / "t.ndjson"
    path.write_bytes(b'{"price":1.5}\n' * 300_000)
    plan = compiled(DOCUMENT)
    assert schema_load(path, "--contract", plan, "--json", "--check-only").report["verdict"] == "conforms"
    with growing(path):
        report = schema_load(path, "--contract", plan, "--json", "--check-only").report
    assert (report["verdict"], report["error"]["reason"]) == ("undecided", "CHANGED")
    assert "written to, replaced or removed while it was read (it had " in report["error"]["message"]
