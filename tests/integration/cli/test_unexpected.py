"""Errors that nobody foresaw, in every command: exit code 3, one line, a file to send, and no traceback."""

import io
import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name
from typing import NoReturn

import pytest

from schemaregistry.cli.app import app, main

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = str(ROOT / "schemas" / "ticks_v1.json")

COMMANDS: dict[str, tuple[str, str]] = {
    "arrow": ("ROWS", "schemaregistry.data.inference.opening.open_file"),
    "check": (f"ROWS --schema {DOCUMENT}", "schemaregistry.data.check"),
    "clean": (f"ROWS --schema {DOCUMENT} --to OUT", "schemaregistry.data.load.file_clean.clean"),
    "compat": ("", "schemaregistry.cli.compat_process.CompatProcess"),
    "consumers": ("ticks_v1", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    "contract": (f"{DOCUMENT} -o OUT", "schemaregistry.cli.contract.pull"),
    "cpp": (DOCUMENT, "schemaregistry.cli.cpp.pull"),
    "diff": (f"{DOCUMENT} {DOCUMENT}", "schemaregistry.cli.compat_process.CompatProcess"),
    "get": ("ticks_v1", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    "gx": (DOCUMENT, "schemaregistry.cli.gx.pull"),
    "list": ("", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    "load": (f"ROWS --schema {DOCUMENT} --to OUT", "schemaregistry.data.load"),
    "login": (
        f"--exchanger https://localhost:9 --subject-token-file {DOCUMENT} --token-file OUT",
        "schemaregistry.client.token_exchange.TokenExchange.ask",
    ),
    "sample": (f"{DOCUMENT} -o OUT.csv", "schemaregistry.cli.sample.pull"),
    "publish": (DOCUMENT, "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    "validate-schema": (DOCUMENT, "schemaregistry.cli.compat_process.CompatProcess"),
    "watch": ("", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    **dict.fromkeys(
        ("deprecate", "retract", "reinstate"),
        ("ticks_v1@1.0.0 --reason why", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    ),
    "whoami": ("", "schemaregistry.cli.connection_options.ConnectionOptions.client"),
    "audit": ("verify --data OUT", "schemaregistry_server.ops.store_locator.StoreLocator.history"),
    "etcd-auth": ("init --store etcd://localhost", "schemaregistry_server.store.selection.endpoints"),
    "exchanger": ("--config OUT", "schemaregistry_server.exchanger.command.read_config"),
    "restore": ("ROWS --data OUT", "schemaregistry_server.ops.snapshot_file.check"),
    "serve": ("--dev --data OUT", "schemaregistry_server.runtime.main._run"),
    "snapshot": ("OUT --data OUT", "schemaregistry_server.ops.store_locator.StoreLocator.history"),
}
"""Each command's words, and what is made to fail in it."""


_ERRORS = [ZeroDivisionError("a \x1b[31mtest"), OSError(5, "a test"), EOFError(), SystemError()]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Runner:
    """Runs a command in which something raises an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch, self._capfd, self._folder = monkeypatch, capfd, folder
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr("tempfile.tempdir", None)
        (folder / "rows.csv").write_text("symbol\nA\n")

    def run(self, command: str, error: BaseException, *more: str) -> Ended:
        def fail(*_: object, **__: object) -> NoReturn:
            raise error

        words, place = COMMANDS[command]
        named = {"ROWS": str(self._folder / "rows.csv"), "OUT": str(self._folder / "out")}
        module, _, name = place.rpartition(".")
        self._monkeypatch.setattr(resolve_name(module), name, fail)
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}\n")))
        argv = ["schemaregistry", command, *(named.get(word, word) for word in words.split()), *more]
        self._monkeypatch.setattr(sys, "argv", argv)
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    @property
    def kept(self) -> list[Path]:
        return sorted(self._folder.glob("schemaregistry-error-*.txt"))


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Runner:
    return Runner(monkeypatch, capfd, tmp_path)


def test_every_command_is_tried() -> None:
    own = {command.name for command in app.registered_commands}
    assert own | {entry.name for entry in entry_points(group="schemaregistry.commands")} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("error", _ERRORS)
def test_it_is_exit_code_3_one_line_and_a_file(runner: Runner, command: str, error: Exception) -> None:
    ended = runner.run(command, error)
    assert (ended.code, ended.out) == (3, "")
    [line] = ended.err.splitlines()
    [kept] = runner.kept
    assert type(error).__name__ in line
    assert "\x1b" not in line
    assert f"Please send the file {kept}" in line
    assert "Traceback (most recent call last)" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("command", COMMANDS)
def test_debug_prints_the_traceback(runner: Runner, command: str) -> None:
    ended = runner.run(command, ZeroDivisionError("a test"), "--debug")
    assert ended.code == 3
    assert "Traceback (most recent call last)" in ended.err
    assert "ZeroDivisionError: a test" in ended.err


def test_the_file_holds_no_value_of_an_option(runner: Runner) -> None:
    runner.run("load", ZeroDivisionError(), "--slack-webhook=https://example.com/SECRET", "--cache", "/SECRET")
    [kept] = runner.kept
    assert "SECRET" not in kept.read_text()
    assert "command: load --schema --to --slack-webhook --cache" in kept.read_text()


def test_a_file_that_cannot_be_written_is_done_without(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    ended = runner.run("check", ZeroDivisionError())
    assert ended.code == 3
    assert "--debug" in ended.err


def test_memory_that_runs_out_is_no_fault_of_the_program(runner: Runner) -> None:
    ended = runner.run("check", MemoryError())
    assert (ended.code, ended.err) == (3, "schemaregistry: memory ran out: give the program more, or less to do.\n")


def test_a_full_disk_is_no_fault_of_the_program(runner: Runner) -> None:
    ended = runner.run("check", OSError(28, "No space left on device"))
    assert ended.code == 3
    assert ended.err == (
        "schemaregistry: a file can't be written (No space left on device): make room, for temporary files too.\n"
    )


def test_ctrl_c_is_no_verdict(runner: Runner) -> None:
    assert runner.run("check", KeyboardInterrupt()).code == 130


def test_output_that_nobody_reads_is_no_verdict(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    (tmp_path / "rows.csv").write_text("symbol\nA\n")
    command = [sys.executable, "-m", "schemaregistry", "check", str(tmp_path / "rows.csv"), "--schema", DOCUMENT]
    done = subprocess.run([*command, "--json"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)


@pytest.mark.parametrize("script", ["validate_schema.py", "diff_schemas.py"])
def test_scripts_end_as_commands_do(tmp_path: Path, script: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import json\ndef fail(*_, **__):\n    raise ZeroDivisionError\njson.dumps = fail\n"
    )
    words = [DOCUMENT] if script == "validate_schema.py" else [DOCUMENT, DOCUMENT]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "scripts" / script), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 3, done.stderr
    assert re.fullmatch(r"schemaregistry: unexpected error.*\n", done.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_debug(command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["schemaregistry", command, "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "--debug" in capfd.readouterr().out


def test_json_is_what_is_printed_where_all_is_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "schemaregistry", "validate-schema", "--debug", DOCUMENT, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["valid"]
