"""`schemaregistry check` and `contract`, as a person and as a program runs them."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry.cli.app import main
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.v1.registry_pb2 import GetContractRequest

ROOT = Path(__file__).resolve().parents[3]
TICKS = str(ROOT / "schemas" / "ticks_v1.json")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`run("check", …)`: the command line in this process."""

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    make(folder / "good.parquet", Ticks(1_000))
    make(folder / "bad.csv", Ticks(1_000, "csv", "bad_enum", fault_rows=3))
    make(folder / "cut.parquet", Ticks(1_000, fault="truncated"))
    return folder


def test_a_file_that_conforms_exits_with_0(run: Run, files: Path) -> None:
    done = run("check", files / "good.parquet", "--schema", TICKS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("conforms  ticks_v1 1.1.0: 1,000 rows in 1 file")


def test_a_file_that_does_not_exits_with_1_and_shows_column_rule_count_and_rows(run: Run, files: Path) -> None:
    done = run("check", files / "bad.csv", "--schema", TICKS)
    assert (done.returncode, done.stderr) == (1, "")
    for fact in ("violates", "side", "enum", 'one of "B", "S"', '"X"', "3", "bad.csv: row ", "(line "):
        assert fact in done.stdout


def test_a_file_that_is_cut_off_exits_with_3(run: Run, files: Path) -> None:
    done = run("check", files / "cut.parquet", "--schema", TICKS)
    assert (done.returncode, done.stderr) == (3, "")
    assert "undecided" in done.stdout
    assert "TRUNCATED" in done.stdout


def test_json_is_one_object_of_the_documented_shape(run: Run, files: Path) -> None:
    done = run("check", files / "bad.csv", "--schema", TICKS, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert list(report) == [
        *("verdict", "schema", "files", "rows", "rows_failing", "violations", "notes", "error"),
        *("seconds", "rows_per_second", "peak_memory_bytes"),
    ]
    assert list(report["schema"]) == ["id", "version", "revision", "fingerprint"]
    assert list(report["files"][0]) == ["path", "format", "rows", "bytes"]
    violation = report["violations"][0]
    assert list(violation) == ["column", "pointer", "rule", "expected", "actual", "count", "examples"]
    assert (violation["column"], violation["pointer"], violation["count"]) == ("side", "/properties/side/enum", 3)
    assert all(list(example) == ["file", "row", "line", "value"] for example in violation["examples"])
    assert all(example["line"] == example["row"] + 2 for example in violation["examples"])
    assert report["peak_memory_bytes"] > 0  # of the whole test run; its bound is tested in a process of its own


def test_directories_and_globs_stand_for_their_files(run: Run, files: Path) -> None:
    report = json.loads(run("check", files, "--schema", TICKS, "--json").stdout)
    assert [Path(facts["path"]).name for facts in report["files"]] == ["bad.csv", "cut.parquet"]
    report = json.loads(run("check", files / "*od.par*", "--schema", TICKS, "--json").stdout)
    assert [Path(facts["path"]).name for facts in report["files"]] == ["good.parquet"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.csv", "--schema", TICKS], "There is no file nothing.csv"),
        (["README.md", "--schema", TICKS], "--format"),
        (["README.md", "--schema", "nothing.json"], "--format"),
        (["schemas/ticks_v1.json", "--schema", "nothing.json", "--format", "ndjson"], "can't read the schema"),
        (["schemas/ticks_v1.json", "--schema", "README.md", "--format", "ndjson"], "Not JSON"),
        (["schemas/ticks_v1.json", "--schema", "ticks_v1.pb", "--format", "ndjson"], "can't read the schema"),
    ],
)
def test_wrong_use_is_one_sentence_and_exits_with_2(
    run: Run, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    done = run("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_contract_written_to_a_file_judges_alike(run: Run, files: Path, tmp_path: Path) -> None:
    assert run("contract", TICKS, "-o", tmp_path / "t.pb").returncode == 0
    compiled = compile_contract(parse(Path(TICKS).read_bytes())).SerializeToString(deterministic=True)
    assert (tmp_path / "t.pb").read_bytes() == compiled
    by_contract = json.loads(run("check", files / "bad.csv", "--schema", tmp_path / "t.pb", "--json").stdout)
    by_document = json.loads(run("check", files / "bad.csv", "--schema", TICKS, "--json").stdout)
    assert by_contract["violations"] == by_document["violations"]


def test_a_contract_from_the_registry_has_the_bytes_of_the_one_made_offline(
    run: Run, running: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))
    version = json.loads(Path(TICKS).read_bytes())["version"]
    assert run("contract", f"ticks_v1@{version}", "-o", tmp_path / "registry.pb").returncode == 0
    assert run("contract", TICKS, "-o", tmp_path / "offline.pb").returncode == 0
    served = running.stub().GetContract(GetContractRequest(id="ticks_v1", version=version))
    offline = (tmp_path / "offline.pb").read_bytes()
    assert (tmp_path / "registry.pb").read_bytes() == served.SerializeToString(deterministic=True) == offline


@pytest.mark.parametrize("damage", ["random", "cut", "version", "empty", "place", "kind"])
def test_a_contract_that_is_damaged_is_refused_in_one_sentence(
    run: Run, files: Path, tmp_path: Path, damage: str
) -> None:
    contract = compile_contract(parse(Path(TICKS).read_bytes()))
    if damage == "version":
        contract.plan_version = 99
    elif damage == "place":
        contract.checks[0].place = 1000
    elif damage == "kind":
        contract.checks[0].ClearField(contract.checks[0].WhichOneof("kind"))
    data = contract.SerializeToString()
    data = {"random": b"\xff" * 50, "cut": data[: len(data) // 2], "empty": b""}.get(damage, data)
    (tmp_path / "t.pb").write_bytes(data)
    done = run("check", files / "good.parquet", "--schema", tmp_path / "t.pb")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("schemaregistry: ")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def registry(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of a user of the running registry."""
    monkeypatch.setenv("SCHEMAREGISTRY_TARGET", running.target)
    monkeypatch.setenv("SCHEMAREGISTRY_DATA", str(running.data))


@pytest.mark.usefixtures("registry")
def test_a_registry_that_is_away_exits_with_3(run: Run, files: Path) -> None:
    done = run("check", files / "good.parquet", "--schema", "ticks_v1", "--registry", "localhost:1")
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_pyarrow_the_extra_is_named(files: Path, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('no', name='pyarrow')")
    done = subprocess.run(
        [sys.executable, "-m", "schemaregistry", "check", str(files / "good.parquet"), "--schema", TICKS],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "schemaregistry[data]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("registry")
def test_an_id_is_judged_by_what_the_registry_has(run: Run, files: Path) -> None:
    report = json.loads(run("check", files / "good.parquet", "--schema", "ticks_v1", "--json").stdout)
    assert (report["verdict"], report["schema"]["version"]) == ("conforms", "1.1.0")
    assert report["schema"]["revision"] >= 1
    unknown = run("check", files / "good.parquet", "--schema", "ticks_v2")
    assert unknown.returncode == 2
    assert "ticks_v2" in unknown.stderr


def test_the_version_is_printed() -> None:
    command = [sys.executable, "-m", "schemaregistry", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"schemaregistry {version('schemaregistry')}\n"
