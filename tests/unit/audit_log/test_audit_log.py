"""The audit log's file: one chain over restarts, processes, crashes and renames; what was changed in it is named."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry_server.audit_log import log_check, log_file, log_order
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.audit_log.event_lines import MAX_LINE, ChainEnd, read_line, write_line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@contextmanager
def opened(path: Path, program: str = "serve") -> Iterator[AuditLog]:
    log = AuditLog(path, program)
    try:
        yield log
    finally:
        log.close()


def fill(path: Path, *ids: str) -> None:
    with opened(path) as log:
        for id in ids:  # noqa: A001 (the field's term)
            log.record("refused", {"id": id}).result(10)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_each_event_is_a_line_of_json_bound_to_the_one_before(path: Path) -> None:
    fill(path, "a", "b")
    first, second = lines(path)
    assert list(first) == ["sequence", "time", "event", "program", "pid", "id", "previous", "hash"]
    assert (first["sequence"], first["previous"], first["event"], first["program"]) == (1, "0" * 64, "refused", "serve")
    assert (second["sequence"], second["previous"]) == (2, first["hash"])
    assert path.stat().st_mode & 0o077 == 0


def test_a_lines_hash_is_that_of_the_line_without_it(path: Path) -> None:
    fill(path, "é")
    body, _, rest = path.read_text().rpartition(',"hash":"')
    hashed = subprocess.run(["sha256sum"], input=f"{body}}}".encode(), capture_output=True, check=True).stdout
    assert rest == f'{hashed.decode().split()[0]}"}}\n'


def test_a_restart_goes_on_with_the_chain(path: Path) -> None:
    fill(path, "a")
    fill(path, "b")
    checked = log_check.check(path)
    assert (checked.records, checked.before, checked.end.sequence) == (2, ChainEnd(), 2)


def test_processes_share_one_chain(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from schemaregistry_server.audit_log.audit_log import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]), 'serve')\n"
        "for n in range(200): done = log.record('refused', {'id': f'{sys.argv[2]}-{n}'})\n"
        "done.result(30); log.close()"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "ab"]
    assert [each.wait(60) for each in started] == [0, 0]
    assert log_check.check(path).records == 400
    ids = [str(line["id"]) for line in lines(path)]
    for name in "ab":  # each process's own events are in their order
        assert [id for id in ids if id.startswith(name)] == [f"{name}-{n}" for n in range(200)]  # noqa: A001


def test_texts_of_a_caller_can_do_nothing_to_a_terminal_and_are_cut(path: Path) -> None:
    with opened(path) as log:
        log.record("refused", {"id": "\x1b[31m\x7f\u202e\ud800\n" + "x" * 5000, "many": ["y"] * 5000}).result(10)
    [line] = path.read_bytes().splitlines()
    assert all(0x20 <= byte < 0x7F for byte in line)
    found = json.loads(line)
    assert (len(found["id"]), len(found["many"])) == (1024, 201)


def test_a_line_that_would_be_too_long_says_so(path: Path) -> None:
    with opened(path) as log:
        log.record_new("rights", {f"name{n}": {f"{m}": "x" * 1000 for m in range(90)} for n in range(90)}).result(10)
    assert path.stat().st_size < MAX_LINE
    [line] = lines(path)
    assert (line["event"], line["left_out_bytes"] > MAX_LINE, len(str(line["digest"]))) == ("rights", True, 64)


def test_rights_are_recorded_where_they_differ_from_the_last_ones_of_the_program(path: Path) -> None:
    for program, rights in (("serve", "a"), ("serve", "a"), ("exchanger", "b"), ("serve", "a"), ("serve", "b")):
        with opened(path, program) as log:
            log.record_new("rights", {"publishers": [rights], "said": '"event":"rights","program":"serve"'}).result(10)
            log.record("refused", {"id": '"event":"rights","program":"serve"'}).result(10)
    rights = [(line["program"], line["publishers"]) for line in lines(path) if line["event"] == "rights"]
    assert rights == [("serve", ["a"]), ("exchanger", ["b"]), ("serve", ["b"])]


def test_the_last_rights_are_found_before_many_other_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "TAIL", 900)  # a few lines
    with opened(path) as log:
        log.record_new("rights", {"publishers": ["a"]}).result(10)
    fill(path, *map(str, range(30)))
    with opened(path) as log:
        log.record_new("rights", {"publishers": ["a"]}).result(10)
    assert [line["event"] for line in lines(path)].count("rights") == 1


# What a crash, a full disk and a rename leave.


@pytest.mark.parametrize("kept", [1, 50, -1])
def test_a_line_that_a_crash_cut_off_is_named_by_the_next_one_and_by_the_check(path: Path, kept: int) -> None:
    fill(path, "a", "b")
    whole = path.read_bytes()
    begin = whole.index(b"\n") + 1
    path.write_bytes(whole[:begin] + whole[begin:][:kept])
    with pytest.raises(FailedPrecondition, match=r"line 2: record 2 .*cut off"):
        log_check.check(path)
    fill(path, "c")
    checked = log_check.check(path)
    if kept == -1:  # the newline alone was lost, and the line is whole
        assert (checked.cut_off, checked.records) == ((), 3)
        return
    assert (checked.cut_off, checked.records) == ((2,), 3)
    told = json.loads(path.read_bytes().splitlines()[2])
    assert (told["event"], told["bytes"]) == ("cut", len(whole[begin:][:kept]))


def test_a_first_line_that_was_cut_off_is_named_too(path: Path) -> None:
    path.write_bytes(b'{"sequ')
    fill(path, "a")
    assert log_check.check(path).cut_off == (1,)


def test_a_file_whose_last_line_is_no_line_is_not_gone_on_with(path: Path) -> None:
    path.write_text("something else\n")
    with pytest.raises(FailedPrecondition, match="move it away") as refused:
        AuditLog(path, "serve")
    assert refused.value.reason == "AUDIT_LOG_BROKEN"
    assert path.read_text() == "something else\n"


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match=r"none/audit\.log: the audit log can't be written") as refused:
        AuditLog(tmp_path / "none" / "audit.log", "serve")
    assert refused.value.reason == "AUDIT_LOG_UNUSABLE"


@pytest.mark.parametrize("written", [0, 40])
def test_events_that_a_full_disk_did_not_take_are_counted_in_the_log(
    path: Path, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        if written and data.startswith(b"{"):
            return real(file, data[:written])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.write
    with opened(path) as log:
        log.record("refused", {"id": "a"}).result(10)
        before = path.read_bytes()
        monkeypatch.setattr(log_file.os, "write", full)
        for _ in range(2):
            with pytest.raises(Unavailable, match="No space left"):
                log.record("refused", {"id": "b"}).result(10)
        assert path.read_bytes() == before
        monkeypatch.undo()
        log.record("refused", {"id": "c"}).result(10)
    checked = log_check.check(path)
    assert (checked.records, checked.lost, checked.cut_off) == (3, 2, ())
    assert [line.get("id") for line in lines(path)] == ["a", None, "c"]


def test_a_renamed_file_is_followed_by_a_new_one_that_goes_on_with_the_chain(path: Path) -> None:
    older = path.with_name("audit.log.1")
    with opened(path) as log, opened(path) as other:
        log.record("refused", {"id": "a"}).result(10)
        other.record("refused", {"id": "b"}).result(10)
        path.rename(older)
        log.record("refused", {"id": "c"}).result(10)
        other.record("refused", {"id": "d"}).result(10)
    first, second = log_order.check_all([older, path])
    assert (first.records, second.records, second.end.sequence) == (2, 2, 4)
    older.write_bytes(older.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(FailedPrecondition, match=f"record 3 comes after record 1 of {older}: 2 missing"):
        log_order.check_all([older, path])


def test_a_log_that_is_cut_while_a_process_writes_it_shows_a_gap(path: Path) -> None:
    with opened(path) as log:
        log.record("refused", {"id": "a"}).result(10)
        end = path.stat().st_size
        log.record("refused", {"id": "b"}).result(10)
        os.truncate(path, end)
        log.record("refused", {"id": "c"}).result(10)
    with pytest.raises(FailedPrecondition, match="line 2: record 3 comes after record 1: 2 missing"):
        log_check.check(path)


# What somebody does to the file.


def with_line(content: list[bytes], sequence: int, **changed: object) -> bytes:
    """A line made anew with a right hash, as whoever can write the file could."""
    members = {**json.loads(content[sequence - 1]), **changed}
    before = ChainEnd(sequence - 1, str(members.pop("previous")))
    return write_line({name: value for name, value in members.items() if name not in ("sequence", "hash")}, before)[0]


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, int]] = {
    "changed": (lambda it: [*it[:2], it[2].replace(b'"id":"c"', b'"id":"x"'), *it[3:]], "its hash is another", 3),
    "changed, with its hash": (lambda it: [*it[:2], with_line(it, 3, id="x"), *it[3:]], "the record before it", 4),
    "dropped": (lambda it: it[:2] + it[3:], "record 4 comes after record 2: 3 missing", 3),
    "two dropped": (lambda it: it[:1] + it[3:], "record 4 comes after record 1: 2 to 3 missing", 2),
    "the first dropped": (lambda it: it[1:], "", 0),
    "swapped": (lambda it: [it[0], it[2], it[1], *it[3:]], "record 3 comes after record 1", 2),
    "doubled": (lambda it: [*it[:3], it[2], *it[3:]], "record 3 comes after record 3: it is there twice", 4),
    "an empty line": (lambda it: [*it[:2], b"\n", *it[2:]], "no line of an audit log", 3),
    "cut in the last line": (lambda it: [*it[:-1], it[-1][:-1]], "record 5 is not to be read: it is cut off", 5),
    "two lines of rubbish": (lambda it: [*it[:2], b"x\n", b"y\n", *it[2:]], "no line of an audit log", 3),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_done_to_the_file_is_found_and_named(path: Path, how: str) -> None:
    change, said, number = TAMPERED[how]
    fill(path, *"abcde")
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    if not number:  # a file may go on with the chain of one that was moved away: its beginning says where
        assert log_check.check(path).before.sequence == 1
        return
    with pytest.raises(FailedPrecondition, match=said) as broken:
        log_check.check(path)
    assert broken.value.reason == "AUDIT_BROKEN"
    assert f"{path}: line {number}: " in broken.value.message
    assert (broken.value.metadata["file"], broken.value.metadata["line"]) == (str(path), str(number))


def test_lines_of_another_chain_are_found(path: Path, tmp_path: Path) -> None:
    fill(path, *"abc")
    fill(tmp_path / "other", *"xyz")
    own, other = (each.read_bytes().splitlines(keepends=True) for each in (path, tmp_path / "other"))
    path.write_bytes(b"".join([*own[:2], *other[2:]]))
    with pytest.raises(FailedPrecondition, match="line 3: record 3 is of another chain"):
        log_check.check(path)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_any_change_of_bytes_before_the_last_line_is_found_there_or_after(tmp_path: Path, data: st.DataObject) -> None:
    content, end = b"", ChainEnd()
    for n in range(data.draw(st.integers(2, 6))):
        line, end = write_line({"event": "refused", "id": data.draw(st.text(max_size=5)), "n": n}, end)
        content += line
    last = content[:-1].rindex(b"\n") + 1
    begin = data.draw(st.integers(0, last - 1))
    length = data.draw(st.integers(0, last - begin))
    changed = content[:begin] + data.draw(st.binary(max_size=20)) + content[begin + length :]
    if changed == content or content.endswith(changed):  # the latter: whole lines dropped from its beginning
        return
    path = tmp_path / "changed.log"
    path.write_bytes(changed)
    with pytest.raises(FailedPrecondition) as broken:
        log_check.check(path)
    assert int(broken.value.metadata["line"]) >= 1 + changed[:begin].count(b"\n")


@pytest.mark.parametrize("lost", [-5, 0, True, None, "5", 2.5, 2**53])
def test_a_gap_has_a_number_of_events(path: Path, lost: object) -> None:
    path.write_bytes(write_line({"event": "gap", "lost": lost}, ChainEnd())[0])
    with pytest.raises(FailedPrecondition, match="line 1: record 1 is a gap of no number of events"):
        log_check.check(path)


@pytest.mark.parametrize("sequence", [-7, 0, 2**53, 10**4299])
def test_records_are_counted_from_1_on(path: Path, sequence: int) -> None:
    path.write_bytes(write_line({"event": "refused"}, ChainEnd(sequence - 1, "a" * 64))[0])
    with pytest.raises(FailedPrecondition, match="line 1: record 1 is not as it was written"):
        log_check.check(path)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.lists(st.text(max_size=3))))
def test_what_was_written_is_read(members: dict[str, object]) -> None:
    before = ChainEnd(7, "a" * 64)
    line, end = write_line({name: value for name, value in members.items() if name not in ("sequence", "hash")}, before)
    found = read_line(line.removesuffix(b"\n"))
    assert (found.sequence, found.previous, found.end) == (8, "a" * 64, end)
