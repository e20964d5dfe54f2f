"""The exit codes of `snapshot`, `restore` and `audit verify`: 1 changed, 2 usage, 3 could not tell; files stay."""

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemaregistry.cli.app import main
from schemaregistry_server.store import sqlite_file
from schemaregistry_server.store.sqlite_store import SQLiteStore


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capfd.readouterr()
        assert "unexpected" not in err
        return Ended(code, out, err)

    return run


@pytest.fixture
async def data(tmp_path: Path, fill_store) -> Path:
    """A data directory of the embedded store, filled; no server has it open."""
    store = SQLiteStore(tmp_path / "data/registry.db")
    await fill_store(store)
    await store.close()
    return tmp_path / "data"


@pytest.fixture
def tampered(data: Path, edit) -> Path:
    edit(data, "UPDATE audit SET who = 'mallory' WHERE sequence = 2")
    return data


@pytest.fixture
def damaged(data: Path) -> Path:
    os.truncate(data / "registry.db", 5000)
    return data


def test_a_link_stays_and_its_target_is_written(tmp_path: Path, data: Path, run: Run) -> None:
    (tmp_path / "link").symlink_to("target")
    assert run("snapshot", tmp_path / "link", "--data", data).code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes().startswith(b"schemaregistry snapshot 4\n")


def test_a_pipe_stays_a_pipe(tmp_path: Path, data: Path, run: Run) -> None:
    os.mkfifo(tmp_path / "pipe")
    ended = run("snapshot", tmp_path / "pipe", "--data", data)
    assert ended.code == 2
    assert "name a regular file" in ended.err
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_device_stays_a_device(tmp_path: Path, data: Path, run: Run) -> None:
    try:
        os.mknod(tmp_path / "node", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except OSError:
        pytest.skip("needs the right to make device nodes")
    assert run("snapshot", tmp_path / "node", "--data", data).code == 2
    assert stat.S_ISCHR((tmp_path / "node").stat().st_mode)


@pytest.mark.parametrize("name", ["", ".", "/", "data", "none/a.snap", "/proc/x", "loop", "x" * 300])
def test_no_file_of_that_name_is_usage(
    tmp_path: Path, data: Path, run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    assert run("snapshot", name, "--data", data).code == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "loop"]


@pytest.mark.parametrize("words", [("audit", "verify"), ("snapshot", "a.snap")])
def test_no_store_is_usage(tmp_path: Path, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run(*words, "--data", "none")
    assert ended.code == 2
    assert "There is no registry in none" in ended.err


@pytest.mark.parametrize("words", [("audit", "verify"), ("snapshot", "a.snap")])
def test_another_program_s_database_is_usage(
    tmp_path: Path, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "registry.db").touch()
    monkeypatch.chdir(tmp_path)
    assert run(*words, "--data", tmp_path).code == 2


@pytest.mark.parametrize("words", [("audit", "verify"), ("snapshot", "a.snap")])
def test_a_changed_store_is_exit_1(
    tampered: Path, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tampered)
    assert run(*words, "--data", tampered).code == 1


def test_a_changed_document_is_exit_1(data: Path, edit, run: Run) -> None:
    edit(data, "UPDATE version SET raw = x'78' WHERE revision = 2")
    assert run("audit", "verify", "--data", data).code == 1


@pytest.mark.parametrize("words", [("audit", "verify"), ("snapshot", "a.snap")])
def test_a_cut_off_store_is_exit_3(
    damaged: Path, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(damaged)
    assert run(*words, "--data", damaged).code == 3


def test_json_says_what_is_wrong(tampered: Path, run: Run) -> None:
    ended = run("audit", "verify", "--data", tampered, "--json")
    assert ended.code == 1
    error = json.loads(ended.out)["error"]
    assert (error["reason"], error["sequence"]) == ("AUDIT_BROKEN", "2")
    assert error["message"] in ended.err


@pytest.mark.parametrize("words", [("audit", "verify"), ("snapshot", "a.snap"), ("restore", "a.snap")])
def test_json_says_that_it_could_not_be_told(
    damaged: Path, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(damaged)
    (damaged / "a.snap").write_bytes(b"schemaregistry snap")
    ended = run(*words, "--data", damaged, "--json")
    assert ended.code == 3
    assert json.loads(ended.out)["error"]["reason"] in ("STORE_CORRUPT", "SNAPSHOT_DAMAGED")


def test_a_restore_over_versions_is_usage(tmp_path: Path, data: Path, run: Run) -> None:
    assert run("snapshot", tmp_path / "a.snap", "--data", data).code == 0
    assert "is not empty" in run("restore", tmp_path / "a.snap", "--data", data).err
    assert run("restore", tmp_path / "a.snap", "--data", data).code == 2


def test_a_restore_into_a_store_in_use_is_usage(tmp_path: Path, data: Path, run: Run) -> None:
    assert run("snapshot", tmp_path / "a.snap", "--data", data).code == 0
    with sqlite_file.lock(tmp_path / "busy/registry.db"):
        ended = run("restore", tmp_path / "a.snap", "--data", tmp_path / "busy")
    assert ended.code == 2
    assert "in use by another server" in ended.err


@pytest.mark.parametrize("place", ["a.snap", "a.snap/below", "/proc/none"])
def test_a_restore_to_where_nothing_can_be_written_is_usage(
    tmp_path: Path, data: Path, run: Run, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("snapshot", "a.snap", "--data", data).code == 0
    assert run("restore", "a.snap", "--data", place).code == 2


def test_a_snapshot_that_is_missing_is_usage(tmp_path: Path, data: Path, run: Run) -> None:
    assert run("restore", tmp_path / "none", "--data", tmp_path / "new").code == 2
    assert run("audit", "verify", "--data", data, "--snapshot", tmp_path / "none").code == 2


@pytest.mark.parametrize(
    "words",
    [("audit", "verify"), ("audit", "export"), ("audit", "head"), ("snapshot", "file"), ("etcd-auth", "init")],
    ids=" ".join,
)
def test_the_variables_of_serve_say_which_store(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str]) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_STORE", "redis://here")
    ended = run(*words)
    assert ended.code == 2
    assert "etcd://HOST:PORT" in ended.err


def test_a_missing_file_of_the_store_is_no_puzzle_to_who_meant_etcd(run: Run) -> None:
    assert "--store etcd://HOST:PORT,…" in run("audit", "verify", "--data", "none").err


@pytest.mark.parametrize("words", ["audit verify", "audit export", "audit head", "snapshot", "restore", "etcd-auth"])
def test_every_option_of_the_store_has_the_variable_that_serve_has(run: Run, words: str) -> None:
    shown = "".join(run(*words.split(), "--help").out.split())
    for name in ("STORE", "ETCD_CA", "ETCD_CERT", "ETCD_KEY"):
        assert f"[envvar:SCHEMAREGISTRY_{name}" in shown
