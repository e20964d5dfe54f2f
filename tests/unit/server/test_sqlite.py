"""The embedded store's file: its lock and permissions, and the detection of damage."""

# ruff: noqa: ASYNC240, PT012 (a test may wait for the disk)

import asyncio
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import DataLoss, FailedPrecondition, RegistryError, Unavailable
from schemaregistry_server.store import audit_chain, store_history
from schemaregistry_server.store.base import Entry, ReadCount, StateChange
from schemaregistry_server.store.sqlite_file import LAYOUT, must_be_there
from schemaregistry_server.store.sqlite_store import SQLiteStore
from schemaregistry_server.store.verified_claims import NO_TOKEN, VerifiedClaims


def entry(n: int = 0, size: int = 2000) -> Entry:
    return Entry(f"s{n}", "1.0.0", b"%d" % n + b"x" * size, "sha256:" + "0" * 64, "ci-bot", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "registry.db"


async def fill(path: Path, count: int = 50) -> None:
    store = SQLiteStore(path)
    await asyncio.gather(*(store.put(entry(n), expected_latest=None) for n in range(count)))
    await store.close()


def edit(path: Path, *statements: str) -> None:
    """Change the closed file as anyone with write access could: drop the triggers, then run the statements."""
    connection = sqlite3.connect(path)
    for trigger in ("version_kept", "version_stays", "audit_kept", "audit_stays"):
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def refusal(path: Path) -> RegistryError:
    """The error of opening and loading the store, which is closed in any case."""
    with pytest.raises((FailedPrecondition, DataLoss)) as refused:
        store = SQLiteStore(path)
        try:
            await store.load()
        finally:
            await store.close()
    assert str(path.parent) in refused.value.message
    assert "\n" not in refused.value.message
    return refused.value


async def test_a_second_server_on_the_same_file_is_refused_with_the_first_ones_process(path: Path) -> None:
    store = SQLiteStore(path)
    assert (await refusal(path)).reason == "STORE_LOCKED"
    await store.close()
    await SQLiteStore(path).close()


async def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert (await refusal(tmp_path / "data" / "registry.db")).reason == "STORE_UNWRITABLE"


async def test_a_path_that_is_a_directory_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    assert (await refusal(path)).reason == "STORE_UNWRITABLE"


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
async def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert (await refusal(path)).reason == "STORE_CORRUPT"


async def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    assert (await refusal(path)).reason == "NOT_A_STORE"
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    other.close()


async def test_a_newer_layout_is_refused(path: Path) -> None:
    await fill(path, 1)
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {LAYOUT + 1}")
    newer.close()
    assert (await refusal(path)).reason == "STORE_LAYOUT"


async def test_a_torn_file_is_refused(path: Path) -> None:
    await fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert (await refusal(path)).reason == "STORE_CORRUPT"


@pytest.mark.parametrize("place", [0.2, 0.4, 0.6, 0.8])
async def test_an_overwritten_page_is_refused(path: Path, place: float) -> None:
    await fill(path)
    damaged = bytearray(path.read_bytes())
    page = int(len(damaged) * place) // 4096 * 4096
    damaged[page : page + 4096] = b"\xa5" * 4096
    path.write_bytes(damaged)
    assert (await refusal(path)).reason == "STORE_CORRUPT"


async def test_one_changed_byte_in_a_document_is_refused_and_named(path: Path) -> None:
    await fill(path)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"17xxxx") + 3] = ord("y")
    path.write_bytes(damaged)
    refused = await refusal(path)
    assert refused.reason == "STORE_CORRUPT"
    assert "s17 1.0.0" in refused.message


@pytest.mark.parametrize("left", [None, 0, 1, 99])
async def test_a_file_that_is_gone_or_emptied_is_not_begun_anew_beside_its_log(path: Path, left: int | None) -> None:
    store = SQLiteStore(path)
    await store.put(entry(), expected_latest=None)
    shutil.copytree(path.parent, path.parent.with_name("killed"))
    await store.close()
    killed = path.parent.with_name("killed") / path.name
    killed.unlink() if left is None else os.truncate(killed, left)
    with pytest.raises(DataLoss, match="is damaged") as refused:
        SQLiteStore(killed)
    assert refused.value.reason == "STORE_CORRUPT"
    assert killed.with_name("registry.db-wal").stat().st_size > 0


async def test_a_torn_log_loses_nothing_that_was_checkpointed(path: Path) -> None:
    await fill(path)
    path.with_name("registry.db-wal").write_bytes(b"\x37\x7f\x06\x82" + b"torn" * 5000)
    store = SQLiteStore(path)
    assert len((await store.load()).entries) == 50
    await store.close()


async def test_versions_cannot_be_changed_even_by_sql(path: Path) -> None:
    await fill(path, 1)
    connection = sqlite3.connect(path)
    for statement in (
        "UPDATE version SET id = 'x'",
        "DELETE FROM version",
        "UPDATE audit SET who = 'x'",
        "DELETE FROM audit",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="immutable"):
            connection.execute(statement)
    connection.close()


async def test_an_edited_audit_record_is_found_by_its_number(path: Path) -> None:
    await fill(path, 5)
    edit(path, "UPDATE audit SET who = 'mallory' WHERE sequence = 3")
    store = SQLiteStore(path)
    with pytest.raises(FailedPrecondition, match="Audit record 3 ") as broken:
        audit_chain.verify(await store.audit())
    assert broken.value.reason == "AUDIT_BROKEN"
    await store.close()


async def test_a_removed_audit_record_is_found(path: Path) -> None:
    await fill(path, 5)
    edit(path, "DELETE FROM audit WHERE sequence = 2")
    store = SQLiteStore(path)
    with pytest.raises(FailedPrecondition, match="Audit record 3 "):
        audit_chain.verify(await store.audit())
    await store.close()


@pytest.mark.parametrize("sequence", [3, 5], ids=["within", "the last"])
async def test_a_version_whose_audit_record_was_removed_is_not_left_out(path: Path, sequence: int) -> None:
    """The rest of the chain is valid, so only the version without a record shows the removal."""
    await fill(path, 5)
    edit(path, f"DELETE FROM audit WHERE sequence = {sequence}")
    store = SQLiteStore(path)
    with pytest.raises(FailedPrecondition, match="has no audit record") as broken:
        await store.load()
    assert broken.value.reason == "AUDIT_BROKEN"
    await store.close()


async def test_a_full_disk_refuses_the_write_and_the_store_goes_on(path: Path) -> None:
    """The page limit stands in for the disk: SQLite reports both as SQLITE_FULL."""
    store = SQLiteStore(path)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(Unavailable) as refused:
        await store.put(entry(1, size=100_000), expected_latest=None)
    assert refused.value.reason == "STORE_FAILED"
    store._connection.execute("PRAGMA max_page_count = 1000000")
    await store.put(entry(2), expected_latest=None)
    assert [e.id for e in (await store.load()).entries] == ["s2"]
    await store.close()


async def test_writes_after_close_are_refused(path: Path) -> None:
    store = SQLiteStore(path)
    await store.close()
    with pytest.raises(Unavailable):
        await store.put(entry(), expected_latest=None)


async def test_a_changed_revision_is_found(path: Path) -> None:
    """A version and its audit record are moved to another place in the history."""
    await fill(path, 5)
    edit(
        path,
        "UPDATE audit SET revision = 1000 WHERE revision = 3",
        "UPDATE version SET revision = 1000 WHERE revision = 3",
    )
    store = SQLiteStore(path)
    with pytest.raises(FailedPrecondition, match="Audit record 3 "):
        audit_chain.verify(await store.audit())
    await store.close()


async def test_the_file_and_its_log_are_the_owners_alone(path: Path) -> None:
    await fill(path, 1)
    path.chmod(0o644)
    store = SQLiteStore(path)
    await store.put(entry(2), expected_latest=None)
    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.glob(f"{path.name}*")}
    await store.close()
    assert {name: mode for name, mode in modes.items() if not name.endswith(".lock")} == {
        path.name: 0o600,
        f"{path.name}-wal": 0o600,
        f"{path.name}-shm": 0o600,
    }


async def test_a_file_from_before_origins_is_brought_up_to_date_by_a_server(path: Path) -> None:
    await fill(path, 3)
    older = sqlite3.connect(path)
    older.execute("DROP TABLE state")
    for table in ("version", "audit"):
        older.execute(f"ALTER TABLE {table} DROP COLUMN claims")
        older.execute(f"ALTER TABLE {table} DROP COLUMN origin")
    older.execute("PRAGMA user_version = 2")
    older.close()
    with pytest.raises(FailedPrecondition, match="start this server with it once"):
        must_be_there(path)
    store = SQLiteStore(path)
    stated = replace(entry(3), origin=Origin(commit="c0ffee0"))
    await store.put(stated, expected_latest=None)
    found = (await store_history.read(store)).writes
    await store.close()
    assert [write.entry.origin for write in found] == [Origin()] * 3 + [stated.origin]


async def test_a_file_from_before_states_keeps_its_audit_and_takes_states_then(path: Path) -> None:
    await fill(path, 3)
    older = sqlite3.connect(path)
    older.execute("DROP TABLE state")
    for table in ("version", "audit"):
        older.execute(f"ALTER TABLE {table} DROP COLUMN claims")
    older.execute("PRAGMA user_version = 3")
    older.close()
    store = SQLiteStore(path)
    before = await store.audit()
    change = StateChange("s1", "1.0.0", VersionState("retracted", "a typo"), "sha256:" + "0" * 64, "ci-bot", 1)
    revision = await store.put_state(change, expected_writes=1)
    found = await store_history.read(store)
    await store.put(entry(4), expected_latest=None)
    last = (await store.load()).entries[-1]
    await store.close()
    assert [write.record for write in found.writes] == [*before, found.writes[-1].record]
    assert (len(before), found.writes[-1].entry) == (3, replace(change, revision=revision))
    assert last.revision == revision + 1


async def test_a_file_from_before_claims_keeps_its_chain_and_takes_claims_then(path: Path) -> None:
    await fill(path, 2)
    store = SQLiteStore(path)
    change = StateChange("s1", "1.0.0", VersionState("retracted", "a typo"), "sha256:" + "0" * 64, "ci-bot", 1)
    await store.put_state(change, expected_writes=1)
    before = await store_history.read(store)
    await store.close()
    older = sqlite3.connect(path)
    for table in ("version", "state", "audit"):
        older.execute(f"ALTER TABLE {table} DROP COLUMN claims")
    older.execute("PRAGMA user_version = 4")
    older.close()
    store = SQLiteStore(path)
    assert await store_history.read(store) == before
    by_token = replace(entry(3), claims=VerifiedClaims("jti-1", "acme/schemas"))
    await store.put(by_token, expected_latest=None)
    found = (await store_history.read(store)).writes
    await store.close()
    assert [write.entry.claims for write in found] == [NO_TOKEN] * 3 + [by_token.claims]


async def test_the_file_of_an_older_layout_is_refused_with_what_to_do(path: Path) -> None:
    await fill(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(FailedPrecondition, match="start the server that wrote it, or move the file away"):
        SQLiteStore(path)


async def test_counts_of_reads_that_can_not_be_written_leave_versions_alone(path: Path) -> None:
    await fill(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW observed AS SELECT 1")  # which nothing can be written to
    connection.close()
    store = SQLiteStore(path)
    with pytest.raises(Unavailable, match="could not take the write"):
        await store.save_reads([ReadCount("2026-11-29", "one", "s0", "etl", "1.0.0", 1)])
    assert await store.put(entry(1), expected_latest=None) == 2
    await store.close()


async def test_a_file_of_an_older_server_has_no_counts_until_the_first_are_saved(path: Path) -> None:
    await fill(path, 1)
    store = SQLiteStore(path)
    await store.drop_reads("2026-11-23")
    assert await store.load_reads("s0", "2026-11-23") == []
    saved = ReadCount("2026-11-29", "one", "s0", "etl", "1.0.0", 1)
    await store.save_reads([saved])
    assert await store.load_reads("s0", "2026-11-23") == [saved]
    await store.close()
