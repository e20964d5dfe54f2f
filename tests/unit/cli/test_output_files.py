"""What `-o FILE` may name: a regular file, a link to one, a pipe, a device; nothing is replaced that isn't a file."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from schemaregistry import output_files
from schemaregistry.cli.app import main
from schemaregistry.errors import InvalidArgument

TICKS = str(Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json")
WRITERS = {
    "contract": ("contract", TICKS),
    "gx": ("gx", TICKS),
    "sample": ("sample", TICKS, "--rows", "3", "--format", "csv"),
}
"""Commands that write FILE with -o, without a registry."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line in this process; returns its exit code."""

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *map(str, words)])
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


def device(path: Path, *, kind: int = stat.S_IFCHR, number: tuple[int, int] = (1, 3)) -> Path:
    """A node of our own that takes all that is written, as the null device does."""
    try:
        os.mknod(path, kind | 0o600, os.makedev(*number))
        path.open("wb").close()
    except OSError:
        pytest.skip("needs the right to make device nodes")
    return path


@pytest.fixture
def read_from() -> Callable[[Path], Callable[[], bytes]]:
    """Read a FIFO at once, in a thread; the function that is returned waits for its end."""

    def start(fifo: Path) -> Callable[[], bytes]:
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.append(fifo.read_bytes()), daemon=True)
        reader.start()

        def end() -> bytes:
            reader.join(30)
            return found[0]

        return end

    return start


@pytest.mark.parametrize("command", WRITERS)
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, command: str, run) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    assert run(*WRITERS[command], "-o", tmp_path / "link") == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() not in (b"", b"old")


@pytest.mark.parametrize("command", WRITERS)
def test_a_pipe_is_written_through(tmp_path: Path, command: str, read_from, run) -> None:
    os.mkfifo(tmp_path / "pipe")
    taken = read_from(tmp_path / "pipe")
    assert run(*WRITERS[command], "-o", tmp_path / "pipe") == 0
    run(*WRITERS[command], "-o", tmp_path / "file")
    assert taken() == (tmp_path / "file").read_bytes()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("command", WRITERS)
def test_a_device_stays_a_device(tmp_path: Path, command: str, run) -> None:
    node = device(tmp_path / "node")
    assert run(*WRITERS[command], "-o", node) == 0
    assert stat.S_ISCHR(node.stat().st_mode)


@pytest.mark.parametrize("command", WRITERS)
def test_an_open_file_by_its_descriptor_is_added_to(tmp_path: Path, command: str, run) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with log.open("ab") as out:
        assert run(*WRITERS[command], "-o", f"/proc/self/fd/{out.fileno()}") == 0
    run(*WRITERS[command], "-o", tmp_path / "file")
    assert log.read_bytes() == b"before\n" + (tmp_path / "file").read_bytes()


def test_rows_on_stdout_have_no_sentence_among_them(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], run
) -> None:
    assert run(*WRITERS["sample"], "-o", "/proc/self/fd/1") == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 4
    assert "3 rows of ticks_v1" in err


@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.parametrize("name", ["", ".", "/", "folder", "loop", "x" * 300])
def test_what_can_not_be_written_is_exit_2_and_stays(
    tmp_path: Path, command: str, name: str, run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    assert run(*WRITERS[command], "-o", name) == 2
    assert "unexpected" not in capfd.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "loop"]


def test_a_block_device_is_refused(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "disk", stat.S_IFBLK | 0o600, os.makedev(240, 250))
    except OSError:
        pytest.skip("needs the right to make device nodes")
    with pytest.raises(InvalidArgument, match="block device"):
        output_files.write(tmp_path / "disk", b"x")


def test_a_file_keeps_its_mode_and_a_new_one_has_the_umask_s(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o640)
    (tmp_path / "old").chmod(0o640)
    for name in ("old", "new"):
        output_files.write(tmp_path / name, b"x")
    umask = os.umask(0)
    os.umask(umask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("old", "new")]
    assert modes == [0o640, 0o666 & ~umask]


def test_a_file_that_can_not_be_written_whole_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    words = "import sys; from resource import *; setrlimit(RLIMIT_FSIZE, (10, 10)); from pathlib import Path;"
    words += "from schemaregistry.output_files import write; write(Path(sys.argv[1]), b'x' * 100)"
    done = subprocess.run([sys.executable, "-c", words, str(path)], capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
