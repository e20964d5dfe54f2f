"""`schemaregistry snapshot`, `restore` and `audit verify`, as an operator runs them."""

import hashlib
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from schemaregistry.document.version_state import VersionState
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.store.base import StateChange


def dump(data: Path) -> list[str]:
    """The whole content of an embedded store as SQL, tables and rows."""
    connection = sqlite3.connect(data / "registry.db")
    lines = list(connection.iterdump())
    connection.close()
    return lines


def test_a_restored_directory_is_the_same_in_every_row(filled: Path, tmp_path: Path, command) -> None:
    said = command("snapshot", tmp_path / "a.snap", "--data", filled)
    assert "5 versions up to revision 5" in said
    command("restore", tmp_path / "a.snap", "--data", tmp_path / "new")
    assert dump(tmp_path / "new") == dump(filled)


def test_a_snapshot_of_the_same_history_is_the_same_but_for_its_time(filled: Path, tmp_path: Path, command) -> None:
    command("snapshot", tmp_path / "a.snap", "--data", filled)
    command("restore", tmp_path / "a.snap", "--data", tmp_path / "new")
    command("snapshot", tmp_path / "b.snap", "--data", tmp_path / "new")

    def payloads(name: str) -> list[bytes]:
        lines = (tmp_path / name).read_bytes().split(b"\n")
        return [line for line in lines[3:] if line[64:65] != b" "]

    assert payloads("a.snap") == payloads("b.snap")


def test_a_running_server_is_no_hindrance_to_a_snapshot_and_refuses_a_restore(start_server, tmp_path, command) -> None:
    server = start_server("--publish", "schemas")
    told = json.loads(command("snapshot", tmp_path / "a.snap", "--data", server.data, "--json"))
    assert told["versions"] > 0
    assert told["size"] == (tmp_path / "a.snap").stat().st_size
    refusal = command("restore", tmp_path / "a.snap", "--data", server.data, code=2)
    assert "in use by another server" in refusal


def test_a_server_on_a_restored_directory_answers_as_the_old_one(start_server, tmp_path, command) -> None:
    server = start_server("--publish", "schemas")
    before = seen(server)
    command("snapshot", tmp_path / "a.snap", "--data", server.data)
    command("restore", tmp_path / "a.snap", "--data", tmp_path / "new")
    assert seen(start_server(data=tmp_path / "new")) == before


def test_etcd_is_read_and_written_over_tls(start_server, tmp_path: Path, command) -> None:
    server = start_server("--store", "etcd", "--publish", "schemas")
    ports = json.loads((server.data / "etcd/ports.json").read_text())[::2]
    there = ["--store", "etcd://" + ",".join(f"127.0.0.1:{port}" for port in ports)]
    there += ["--etcd-ca", server.tls / "ca.pem"]
    there += ["--etcd-cert", server.tls / "ci-bot.pem", "--etcd-key", server.tls / "ci-bot-key.pem"]
    before = seen(server)
    said = json.loads(command("snapshot", tmp_path / "a.snap", *there, "--json"))
    assert said["store"] == "etcd"
    assert "all as they were written" in command("audit", "verify", "--snapshot", tmp_path / "a.snap", *there)
    assert "is not empty" in command("restore", tmp_path / "a.snap", *there, code=2)
    server.stop()
    shutil.rmtree(server.data / "etcd")
    own = ["--store", "etcd", "--data", server.data]
    assert "begin again at revision 0" in command("restore", tmp_path / "a.snap", *own)
    after = seen(start_server("--store", "etcd", data=server.data))
    assert without_revisions(after) == without_revisions(before)


def seen(server) -> list[pb.WatchSchemasResponse]:
    """Every version that a watch shows, with its document."""
    versions = []
    for event in server.stub().WatchSchemas(pb.WatchSchemasRequest(include_documents=True), timeout=10):
        if event.HasField("progress"):
            return versions
        versions.append(event)
    raise AssertionError("the watch ended")


def without_revisions(events: list[pb.WatchSchemasResponse]) -> list[bytes]:
    for event in events:
        event.revision = event.snapshot.revision = event.snapshot.state_revision = 0
    return sorted(event.SerializeToString(deterministic=True) for event in events)


def test_a_changed_file_is_refused_by_name_and_offset_and_nothing_is_written(filled, tmp_path, command) -> None:
    path = tmp_path / "a.snap"
    command("snapshot", path, "--data", filled)
    content = path.read_bytes()
    for changed in (content.replace(b"Zo", b"zo"), content[:-1], content[:9], b"", content + b"\n"):
        path.write_bytes(changed)
        assert re.search(rf"{re.escape(str(path))}: in the record at byte \d+:", command(*into(path, tmp_path), code=3))
    assert not (tmp_path / "new").exists()


def test_an_audit_by_a_damaged_snapshot_could_not_be_told(filled: Path, tmp_path: Path, command) -> None:
    (tmp_path / "a.snap").write_bytes(b"")
    found = command("audit", "verify", "--data", filled, "--snapshot", tmp_path / "a.snap", code=3)
    assert "byte 0: the file is empty" in found


def test_a_snapshot_that_is_not_there_is_a_mistake_in_the_words(tmp_path: Path, command) -> None:
    assert "can't be read" in command(*into(tmp_path / "no.snap", tmp_path), code=2)


def into(path: Path, tmp_path: Path) -> list[object]:
    return ["restore", path, "--data", tmp_path / "new"]


def test_a_file_with_another_sum_than_was_noted_is_refused(filled: Path, tmp_path: Path, command) -> None:
    path = tmp_path / "a.snap"
    noted = json.loads(command("snapshot", path, "--data", filled, "--json"))["sha256"]
    assert noted == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "it was changed, or is another" in command(*into(path, tmp_path), "--sha256", "0" * 64, code=3)
    for slip in ("abc", noted[:-1], noted + "0", noted.replace(noted[0], "g"), "sha512:" + noted):
        assert "not 64 hex digits" in command(*into(path, tmp_path), "--sha256", slip, code=2)
    command(*into(path, tmp_path), "--sha256", noted)


def test_there_must_be_a_registry_to_take_a_snapshot_of(tmp_path: Path, command) -> None:
    refusal = command("snapshot", tmp_path / "a.snap", "--data", tmp_path / "none", code=2)
    assert "There is no registry in" in refusal
    assert list(tmp_path.iterdir()) == []


def test_another_program_s_database_is_not_taken_for_a_registry(tmp_path: Path, command) -> None:
    connection = sqlite3.connect(tmp_path / "registry.db")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert "is not a registry's file" in command("snapshot", tmp_path / "a.snap", "--data", tmp_path, code=2)


def test_a_whole_audit_is_counted(filled: Path, command) -> None:
    assert command("audit", "verify", "--data", filled).startswith("5 audit records up to revision 5")
    assert json.loads(command("audit", "verify", "--data", filled, "--json")) == {"records": 5, "revision": 5}


CHANGES = {
    "who wrote it": ("Audit record 2", "UPDATE audit SET who = 'mallory' WHERE sequence = 2"),
    "when": ("Audit record 4", "UPDATE audit SET at = at + 1 WHERE sequence = 4"),
    "a record is gone": ("ticks 1.1.0 has no audit record", "DELETE FROM audit WHERE sequence = 3"),
    "the last record is gone": ("ticks 1.10.0 has no audit record", "DELETE FROM audit WHERE sequence = 5"),
    "the document": ("bars 0.1.0", "UPDATE version SET raw = x'7b7d' WHERE id = 'bars'"),
    "the version's writer": ("bars 0.1.0", "UPDATE version SET registered_by = 'mallory' WHERE id = 'bars'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_audit_names_what_was_changed_and_no_snapshot_is_taken(
    change: str, filled: Path, tmp_path: Path, edit, command
) -> None:
    named, statement = CHANGES[change]
    edit(filled, statement)
    assert named in command("audit", "verify", "--data", filled, code=1)
    assert named in command("snapshot", tmp_path / "a.snap", "--data", filled, code=1)
    assert not (tmp_path / "a.snap").exists()


def test_a_removed_end_is_found_by_a_snapshot_from_before(filled: Path, tmp_path: Path, edit, command) -> None:
    command("snapshot", tmp_path / "a.snap", "--data", filled)
    edit(
        filled,
        "DELETE FROM audit WHERE sequence = 5",
        "DELETE FROM version WHERE revision = 5",
        "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'version'",
    )
    command("audit", "verify", "--data", filled)
    found = command("audit", "verify", "--data", filled, "--snapshot", tmp_path / "a.snap", code=1)
    assert "ticks 1.10.0 of the snapshot is missing" in found


async def test_a_store_that_lacks_a_change_of_state_is_told_which(filled: Path, stores, tmp_path, command) -> None:
    shutil.copytree(filled, tmp_path / "before")
    async with stores("sqlite/filled") as store:
        bars = next(each for each in (await store.load()).entries if each.id == "bars")
        for state in (VersionState("deprecated", "old"), VersionState("retracted", "a typo")):
            change = StateChange("bars", "0.1.0", state, bars.fingerprint, "ci-bot", 1_700_000_000_000_001)
            await store.put_state(change, expected_writes=1 + (state.name == "retracted"))
    command("snapshot", tmp_path / "a.snap", "--data", filled)
    command("audit", "verify", "--data", filled, "--snapshot", tmp_path / "a.snap")
    found = command("audit", "verify", "--data", tmp_path / "before", "--snapshot", tmp_path / "a.snap", code=1)
    assert "The 1. change of state of bars 0.1.0 in the snapshot, to deprecated, is missing in the store" in found


def test_a_version_that_is_audited_and_gone_is_found(filled: Path, edit, command) -> None:
    edit(filled, "DELETE FROM version WHERE revision = 5")
    assert "ticks 1.10.0 is audited, and not there any more" in command("audit", "verify", "--data", filled, code=1)
