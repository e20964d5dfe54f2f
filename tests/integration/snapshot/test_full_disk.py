"""A disk that takes no more: a restore and a new store leave no file behind, and say what the system says."""

import asyncio
import hashlib
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemaregistry.cli.app import main
from schemaregistry_server.store.base import Entry

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `schemaregistry` in this process; returns its exit code and its errors."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["schemaregistry", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capfd.readouterr().err

    return run


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Limit the bytes that a file may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def snapshot(stores, run: Run, tmp_path: Path) -> Path:
    """A snapshot of 40 versions of 20 kB each."""

    async def fill() -> None:
        async with stores("sqlite/large") as store:
            for n in range(40):
                raw = bytes(20_000)
                entry = Entry(f"large{n}", "1.0.0", raw, "sha256:" + hashlib.sha256(raw).hexdigest(), "me", 1)
                await store.put(entry, expected_latest=None)

    asyncio.run(fill())
    assert run("snapshot", tmp_path / "a.snap", "--data", stores.file("sqlite/large").parent)[0] == 0
    return tmp_path / "a.snap"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", disk], check=True)


def left(data: Path) -> list[str]:
    return sorted(path.name for path in data.iterdir())


@pytest.mark.parametrize("size", [4096, 20_000, 33_000, 60_000, 100_000])
def test_a_restore_for_which_there_is_no_room_leaves_no_store(
    size: int, tmp_path: Path, snapshot: Path, run: Run, limit: Callable[[int], None]
) -> None:
    limit(size)
    code, said = run("restore", snapshot, "--data", tmp_path / "new")
    assert code in (2, 3)
    assert "(File too large)" in said
    assert left(tmp_path / "new") == ["registry.db.lock"]


@pytest.mark.parametrize("free", [0, 4, 8, 12, 20, 40, 60, 72, 300, 600])
def test_it_says_that_no_space_is_left_and_where(free: int, small_disk: Path, snapshot: Path, run: Run) -> None:
    (small_disk / "fill").write_bytes(bytes((4096 - free) << 10))
    code, said = run("restore", snapshot, "--data", small_disk / "new")
    assert code in (2, 3)
    assert "(No space left on device)" in said
    assert str(small_disk / "new") in said
    assert "ake room" in said or "free space" in said
    assert left(small_disk / "new") == ["registry.db.lock"]
    (small_disk / "fill").unlink()
    assert run("restore", snapshot, "--data", small_disk / "new")[0] == 0


def test_an_old_empty_store_stays_as_it_was(stores, snapshot: Path, run: Run, limit: Callable[[int], None]) -> None:
    async def make() -> None:
        async with stores("sqlite/old"):
            pass

    asyncio.run(make())
    old = stores.file("sqlite/old")
    before = old.read_bytes()
    limit(60_000)
    assert run("restore", snapshot, "--data", old.parent)[0] in (2, 3)
    assert old.read_bytes() == before


def test_a_log_without_its_file_is_never_removed(tmp_path: Path, snapshot: Path, run: Run) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "registry.db-wal").write_bytes(b"what was acknowledged")
    assert run("restore", snapshot, "--data", tmp_path / "new")[0] == 3
    assert (tmp_path / "new" / "registry.db-wal").read_bytes() == b"what was acknowledged"
