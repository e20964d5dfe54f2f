"""`schema-load` as a user runs it: the same report as `schemaregistry check`, the back-test, and what halts it."""

import gzip
import json
import os
import signal
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import FAULTS, FORMATS, Ticks, make
from schemaregistry import data
from schemaregistry.client import Client, Credentials
from schemaregistry.contract import compile_contract
from schemaregistry.document import parse
from schemaregistry.document.version_state import VersionState, state_notice
from tests.conftest import Server

ROOT = Path(__file__).resolve().parents[3]
TICKS = (ROOT / "schemas" / "ticks_v1.json").read_bytes()
OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")
TAKEN_BY_THE_GATE = {"ts_has_no_zone"}
"""No RFC 3339, but a value of the column all the same (docs/document.md, "What a text says")."""

Run = Callable[..., Any]
Compile = Callable[[bytes], Path]


def by_python(path: Path, document: bytes = TICKS) -> dict[str, Any]:
    report = data.check(data.find([str(path)]), compile_contract(parse(document))).to_json()
    found: dict[str, Any] = json.loads(json.dumps(report))
    return {name: value for name, value in found.items() if name not in OF_THE_RUN}


def facts(report: dict[str, Any]) -> dict[str, Any]:
    """The report but for what a reader of blocks says otherwise: where a file breaks off, and words for a value."""
    kept = {name: report[name] for name in ("verdict", "schema", "notes")}
    if report["error"]:
        return kept | {"reason": report["error"]["reason"], "line": report["error"]["line"]}
    violations = [{name: value for name, value in found.items() if name != "actual"} for found in report["violations"]]
    return kept | {"files": report["files"], "rows_failing": report["rows_failing"], "violations": violations}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_faulty_ticks_are_reported_as_by_python(
    kind: str, fault: str | None, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    path = tmp_path / f"ticks.{kind}"
    make(path, Ticks(2_000, kind, fault))
    ran = schema_load(path, "--contract", compiled(TICKS), "--json", "--check-only")
    assert facts(ran.report) == facts(by_python(path)), ran.stderr


def test_a_file_that_conforms_is_backtested(tmp_path: Path, schema_load: Run, compiled: Compile) -> None:
    make(tmp_path / "ticks.parquet", Ticks(50_000))
    ran = schema_load(tmp_path / "ticks.parquet", "--contract", compiled(TICKS), "--json")
    assert ran.code == 0
    assert ran.report["backtest"] == {
        "ticks": 50_000,
        "symbols": 224,
        **{name: ran.report["backtest"][name] for name in ("trades", "profit", "drawdown")},
    }
    assert ran.report["backtest"]["trades"] > 1_000


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_the_backtest_finds_the_same_in_every_format(
    kind: str, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    found = []
    for one in ("parquet", kind):
        make(tmp_path / f"ticks.{one}", Ticks(20_000, one))
        found.append(schema_load(tmp_path / f"ticks.{one}", "--contract", compiled(TICKS), "--json").report["backtest"])
    assert found[0] == found[1]


def test_a_crossover_worked_out_by_hand(tmp_path: Path, schema_load: Run, compiled: Compile) -> None:
    """Twenty ticks at 10, then 12 (buy at 12), 14, then six at 9: the fast mean falls to the slow one: sell at 9."""
    prices = [10.0] * 20 + [12.0, 14.0] + [9.0] * 6
    table = pa.table(
        {
            "ts": pa.array(range(len(prices)), pa.timestamp("us")),
            "symbol": ["AAA"] * len(prices),
            "price": prices,
            "size": pa.array([1] * len(prices), pa.int32()),
        }
    )
    with pa.ipc.new_file(tmp_path / "ticks.arrow", table.schema) as writer:
        writer.write_table(table)
    report = schema_load(tmp_path / "ticks.arrow", "--contract", compiled(TICKS), "--json").report
    assert report["backtest"] == {"ticks": 28, "symbols": 1, "trades": 2, "profit": "-3.0000", "drawdown": "3.0000"}


def test_a_file_that_does_not_conform_halts_before_the_backtest(
    tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    make(tmp_path / "ticks.parquet", Ticks(1_000, fault="bad_enum", fault_rows=3))
    ran = schema_load(tmp_path / "ticks.parquet", "--contract", compiled(TICKS))
    assert ran.code == 1
    assert "violates" in ran.stdout
    assert "crossover" not in ran.stdout


def test_the_contract_comes_from_the_registry(running: Server, tmp_path: Path, schema_load: Run) -> None:
    make(tmp_path / "ticks.parquet", Ticks(1_000))
    env = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(tmp_path / "ticks.parquet", "--schema", "ticks_v1", "--json", env=env)
    assert ran.code == 0, ran.stderr
    assert ran.report["schema"]["revision"] > 0
    assert ran.report["backtest"]["ticks"] == 1_000


def test_a_contract_other_than_the_header_is_made_for_halts_before_a_byte_is_read(
    running: Server, tmp_path: Path, schema_load: Run
) -> None:
    (tmp_path / "ticks.parquet").write_bytes(b"never looked at")
    env = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(tmp_path / "ticks.parquet", "--schema", "ticks_v1@1.0.0", env=env)
    assert ran.code == 3
    assert "this program was built for ticks_v1 1.1.0" in ran.stderr
    assert "schemaregistry cpp ticks_v1" in ran.stderr


def test_the_registry_is_found_by_options(running: Server, tmp_path: Path, schema_load: Run) -> None:
    make(tmp_path / "ticks.parquet", Ticks(1_000))
    tls = running.data / "tls"
    identity = ("--ca", tls / "ca.pem", "--cert", tls / "reader.pem", "--key", tls / "reader-key.pem")
    ran = schema_load(tmp_path / "ticks.parquet", "--schema=ticks_v1@1.1.0", "--registry", running.target, *identity)
    assert ran.code == 0, ran.stderr
    assert "moving-average crossover: 1000 ticks" in ran.stdout


def test_a_deprecated_contract_is_noted_as_by_python_and_said_on_stderr(
    running: Server, tmp_path: Path, schema_load: Run
) -> None:
    document = {"$id": "schema_load_of_old", "version": "1.0.0", "type": "object", "properties": {}}
    with Client(running.target, credentials=Credentials.dev(running.data, "ci-bot"), timeout=60) as client:
        client.register(json.dumps(document))
        state = VersionState("deprecated", "größer 100 % of it.", 1_801_353_600)
        client.set_state("schema_load_of_old", "1.0.0", state)
    (tmp_path / "rows.ndjson").write_text('{"a": 1}\n')
    env = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(tmp_path / "rows.ndjson", "--schema", "schema_load_of_old", "--json", "--check-only", env=env)
    note = state_notice("schema_load_of_old", "1.0.0", state)
    assert (ran.code, ran.report["notes"][0]) == (0, note)
    assert ran.stderr == f"schema-load: {note}\n"
    assert "It may be withdrawn from 2027-01-31 on." in note


@pytest.mark.parametrize("kind", ["valid", "invalid"])
@pytest.mark.parametrize("schema", sorted(path.stem for path in (ROOT / "schemas").glob("*.json")))
def test_files_of_every_schema_are_checked_as_by_python(
    schema: str, kind: str, running: Server, tmp_path: Path, schema_load: Run
) -> None:
    examples = [
        path
        for path in sorted((ROOT / "schemas" / "examples" / schema / kind).glob("*.json"))
        if path.stem not in TAKEN_BY_THE_GATE
    ]
    path = tmp_path / f"{kind}.ndjson"
    path.write_text("".join(json.dumps(json.loads(example.read_text())) + "\n" for example in examples))
    env = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(path, "--schema", schema, "--json", "--check-only", env=env)
    assert ran.code == {"valid": 0, "invalid": 1}[kind], ran.stderr
    assert ran.report["rows"] == len(examples) > 0
    assert ran.report["rows_failing"] == {"valid": 0, "invalid": len(examples)}[kind]
    document = (ROOT / "schemas" / f"{schema}.json").read_bytes()
    python = by_python(path, document)
    python["schema"]["revision"] = ran.report["schema"]["revision"]
    assert facts(ran.report) == facts(python)


def test_a_backtest_of_another_schema_is_refused_with_what_to_do(
    running: Server, tmp_path: Path, schema_load: Run
) -> None:
    (tmp_path / "quotes.parquet").write_bytes(b"never looked at")
    env = {"SCHEMAREGISTRY_TARGET": running.target, "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(tmp_path / "quotes.parquet", "--schema", "quotes_v1", env=env)
    assert ran.code == 2
    assert ran.stdout == ""
    assert "the back-test here is of ticks_v1, not quotes_v1: say --check-only" in ran.stderr


def test_the_committed_header_is_what_the_command_writes(schema_load: Run) -> None:
    command = [ROOT / ".venv" / "bin" / "schemaregistry", "cpp", "schemas/ticks_v1.json"]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert written == (ROOT / "examples" / "backtest" / "ticks_v1.h").read_text()


def test_a_registry_that_is_away_is_not_taken_for_conforming(tmp_path: Path, schema_load: Run, running: Server) -> None:
    make(tmp_path / "ticks.parquet", Ticks(10))
    env = {"SCHEMAREGISTRY_TARGET": "localhost:1", "SCHEMAREGISTRY_DATA": str(running.data)}
    ran = schema_load(tmp_path / "ticks.parquet", "--schema", "ticks_v1", env=env)
    assert ran.code == 3
    assert "no registry answers at localhost:1" in ran.stderr
    assert ran.stdout == ""


def test_a_registry_that_hangs_is_given_up(
    tmp_path: Path, schema_load: Run, start_server: Callable[..., Server]
) -> None:
    make(tmp_path / "ticks.parquet", Ticks(10))
    server = start_server("--publish", str(ROOT / "schemas"))
    server.process.send_signal(signal.SIGSTOP)
    env = {"SCHEMAREGISTRY_TARGET": server.target, "SCHEMAREGISTRY_DATA": str(server.data)}
    ran = schema_load(tmp_path / "ticks.parquet", "--schema", "ticks_v1", env=env)
    assert ran.code == 3
    assert "gave no answer within" in ran.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"{}", bytes(range(256)) * 40])
def test_a_file_that_is_no_contract_is_not_trusted(content: bytes, tmp_path: Path, schema_load: Run) -> None:
    make(tmp_path / "ticks.parquet", Ticks(10))
    (tmp_path / "contract.pb").write_bytes(content)
    ran = schema_load(tmp_path / "ticks.parquet", "--contract", tmp_path / "contract.pb", "--check-only")
    assert ran.code == 3
    assert "contract" in ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name the files"),
        (("a.parquet",), "either --schema"),
        (("a.parquet", "--schema"), "needs a value"),
        (("a.parquet", "--contract", "none.pb"), "can't read the contract"),
        (("a.parquet", "--what"), "no option --what"),
        (("-", "--contract", "c.pb"), "standard input, which isn't read here"),
    ],
)
def test_a_mistake_in_the_words_is_said(words: tuple[str, ...], says: str, schema_load: Run) -> None:
    ran = schema_load(*words)
    assert ran.code == 2
    assert says in ran.stderr


def test_the_version_is_the_distribution_s(schema_load: Run) -> None:
    ran = schema_load("--version")
    assert (ran.code, ran.stdout) == (0, f"schema-load {version('schemaregistry')}\n")


def test_a_file_that_is_not_there_is_a_mistake_of_the_caller(schema_load: Run, compiled: Compile) -> None:
    ran = schema_load("nowhere.parquet", "--contract", compiled(TICKS))
    assert ran.code == 2
    assert "There is no file nowhere.parquet" in ran.stderr


@pytest.mark.parametrize("keep", [0, 3, 11, 500, 5_000])
def test_a_file_cut_anywhere_is_undecided(keep: int, tmp_path: Path, schema_load: Run, compiled: Compile) -> None:
    make(tmp_path / "ticks.parquet", Ticks(1_000))
    whole = (tmp_path / "ticks.parquet").read_bytes()
    (tmp_path / "ticks.parquet").write_bytes(whole[:keep])
    ran = schema_load(tmp_path / "ticks.parquet", "--contract", compiled(TICKS), "--json", "--check-only")
    assert ran.code == 3
    assert ran.report["error"]["reason"] in ("TRUNCATED", "WRONG_FORMAT")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", ["ticks.arrow", "ticks.arrows", "ticks.csv.gz", "ticks.ndjson.gz"])
def test_a_file_of_any_format_cut_anywhere_is_undecided(
    name: str, share: float, tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    path = tmp_path / name
    if "arrow" in name:
        make(tmp_path / "ticks.parquet", Ticks(1_000))
        table = pq.read_table(tmp_path / "ticks.parquet")
        open_writer = pa.ipc.new_file if name.endswith("arrow") else pa.ipc.new_stream
        with open_writer(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=100)
    else:
        make(tmp_path / "whole", Ticks(1_000, name.split(".")[1]))
        path.write_bytes(gzip.compress((tmp_path / "whole").read_bytes()))
    whole = path.read_bytes()
    contract = compiled(TICKS)
    assert schema_load(path, "--contract", contract, "--check-only").code == 0
    path.write_bytes(whole[: int(len(whole) * share)])
    ran = schema_load(path, "--contract", contract, "--json", "--check-only")
    assert ran.code == 3, ran.stdout + ran.stderr
    assert ran.report["error"]["file"] == str(path)


@pytest.mark.parametrize("at", range(50, 6_000, 487))
def test_a_flipped_byte_is_never_fatal(at: int, tmp_path: Path, schema_load: Run, compiled: Compile) -> None:
    make(tmp_path / "ticks.parquet", Ticks(1_000))
    damaged = bytearray((tmp_path / "ticks.parquet").read_bytes())
    damaged[at] ^= 0xFF
    (tmp_path / "ticks.parquet").write_bytes(damaged)
    ran = schema_load(tmp_path / "ticks.parquet", "--contract", compiled(TICKS), "--json", "--check-only")
    assert ran.code in (0, 1, 3), ran.stderr


HOSTILE = [
    b"::error title=x::y",
    b"\xe2\x80\xaegnp",
    b"a\x1b[2Jb",
    b"a\n::error::b",
    b"caf\xe9",
    b"##[error]x",
    b"a\xc2\x9bb",
]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_files_name_is_shown_and_not_acted_upon(
    name: bytes, form: tuple[str, ...], tmp_path: Path, schema_load: Run, compiled: Compile
) -> None:
    file = os.fsdecode(name) + ".csv"
    (tmp_path / file).write_bytes(b"ts,symbol\n1,2\n")
    ran = schema_load(file, "--contract", compiled(TICKS), "--check-only", *form, cwd=tmp_path)
    shown = ran.stdout + ran.stderr
    assert ran.code == 1
    assert shown.replace("\n", "").isprintable()
    assert not [line for line in shown.splitlines() if line.strip().startswith("::")]
    if form:
        assert ran.report["files"][0]["path"] == file
