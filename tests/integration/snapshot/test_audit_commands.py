"""`schemaregistry audit`: what was done to a store's audit is named by its place, exported, and shown by kept heads."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devtools.etcd_cluster import EtcdCluster
from devtools.servers import until
from schemaregistry.document.version_state import VersionState
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.audit_log.event_lines import ChainEnd, write_line
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts
from schemaregistry_server.etcd.v3.rpc_pb2 import DeleteRangeRequest, RequestOp, TxnRequest
from schemaregistry_server.ops.audit import app
from schemaregistry_server.store.base import Entry, StateChange
from schemaregistry_server.store.etcd_store import EtcdStore
from schemaregistry_server.store.verified_claims import VerifiedClaims
from tests.support.forged_tokens import private_pem, public_pem
from tests.support.publishing_tokens import TokenMaker

Command = Callable[..., str]
KEY = TokenMaker().key


def run(*words: object, code: int = 0) -> str:
    """Run `schemaregistry` within this process; return its output, of stderr where it is to fail.

    In a thread, since an event loop may run in this one, and the command has its own.
    """
    assert words[0] == "audit"
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(CliRunner().invoke, app, list(map(str, words[1:]))).result(60)
    assert ended.exit_code == code, ended.output
    return ended.stderr if code else ended.stdout


@pytest.fixture
def command() -> Command:
    return run


@pytest.fixture
def signing(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a private key and its public one."""
    private, public = tmp_path / "signing.pem", tmp_path / "signing.pub"
    private.write_bytes(private_pem(KEY))
    private.chmod(0o600)
    public.write_bytes(public_pem(KEY))
    return private, public


# SQLite


TAMPERED = {
    "changed": ("Audit record 2 ", ["UPDATE audit SET who = 'mallory' WHERE sequence = 2"]),
    "its claims changed": ("Audit record 2 ", ["UPDATE audit SET claims = '' WHERE sequence = 2"]),
    "dropped with its version": (
        "Audit record 4 (ci-bot register quotes 2.0.0-rc.1) comes after record 2: record 3 is missing",
        ["DELETE FROM audit WHERE sequence = 3", "DELETE FROM version WHERE revision = 3"],
    ),
    "two dropped": (
        "comes after record 1: records 2 to 3 are missing",
        ["DELETE FROM audit WHERE sequence IN (2, 3)", "DELETE FROM version WHERE revision IN (2, 3)"],
    ),
    "swapped": (
        "Audit record 2 ",
        [
            "UPDATE audit SET sequence = 100 WHERE sequence = 2",
            "UPDATE audit SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit SET sequence = 3 WHERE sequence = 100",
        ],
    ),
    "a byte that is no UTF-8": ("Audit record 2 ", ["UPDATE audit SET who = cast(x'ff' AS TEXT) WHERE sequence = 2"]),
    "such a byte in its content": (
        "bars 0.1.0 (revision 2) is not as it was written: a text of it, or of its audit record, is no UTF-8",
        ["UPDATE audit SET content = cast(x'ff' AS TEXT) WHERE sequence = 2"],
    ),
    "such a byte in a version": (
        "bars 0.1.0 (revision 2) is not as it was written: a text of it, or of its audit record, is no UTF-8",
        ["UPDATE version SET registered_by = cast(x'ff' AS TEXT) WHERE revision = 2"],
    ),
    "a version that is no UTF-8": (
        "0.1.0 (revision 2) is not as it was written",
        ["UPDATE version SET id = cast(x'6280ff' AS TEXT) WHERE revision = 2"],
    ),
    "a time of no year": ("Audit record 2 ", ["UPDATE audit SET at = 9000000000000000000 WHERE sequence = 2"]),
    "no text of an origin": ("Audit record 2 ", ["UPDATE audit SET origin = '[' WHERE sequence = 2"]),
    "no text of a version's origin": (
        "registry.db: the origin, the token or the state of a write is not as it was written",
        ["UPDATE version SET origin = '[' WHERE revision = 2"],
    ),
    "no count of revisions": ("the end is missing", ["UPDATE sqlite_sequence SET seq = 'many'"]),
    "the end cut off": (
        "the audit ends with revision 4, and the last write had 5: the end is missing",
        ["DELETE FROM audit WHERE sequence = 5", "DELETE FROM version WHERE revision = 5"],
    ),
    "doubled": (
        "Audit record 6 ",
        [
            "CREATE TEMP TABLE last AS SELECT * FROM audit WHERE sequence = 5",
            "UPDATE last SET sequence = 6, revision = 6",
            "INSERT INTO audit SELECT * FROM last",
        ],
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_done_to_the_embedded_stores_audit_is_named(how: str, filled: Path, edit, command: Command) -> None:
    said, statements = TAMPERED[how]
    edit(filled, *statements)
    assert said in command("audit", "verify", "--data", filled, code=1)


def test_the_place_is_in_the_json_too(filled: Path, edit) -> None:
    edit(filled, "UPDATE audit SET who = 'mallory' WHERE sequence = 2")
    words = [sys.executable, "-m", "schemaregistry", "audit", "verify", "--data", str(filled), "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    error = json.loads(ended.stdout)["error"]
    assert (error["reason"], error["sequence"], error["id"], error["version"]) == ("AUDIT_BROKEN", "2", "bars", "0.1.0")


CUT = [
    "DELETE FROM audit WHERE sequence > 3",
    "DELETE FROM version WHERE revision > 3",
    "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'version'",
]
"""The end of the audit is cut off, with all that would show it in the file itself."""


def test_a_kept_head_shows_that_the_end_was_cut_off(filled: Path, tmp_path, edit, command: Command, signing) -> None:
    private, public = signing
    command("audit", "head", "--data", filled, "-o", tmp_path, "--sign", private, "--issuer", "exchanger.prod")
    [kept] = tmp_path.glob("head-sqlite-*.json")
    with_head = ["audit", "verify", "--data", filled, "--head", kept, "--key", public]
    assert re.search(r"All of the head of \S+ is there, signed by exchanger.prod at 2", command(*with_head))
    assert json.loads(command(*with_head, "--json"))["head"]["signed_by"] == "exchanger.prod"
    edit(filled, *CUT)
    assert "3 audit records" in command("audit", "verify", "--data", filled)
    found = command(*with_head, code=1)
    assert "The chain had 5 records at " in found
    assert "and ends with 3 now: records 4 to 5 are missing" in found


def test_a_head_is_of_a_prefix(stores, filled: Path, tmp_path, edit, command: Command) -> None:
    command("audit", "head", "--data", filled, "-o", tmp_path)
    [kept] = tmp_path.glob("head-*.json")
    edit(filled, *CUT)  # and the end is made anew, as a whole chain

    async def more() -> None:
        async with stores("sqlite/filled") as store:
            for name in ("x", "y"):
                await store.put(Entry(name, "1.0.0", b"{}", "f", "mallory", 1), expected_latest=None)

    asyncio.run(more())
    assert "5 audit records" in command("audit", "verify", "--data", filled)
    found = command("audit", "verify", "--data", filled, "--head", kept, code=1)
    assert "Record 5 of the chain is another one than at" in found


def test_a_head_that_was_changed_or_isnt_signed_proves_nothing(filled, tmp_path, command: Command, signing) -> None:
    private, public = signing
    plain, kept = tmp_path / "plain.json", tmp_path / "head.json"
    plain.write_text(command("audit", "head", "--data", filled))
    kept.write_text(command("audit", "head", "--data", filled, "--sign", private))
    verify = ["audit", "verify", "--data", filled, "--key", public, "--head"]
    assert "This head is not signed" in command(*verify, plain, code=1)
    text = kept.read_text()
    kept.write_text(text.replace('"sequence":5', '"sequence":4'))
    assert "its digest is another" in command(*verify, kept, code=3)
    other = tmp_path / "other.pub"
    other.write_bytes(public_pem(TokenMaker().key))
    kept.write_text(text)
    assert "signature is not of this key" in command(*verify[:-2], other, "--head", kept, code=1)
    made = json.loads(text)
    made["made_at"] = "2026-01-01T00:00:00+00:00"
    plain.write_text(json.dumps(made | {"digest": digest(made)}))
    assert "The signature is of another head" in command(*verify, plain, code=1)
    for signed, said in (("", "is not signed"), ("a.b.c", "is not of this key"), (5, "is not of this key")):
        plain.write_text(json.dumps(json.loads(text) | {"signed": signed}))
        assert said in command(*verify, plain, code=1)
    for damaged in ("", "[]", "{}", text[:-9]):
        kept.write_text(damaged)
        assert str(kept) in command(*verify, kept, code=3)


def digest(members: dict[str, object]) -> str:
    rest = {name: value for name, value in members.items() if name not in ("digest", "signed")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_an_export_has_each_record_as_a_line_with_its_token(filled: Path, command: Command) -> None:
    lines = [json.loads(line) for line in command("audit", "export", "--data", filled).splitlines()]
    assert [line["sequence"] for line in lines] == [1, 2, 3, 4, 5]
    assert tuple(lines[0]) == (
        *("sequence", "chain", "revision", "time", "who", "what", "id", "version", "fingerprint", "content"),
        *("origin", "token", "previous", "hash"),
    )
    assert lines[1]["token"] == {"jti": "jti-1", "repository": "acme/schemas", "commit": "c0ffee"}
    assert (lines[1]["who"], lines[1]["time"], lines[0]["token"]) == ("Zoë", "2023-11-14T22:13:20.000000+00:00", {})
    assert [line["previous"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]


@pytest.mark.parametrize(
    ("since", "count"),
    [("4", 2), ("6", 0), ("2023-11-14T22:13:20Z", 5), ("2023-11-14T23:13:20+01:00", 5), ("2023-11-14T22:13:21Z", 0)],
)
def test_an_export_begins_at_a_revision_or_a_time(since: str, count: int, filled: Path, command: Command) -> None:
    assert len(command("audit", "export", "--data", filled, "--since", since).splitlines()) == count


@pytest.mark.parametrize("since", ["yesterday", "-1", "2026-11-29T08:00:00", "٣", "5" * 5000])
def test_another_beginning_is_a_mistake_in_the_words(since: str, filled: Path, command: Command) -> None:
    assert "--since takes a revision" in command("audit", "export", "--data", filled, "--since", since, code=2)


CHANGED = {
    "who": ("'mallory'", "who", "mallory"),
    "who in no UTF-8": ("cast(x'ff' AS TEXT)", "who", "\udcff"),
    "at far on": ("9000000000000000000", "time", 9 * 10**18),
    "at far back": ("-9000000000000000000", "time", -9 * 10**18),
    "origin of no JSON": ("'['", "origin", "["),
    "origin of a number": ("""'{"path":5}'""", "origin", '{"path":5}'),
    "origin of another member": ("""'{"x":"y"}'""", "origin", '{"x":"y"}'),
    "claims of NaN": ("""'{"jti":NaN}'""", "token", '{"jti":NaN}'),
    "claims in depth": (f"'{'[' * 100_000}'", "token", "[" * 100_000),
}
"""What is put in place of a member of a record, in SQL; the member of the line; what it prints then."""


@pytest.mark.parametrize("since", ["0", "2024-01-01T00:00:00Z"])
@pytest.mark.parametrize("how", CHANGED)
def test_an_export_prints_what_was_changed_and_says_so_at_its_end(how: str, since: str, filled: Path, edit) -> None:
    value, member, printed = CHANGED[how]
    column = {"time": "at", "token": "claims"}.get(member, member)
    edit(filled, f"UPDATE audit SET {column} = {value} WHERE sequence = 2")
    ended = CliRunner().invoke(app, ["export", "--data", str(filled), "--since", since])
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.exit_code, "Audit record 2 " in ended.stderr) == (1, True), ended.output
    if since == "0" or member == "time":  # a record without a time is printed whatever the time
        assert [line[member] for line in lines if line["sequence"] == 2] == [printed]
    assert len(lines) == (5 if since == "0" else member == "time")


def test_an_export_of_an_audit_without_its_end_prints_the_rest(filled: Path, edit) -> None:
    edit(filled, "DELETE FROM audit WHERE sequence = 5")
    ended = CliRunner().invoke(app, ["export", "--data", str(filled)])
    assert (ended.exit_code, len(ended.stdout.splitlines())) == (1, 4)
    assert "the end is missing" in ended.stderr


# etcd


@dataclass
class EtcdAudit:
    """A store in etcd under the keys that the commands read, whose values a test may change."""

    client: EtcdClient
    words: list[object]

    async def change(self, *operations: RequestOp) -> None:
        await self.client.transact(TxnRequest(success=list(operations)))

    async def value(self, key: str) -> bytes:
        _, found = await self.client.get(key.encode())
        return found[key.encode()].value


def drops(key: str) -> RequestOp:
    return RequestOp(request_delete_range=DeleteRangeRequest(key=key.encode()))


@pytest.fixture
async def etcd_audit(etcd_cluster: EtcdCluster) -> AsyncIterator[EtcdAudit]:
    """Five writes of two ids; the keys are gone after the test."""
    store = await EtcdStore.open(etcd_cluster.endpoints)
    claims = VerifiedClaims("jti-1", "acme/schemas")
    last = None
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        entry = Entry("ticks", version, b"{}", "f", "ci-bot", 1_700_000_000_000_000, claims=claims)
        await store.put(entry, expected_latest=last)
        last = version
    change = StateChange("ticks", "1.1.0", VersionState("retracted", "a typo"), "f", "ops", 1_700_000_000_000_000)
    await store.put_state(change, expected_writes=3)
    await store.put(Entry("bars", "1.0.0", b"{}", "f", "ci-bot", 1_700_000_000_000_000), expected_latest=None)
    await store.close()
    client = EtcdClient(EtcdConnection(etcd_cluster.endpoints))
    yield EtcdAudit(client, ["--store", "etcd://" + ",".join(etcd_cluster.endpoints)])
    for prefix in (b"/schemas/", b"/audit/"):
        everything = DeleteRangeRequest(key=prefix, range_end=prefix[:-1] + b"0")
        await client.transact(TxnRequest(success=[RequestOp(request_delete_range=everything)]))
    await client.close()


async def test_what_was_done_to_etcds_audit_is_named(etcd_audit: EtcdAudit, command: Command) -> None:
    verify = ["audit", "verify", *etcd_audit.words]
    assert "5 audit records" in command(*verify)
    second, third = [await etcd_audit.value(f"/audit/ticks/0000000{n}") for n in (2, 3)]
    fourth, bars = await etcd_audit.value("/audit/ticks/00000004"), await etcd_audit.value("/audit/bars/00000001")

    await etcd_audit.change(drops("/audit/ticks/00000004"))
    found = command(*verify, code=1)
    assert "The audit chain ticks ends with record 3, and ticks has 4 writes: record 4 is missing" in found
    await etcd_audit.change(puts(b"/audit/ticks/00000004", fourth))

    await etcd_audit.change(drops("/audit/ticks/00000002"))
    found = command(*verify, code=1)
    assert "Audit record 3 of the chain ticks (ci-bot register ticks 1.2.0) comes after record 1: record 2 is" in found

    await etcd_audit.change(puts(b"/audit/ticks/00000002", third), puts(b"/audit/ticks/00000003", second))
    assert "/audit/ticks/00000002 is no audit record of its place" in command(*verify, code=1)
    changed = third.replace(b"ci-bot", b"no-bot")
    await etcd_audit.change(puts(b"/audit/ticks/00000002", second))
    await etcd_audit.change(puts(b"/audit/ticks/00000003", changed))
    assert "of the chain ticks" in command(*verify, code=1)

    await etcd_audit.change(puts(b"/audit/bars/00000001", b"["))
    exported = command("audit", "export", *etcd_audit.words, code=1)
    assert "/audit/bars/00000001 is no audit record of its place (Expecting value" in exported
    for wrong in (third.replace(b'"sequence":3', b'"sequence":"3"'), b"[" * 100_000):
        await etcd_audit.change(puts(b"/audit/ticks/00000003", wrong), puts(b"/audit/bars/00000001", bars))
        assert "/audit/ticks/00000003 is no audit record of its place" in command(*verify, code=1)
    await etcd_audit.change(puts(b"/audit/ticks/00000003", changed))

    await etcd_audit.change(puts(b"/audit/bars/00000001", second))
    assert "/audit/bars/00000001 is no audit record of its place (it is number 2 of ticks)" in command(*verify, code=1)


async def test_a_kept_head_of_etcd_shows_which_chain_was_cut_off(
    etcd_audit: EtcdAudit, tmp_path: Path, command: Command, signing
) -> None:
    kept = tmp_path / "head.json"
    latest = await etcd_audit.value("/schemas/ticks/latest")
    kept.write_text(command("audit", "head", *etcd_audit.words, "--sign", signing[0]))
    head = json.loads(kept.read_text())
    assert [(each["chain"], each["sequence"]) for each in head["chains"]] == [("bars", 1), ("ticks", 4)]
    verify = ["audit", "verify", *etcd_audit.words, "--head", kept, "--key", signing[1]]
    command(*verify)
    third = json.loads(await etcd_audit.value("/audit/ticks/00000003"))
    before = json.dumps({**json.loads(latest), "sequence": 3, "hash": third["hash"]}).encode()
    await etcd_audit.change(
        drops("/audit/ticks/00000004"),
        drops("/schemas/ticks/states/1.1.0/00000004"),
        puts(b"/schemas/ticks/latest", before),
    )
    assert "4 audit records" in command("audit", "verify", *etcd_audit.words)
    found = command(*verify, code=1)
    assert "The chain ticks had 4 records at " in found
    assert "and ends with 3 now: record 4 is missing" in found


async def test_an_export_of_etcd_is_in_the_order_of_the_writes(etcd_audit: EtcdAudit, command: Command) -> None:
    lines = [json.loads(line) for line in command("audit", "export", *etcd_audit.words).splitlines()]
    assert [(each["chain"], each["sequence"], each["what"]) for each in lines] == [
        ("ticks", 1, "register"),
        ("ticks", 2, "register"),
        ("ticks", 3, "register"),
        ("ticks", 4, "retract"),
        ("bars", 1, "register"),
    ]
    assert lines[0]["token"] == {"jti": "jti-1", "repository": "acme/schemas"}
    since = command("audit", "export", *etcd_audit.words, "--since", lines[3]["revision"])
    assert [json.loads(line)["what"] for line in since.splitlines()] == ["retract", "register"]


# Logs


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.log"
    written = AuditLog(path, "serve", lambda: 1_700_000_000.0)
    for name in "abcde":
        written.record("refused", {"id": name}).result(10)
    written.close()
    return path


def test_a_log_is_verified_and_exported(log: Path, command: Command) -> None:
    assert "audit.log: 5 records, 1 to 5: as they were written." in command("audit", "verify", "--log", log)
    told = json.loads(command("audit", "verify", "--log", log, "--json"))["logs"][0]
    assert (told["records"], told["sequence"], told["lost"], told["cut_off_lines"]) == (5, 5, 0, [])
    assert [json.loads(line) for line in command("audit", "export", "--log", log).splitlines()] == [
        json.loads(line) for line in log.read_text().splitlines()
    ]
    assert command("audit", "export", "--log", log, "--since", "2024-01-01T00:00:00Z") == ""
    assert "no revisions" in command("audit", "export", "--log", log, "--since", "3", code=2)


def test_a_changed_log_is_named_by_file_and_line(log: Path, command: Command) -> None:
    log.write_bytes(log.read_bytes().replace(b'"id":"c"', b'"id":"x"'))
    assert f"{log}: line 3: record 3 is not as it was written" in command("audit", "verify", "--log", log, code=1)
    assert "can't be read" in command("audit", "verify", "--log", log.with_name("none"), code=2)


def test_an_export_of_a_changed_log_prints_all_of_its_lines(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    changed = [lines[0], lines[1].replace(b'"b"', b'"x"'), b"no line\n", b'{"id":NaN}\n', b"[" * 100_000 + b"\n"]
    log.write_bytes(b"".join([*changed, *lines[3:]])[:-9])
    ended = CliRunner().invoke(app, ["export", "--log", str(log)])
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line.get("id") for line in found] == ["a", "x", None, None, None, "d", None]
    unreadable = [line["unreadable"] for line in found if "unreadable" in line]
    assert unreadable == ["no line", '{"id":NaN}', "[" * 100_000, lines[4][:-9].decode()]
    assert (ended.exit_code, f"{log}: line 2: " in ended.stderr) == (1, True), ended.stderr


@pytest.mark.parametrize("time", ["2026-11-29", "2026-11-29T08:00:00", "0001-01-01T00:00:00+23:00", 5, None])
def test_a_line_is_exported_whatever_its_time_is(time: object, tmp_path: Path, command: Command) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(write_line({"time": time, "event": "refused"}, ChainEnd())[0])
    assert command("audit", "export", "--log", log, "--since", "0001-01-01T00:00:00+23:59")
    printed = command("audit", "export", "--log", log, "--since", "2027-01-01T00:00:00Z")
    assert bool(printed) == (time != "0001-01-01T00:00:00+23:00")


def test_a_kept_head_shows_that_a_log_was_cut_off(log: Path, tmp_path: Path, command: Command, signing) -> None:
    kept = tmp_path / "head.json"
    kept.write_text(command("audit", "head", "--log", log, "--sign", signing[0]))
    verify = ["audit", "verify", "--head", kept, "--key", signing[1], "--log"]
    assert "is there, signed by schemaregistry" in command(*verify, log)
    renamed = log.rename(log.with_name("audit.log.1"))
    assert "is there, signed by schemaregistry" in command(*verify, renamed)
    lines = renamed.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:3]))
    command("audit", "verify", "--log", log)
    assert "The chain audit.log had 5 records at " in (found := command(*verify, log, code=1))
    assert "ends with 3 now: records 4 to 5 are missing" in found
    assert "is of log" in command("audit", "verify", "--data", tmp_path, "--head", kept, code=2)


def test_heads_are_written_again_and_again(filled: Path, tmp_path: Path) -> None:
    words = ["audit", "head", "--data", filled, "-o", tmp_path, "--every", "1"]
    process = subprocess.Popen([sys.executable, "-m", "schemaregistry", *map(str, words)], stdout=subprocess.PIPE)
    try:
        until(lambda: len(list(tmp_path.glob("head-*.json"))) > 1)
    finally:
        process.terminate()
        process.communicate(timeout=30)
