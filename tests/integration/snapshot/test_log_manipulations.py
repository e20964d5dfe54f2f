"""Files of audit logs: whatever one thing is done to them, `audit verify` names its place, and nothing else."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from schemaregistry_server.audit_log.event_lines import ChainEnd, write_line
from schemaregistry_server.ops.audit import app
from schemaregistry_server.ops.audit_head import AuditHead, ChainHead

APP = get_command(app)
"""Made once: typer takes longer for it than a command for its work."""


def lines(count: int, program: str = "serve") -> list[bytes]:
    """The lines of a log of so many records, with their newlines."""
    end, made = ChainEnd(), []
    for number in range(count):
        line, end = write_line({"event": "refused", "program": program, "id": f"id-{number + 1}"}, end)
        made.append(line)
    return made


def written(directory: Path, files: list[list[bytes]]) -> list[Path]:
    """Write each file's lines; return the files' paths."""
    paths = [directory / f"audit.log.{len(files) - number}" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(b"".join(content))
    return paths


@dataclass(frozen=True)
class Verdict:
    """How `audit verify` ended, and the facts about what is wrong."""

    code: int
    facts: dict[str, str]

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and record."""
        return self.facts["file"], int(self.facts["line"]), int(self.facts["sequence"])


def audit(command: str, paths: list[Path], *options: object, code: int = 0) -> str:
    words = [word for path in paths for word in ("--log", str(path))]
    ended = CliRunner().invoke(APP, [command, *words, *map(str, options)])
    assert ended.exit_code == code, ended.output
    return ended.stderr if code else ended.stdout


def verdict(paths: list[Path], *options: object) -> Verdict:
    words = [word for path in paths for word in ("--log", str(path))]
    ended = CliRunner().invoke(APP, ["verify", "--json", *words, *map(str, options)])
    return Verdict(ended.exit_code, json.loads(ended.stdout).get("error", {}))


@pytest.fixture
def five(tmp_path: Path) -> list[Path]:
    """A log of five records in two files: 1 to 3 and 4 to 5."""
    whole = lines(5)
    return written(tmp_path, [whole[:3], whole[3:]])


# Empty files.


def test_a_head_of_an_empty_file_asks_for_no_record(tmp_path: Path) -> None:
    [path] = written(tmp_path, [[]])
    head = tmp_path / "head.json"
    head.write_text(audit("head", [path]))
    assert "no records. All of the head" in audit("verify", [path], "--head", head)


def test_a_head_that_has_an_empty_file_as_a_chain_asks_for_no_record_of_it(tmp_path: Path) -> None:
    path, head = tmp_path / "audit.log", tmp_path / "head.json"
    path.touch()
    # As `audit head` wrote it before empty files were left out.
    head.write_text(AuditHead("log", "2026-11-29T08:00:00+00:00", 0, (ChainHead("audit.log", 0, "0" * 64),)).text)
    audit("verify", [path], "--head", head)


def test_an_empty_file_is_no_break_in_a_chain(tmp_path: Path) -> None:
    whole, head = lines(5), tmp_path / "head.json"
    paths = written(tmp_path, [[], whole[:3], [], [], whole[3:], []])
    assert "2 records, 4 to 5: as they were written." in audit("verify", paths)
    head.write_text(audit("head", paths))
    assert "All of the head" in audit("verify", paths, "--head", head)


# The order of files.


def test_files_in_another_order_than_they_were_written_are_named_both(five: list[Path]) -> None:
    older, newer = five
    found = audit("verify", [newer, older], code=1)
    assert f"{newer}: line 1: record 4 comes after record 3, the last one of {older}, which is not the file" in found
    assert "not in the order in which they were written" in audit("export", [newer, older], code=1)
    assert "not in the order in which they were written" in audit("head", [newer, older], code=1)


def test_a_file_that_is_named_twice_is_found(five: list[Path], tmp_path: Path) -> None:
    older, newer = five
    for path in five:
        copy = shutil.copy(path, tmp_path / "copy")
        assert f"is there twice: it begins {path}, too" in audit("verify", [older, newer, copy], code=1)


def test_a_chain_of_another_server_may_follow(five: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "exchanger.log"
    other.write_bytes(b"".join(lines(2, "exchanger")))
    assert "2 records, 1 to 2: as they were written. It begins a chain of its own." in audit("verify", [*five, other])
    older, newer = five
    assert f"the last one of {older}, which is not the file before" in audit("verify", [older, other, newer], code=1)


def test_a_missing_file_is_named_by_its_records(tmp_path: Path) -> None:
    whole = lines(6)
    first, _, last = written(tmp_path, [whole[:2], whole[2:4], whole[4:]])
    assert f"record 5 comes after record 2 of {first}: 3 to 4 missing" in audit("verify", [first, last], code=1)
    assert "3 to 4 missing" in audit("verify", [first, last], "--older-removed", code=1)


# Older files that are gone.


def test_a_chain_begins_with_record_1_unless_it_is_said_that_older_files_were_removed(five: list[Path]) -> None:
    newer = five[1:]
    found = audit("verify", newer, code=1)
    assert f"{newer[0]}: line 1: record 4 is the first one: records 1 to 3 are missing" in found
    assert "Those up to 3 were in older files" in audit("verify", newer, "--older-removed")
    for command in ("export", "head"):
        assert "--older-removed" in audit(command, newer, code=1)
        audit(command, newer, "--older-removed")


def test_a_head_of_the_end_of_the_removed_files_proves_the_beginning(five: list[Path], tmp_path: Path) -> None:
    older, newer = five
    head, early, late = (tmp_path / f"{name}.json" for name in ("head", "early", "late"))
    head.write_text(audit("head", [older]))
    late.write_text(audit("head", five))
    (tmp_path / "earlier").mkdir()
    early.write_text(audit("head", written(tmp_path / "earlier", [lines(2)])))
    for kept in (head, late):
        assert "All of the head" in audit("verify", [newer], "--head", kept)
    newer.write_bytes(newer.read_bytes().splitlines(keepends=True)[1])  # its first line is cut off
    assert "record 5 is the first one: records 1 to 4 are missing" in audit("verify", [newer], "--head", head, code=1)
    assert "records 1 to 4" in audit("verify", [newer], "--head", late, code=1)
    assert "All of the head" in audit("verify", [newer], "--head", late, "--older-removed")
    for earlier, number in ((head, 3), (early, 2)):
        found = audit("verify", [newer], "--head", earlier, "--older-removed", code=3)
        assert f"Record {number} of the chain" in found
        assert "which begin after record 4: name that one, too, or a later head" in found


def test_a_head_has_the_end_of_each_file_by_the_name_of_its_chains_last_file(five: list[Path], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    [other] = written(tmp_path / "other", [lines(2, "exchanger")])
    heads = json.loads(audit("head", five))["chains"]
    assert [(each["chain"], each["sequence"]) for each in heads] == [("audit.log.1", 3), ("audit.log.1", 5)]
    kept = tmp_path / "head.json"
    kept.write_text(audit("head", [*five, other]))
    heads = json.loads(kept.read_text())["chains"]
    assert {each["chain"] for each in heads} == {str(five[1]), str(other)}
    assert "All of the head" in audit("verify", [other, *five], "--head", kept)
    assert verdict(five, "--head", kept).facts["reason"] == "AUDIT_CUT_OFF"


def test_options_that_would_do_nothing_are_refused(five: list[Path], tmp_path: Path) -> None:
    assert "name those by --log" in audit("verify", [], "--data", tmp_path, "--older-removed", code=2)
    assert "--snapshot or --log" in audit("verify", five, "--snapshot", five[0], code=2)
    assert "a number of seconds" in audit("head", five, "--every", "inf", "-o", tmp_path, code=2)


# Any one manipulation of any split.


@st.composite
def splits(draw: st.DrawFn) -> list[list[bytes]]:
    """A log of 3 to 9 records in one to five files, some of them empty."""
    whole = lines(draw(st.integers(3, 9)))
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    return [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def place(paths: list[Path], files: list[list[bytes]], index: int) -> tuple[str, int]:
    """File and line of the line with this index in all files."""
    for path, content in zip(paths, files, strict=True):
        if index < len(content):
            return str(path), index + 1
        index -= len(content)
    raise AssertionError("there are fewer lines")


def first_out_of_place(files: list[list[bytes]]) -> int | None:
    """The index of the first line that isn't where it was written; None where all of them are."""
    numbers = [json.loads(line)["sequence"] for content in files for line in content]
    return next((index for index, number in enumerate(numbers) if number != index + 1), None)


quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)


@given(files=splits())
@quick
def test_a_log_that_was_left_alone_is_as_it_was_written(tmp_path: Path, files: list[list[bytes]]) -> None:
    paths, head = written(tmp_path, files), tmp_path / "head.json"
    head.write_text(audit("head", paths))
    assert verdict(paths, "--head", head) == Verdict(0, {})


@given(files=splits(), data=st.data())
@quick
def test_a_line_dropped_swapped_or_doubled_and_a_file_swapped_are_found_at_their_place(
    tmp_path: Path, files: list[list[bytes]], data: st.DataObject
) -> None:
    places = [(file, line) for file, content in enumerate(files) for line in range(len(content))]
    how = data.draw(st.sampled_from(["drop a line", "swap lines", "double a line", "swap files"]))
    match how:
        case "drop a line":
            file, line = data.draw(st.sampled_from(places[:-1]))  # that the last one is missing, only a head shows
            del files[file][line]
        case "swap lines":
            (a, i), (b, j) = data.draw(st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True))
            files[a][i], files[b][j] = files[b][j], files[a][i]
        case "double a line":
            file, line = data.draw(st.sampled_from(places))
            to = data.draw(st.integers(0, len(files) - 1))
            files[to].insert(data.draw(st.integers(0, len(files[to]))), files[file][line])
        case "swap files":
            filled = [number for number, content in enumerate(files) if content]
            assume(len(filled) > 1)
            a, b = data.draw(st.lists(st.sampled_from(filled), min_size=2, max_size=2, unique=True))
            files[a], files[b] = files[b], files[a]
    index = first_out_of_place(files)
    assert index is not None
    paths = written(tmp_path, files)
    found = verdict(paths)
    sequence = json.loads([line for content in files for line in content][index])["sequence"]
    assert (found.code, found.place) == (1, (*place(paths, files, index), sequence)), how


@given(files=splits(), data=st.data())
@quick
def test_a_line_edited_is_found_there_or_by_the_hash_in_the_next_one(
    tmp_path: Path, files: list[list[bytes]], data: st.DataObject
) -> None:
    whole = [line for content in files for line in content]
    paths, head = written(tmp_path, files), tmp_path / "head.json"
    head.write_text(audit("head", paths))
    index, hashed = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.booleans())
    line = whole[index].replace(b'"id":"id-', b'"id":"ID-')
    if hashed:  # as whoever can write the file could
        members = json.loads(line)
        before = ChainEnd(index, members["previous"])
        kept = {name: members[name] for name in ("event", "program", "id")}
        line, _ = write_line(kept, before)
    changed = [[line if each == whole[index] else each for each in content] for content in files]
    written(tmp_path, changed)
    if hashed and index == len(whole) - 1:
        assert verdict(paths).code == 0
        found = verdict(paths, "--head", head)
        assert (found.code, found.facts["reason"], found.facts["sequence"]) == (1, "AUDIT_CUT_OFF", str(index + 1))
        return
    found = verdict(paths, "--head", head)
    assert (found.code, found.place) == (1, (*place(paths, changed, index + hashed), index + 1 + hashed))


@given(files=splits(), data=st.data())
@quick
def test_a_front_that_is_cut_off_is_found_unless_a_head_says_that_it_ended_there(
    tmp_path: Path, files: list[list[bytes]], data: st.DataObject
) -> None:
    whole = [line for content in files for line in content]
    gone = data.draw(st.integers(1, len(whole) - 1))
    head = tmp_path / "head.json"
    head.write_text(audit("head", written(tmp_path, [whole[:gone]])))
    cut = [[line for line in content if line not in whole[:gone]] for content in files]
    paths = written(tmp_path, cut)
    found = verdict(paths)
    assert (found.code, found.place) == (1, (*place(paths, cut, 0), gone + 1))
    assert verdict(paths, "--older-removed").code == 0
    assert verdict(paths, "--head", head).code == 0


@given(files=splits(), data=st.data())
@quick
def test_a_tail_that_is_cut_off_is_found_by_a_kept_head(
    tmp_path: Path, files: list[list[bytes]], data: st.DataObject
) -> None:
    whole = [line for content in files for line in content]
    head = tmp_path / "head.json"
    head.write_text(audit("head", written(tmp_path, files)))
    left = data.draw(st.integers(0, len(whole) - 1))
    paths = written(tmp_path, [[line for line in content if line in whole[:left]] for content in files])
    assert verdict(paths).code == 0
    found = verdict(paths, "--head", head)
    assert (found.code, found.facts["reason"]) == (1, "AUDIT_CUT_OFF")
    assert f"and ends with {left} now: record" in found.facts["message"]
