"""`schemaregistry validate-schema` and its script, as a person and as a program use them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = ROOT / "schemas"
TICKS = SCHEMAS / "ticks_v1.json"


def run(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schemaregistry", "validate-schema", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def script(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "validate_schema.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken_v1.json"
    path.write_text(TICKS.read_text().replace('"float64"', '"utf8"'))
    return path


def test_a_sound_file_is_ok_with_id_version_fingerprint_and_warnings() -> None:
    done = run(TICKS)
    ok, warning = done.stdout.splitlines()
    assert done.returncode == 0
    assert ok.startswith(f"ok {TICKS}: ticks_v1 1.1.0 sha256:")
    assert "warning at /arrow/fields/3/type" in warning
    assert '"maximum": 2147483647' in warning
    assert done.stderr == ""


def test_all_contracts_of_the_repository_are_sound() -> None:
    done = run(*sorted(SCHEMAS.glob("*.json")))
    assert done.returncode == 0
    assert len([line for line in done.stdout.splitlines() if line.startswith("ok ")]) >= 7


def test_a_faulty_file_is_named_with_the_place_and_what_to_do(broken: Path) -> None:
    done = run(broken)
    assert done.returncode == 1
    assert done.stdout.startswith(f"error {broken} at /arrow/fields/2/type: ")
    assert "Take float64" in done.stdout
    assert "[ARROW_MISMATCH]" in done.stdout


def test_text_that_is_not_json_is_named_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n  "a": 1\n  "b": 2}')
    done = run(path)
    assert done.returncode == 1
    assert "at line 3, column 3" in done.stdout


def test_one_faulty_file_does_not_hide_the_others(broken: Path) -> None:
    done = run(broken, TICKS)
    assert done.returncode == 1
    assert "ok " in done.stdout


def test_a_file_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    done = run(tmp_path / "none.json", TICKS)
    assert done.returncode == 2
    assert "can't be read" in done.stdout
    assert "ok " in done.stdout


def test_no_file_is_a_wrong_use() -> None:
    assert run().returncode == 2


def test_a_directory_is_named_as_such(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_json_is_one_object_a_line_and_nothing_else(broken: Path) -> None:
    done = run(TICKS, broken, "--json")
    good, bad = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert (good["file"], good["valid"], good["id"], good["version"]) == (str(TICKS), True, "ticks_v1", "1.1.0")
    assert good["warnings"][0]["reason"] == "BOUNDS_MISSING"
    assert good["error"] is None
    assert (bad["valid"], bad["error"]["reason"], bad["error"]["pointer"]) == (
        False,
        "ARROW_MISMATCH",
        "/arrow/fields/2/type",
    )
    assert done.stderr == ""


def test_what_a_document_holds_does_not_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"$id": "a", "version": "1.0.0", "type": "object", "\x1b[2J\x9b31m": 1}))
    done = run(path)
    assert done.returncode == 0
    assert all(character.isprintable() or character == "\n" for character in done.stdout)


def test_the_script_says_the_same_as_the_command(broken: Path) -> None:
    for arguments in ([TICKS], [broken], [TICKS, "--json"]):
        by_script, by_command = script(*arguments), run(*arguments)
        assert (by_script.returncode, by_script.stdout) == (by_command.returncode, by_command.stdout)


def test_the_script_runs_from_a_bare_checkout(tmp_path: Path) -> None:
    """Where the package isn't installed, its own folder is used."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "clients" / "python" / "schemaregistry", tmp_path / "clients" / "python" / "schemaregistry")
    site = next(path for path in sys.path if path.endswith("site-packages"))
    code = (
        "import runpy, sys\n"
        f"sys.path[:] = [entry for entry in sys.path if 'clients' not in entry and entry != {site!r}] + [{site!r}]\n"
        "sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in repr(finder)]\n"
        "sys.argv = ['scripts/validate_schema.py', sys.argv[1]]\n"
        "runpy.run_path('scripts/validate_schema.py', run_name='__main__')\n"
    )
    command = [sys.executable, "-S", "-c", code, str(TICKS)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith("ok "), done.stderr
    assert done.returncode == 0


def test_without_its_modules_the_script_says_what_to_run() -> None:
    command = [sys.executable, "-S", "-E", "scripts/validate_schema.py", str(TICKS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "make setup" in done.stderr
    assert "Traceback" not in done.stderr
