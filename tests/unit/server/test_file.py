"""The snapshot's file: what was written is read back, and a changed file is always refused."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import DataLoss, InvalidArgument
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.snapshot_file import Header
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import Entry, StateChange, Write
from schemaregistry_server.store.verified_claims import VerifiedClaims

HEADER = Header("sqlite", 9, 3, "2026-01-01T00:00:00+00:00", 1)

entries = st.builds(
    Entry,
    id=st.text(max_size=8),
    version=st.text(max_size=8),
    raw=st.binary(max_size=200),
    fingerprint=st.text(max_size=8),
    registered_by=st.text(max_size=8),
    registered_at=st.integers(-(2**63), 2**63 - 1),
    origin=st.builds(Origin, st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8)),
    claims=st.builds(VerifiedClaims, *[st.text(max_size=8)] * 6),
)


def chained(*entries: Entry | StateChange) -> list[Write]:
    """The entries at revisions 2, 4, 6, … in one audit chain."""
    writes: list[Write] = []
    for number, each in enumerate(entries, start=1):
        previous = writes[-1].record.hash if writes else audit_chain.GENESIS
        at = replace(each, revision=2 * number)
        writes.append(Write(at, audit_chain.record(at, sequence=number, previous=previous)))
    return writes


THREE = chained(
    Entry("ticks", "1.0.0", b'{"a":\n1}', "f1", "ci-bot", 1),
    Entry("bars", "1.0.0", b"", "f2", "ci-bot", 2),
    Entry("ticks", "1.1.0", bytes(range(256)), "f3", "é", 3),
    StateChange("ticks", "1.1.0", VersionState("deprecated", "größer", 1_801_353_600), "f3", "ci-bot", 4),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "good.snap"
    snapshot_file.save(path, HEADER, THREE)
    return path


def refused(path: Path, changed: bytes) -> int:
    """The offset that the error about a changed file names."""
    path.write_bytes(changed)
    with pytest.raises(DataLoss) as error:
        snapshot_file.check(path)
    assert error.value.reason == "SNAPSHOT_DAMAGED"
    assert str(path) in error.value.message
    offset = int(error.value.metadata["offset"])
    assert f"byte {offset}:" in error.value.message
    return offset


@given(st.lists(entries, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_what_was_written_is_read(tmp_path: Path, held: list[Entry]) -> None:
    writes, path = chained(*held), tmp_path / "a.snap"
    header = replace(HEADER, versions=len(writes), state_changes=0)
    snapshot_file.save(path, header, writes)
    checked = snapshot_file.check(path)
    assert (checked.header, checked.size) == (header, path.stat().st_size)
    assert checked.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(snapshot_file.read(path)) == writes


def test_every_single_bit_counts(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        assert refused(tmp_path / "changed.snap", bytes(changed)) <= place


def test_the_offset_is_that_of_the_record_with_the_first_change(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    records = [found.start() for found in re.finditer(rb"^[0-9a-f]{64} \d+\n", content, re.M)]
    assert len(records) == 5
    for begin, end in zip(records, [*records[1:], len(content)], strict=True):
        for place in {begin, (begin + end) // 2, end - 1}:
            changed = bytearray(content)
            changed[place] ^= 1
            assert refused(tmp_path / "changed.snap", bytes(changed)) == begin


@pytest.mark.parametrize("kept", [0, 1, 25, 26, 27, 0.3, 0.5, 0.9, -2, -1])
def test_a_file_that_is_cut_off_is_refused(good: Path, tmp_path: Path, kept: float) -> None:
    content = good.read_bytes()
    refused(tmp_path / "cut.snap", content[: int(kept * len(content)) if 0 < kept < 1 else int(kept)])


@pytest.mark.parametrize("more", [b"\n", b"\0", b" ", b"0" * 64 + b" 0\n\n"])
def test_a_file_that_goes_on_is_refused_where_its_end_was(good: Path, tmp_path: Path, more: bytes) -> None:
    content = good.read_bytes()
    assert refused(tmp_path / "longer.snap", content + more) == len(content)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_any_replaced_stretch_is_refused(good: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = good.read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 400)))
    new = data.draw(st.one_of(st.binary(max_size=100), st.sampled_from([content[:100], content[-100:], b"\n"])))
    changed = content[:begin] + new + content[end:]
    if changed != content:
        refused(tmp_path / "changed.snap", changed)


def test_records_that_change_places_are_refused(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    _, second, third, fourth, _ = [found.start() for found in re.finditer(rb"^[0-9a-f]{64} \d+\n", content, re.M)]
    swapped = content[:second] + content[third:fourth] + content[second:third] + content[fourth:]
    assert refused(tmp_path / "swapped.snap", swapped) == second
    doubled = content[:third] + content[second:]
    assert refused(tmp_path / "doubled.snap", doubled) == third


def test_a_file_whose_sums_were_made_anew_still_shows_a_broken_audit_chain(tmp_path: Path) -> None:
    without_the_second = [THREE[0], THREE[2]]
    snapshot_file.save(tmp_path / "forged.snap", replace(HEADER, versions=2, state_changes=0), without_the_second)
    refused(tmp_path / "forged.snap", (tmp_path / "forged.snap").read_bytes())


def test_a_file_whose_sums_were_made_anew_must_have_the_members_that_it_should(tmp_path: Path) -> None:
    for wrong in ({"registered_at": "now"}, {"id": None}, {"revision": 0}):
        forged = [Write(replace(THREE[0].entry, **wrong), THREE[0].record)]
        snapshot_file.save(tmp_path / "forged.snap", replace(HEADER, versions=1), forged)
        refused(tmp_path / "forged.snap", (tmp_path / "forged.snap").read_bytes())


def test_a_header_that_counts_more_or_fewer_is_refused(tmp_path: Path) -> None:
    for versions in (0, 2, 4):
        snapshot_file.save(tmp_path / "a.snap", replace(HEADER, versions=versions), THREE)
        refused(tmp_path / "a.snap", (tmp_path / "a.snap").read_bytes())


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"schemaregistry snapshot 1\n", b"SQLite format 3\0" * 10])
def test_another_file_is_refused_at_its_first_byte(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path / "other.snap", content) == 0


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.snap"
    snapshot_file.save(path, HEADER, THREE)
    before = path.read_bytes()

    def failing() -> list[Write]:
        yield THREE[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(InvalidArgument, match="No space left"):
        snapshot_file.save(path, HEADER, failing())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"none/a\.snap: the snapshot can't be written"):
        snapshot_file.save(tmp_path / "none/a.snap", HEADER, THREE)


def test_a_file_from_before_states_is_read(tmp_path: Path) -> None:
    path, versions = tmp_path / "former.snap", THREE[:3]
    header = json.dumps({"store": "sqlite", "revision": 9, "versions": 3, "made_at": HEADER.made_at}).encode()
    running, content = hashlib.sha256(), b"schemaregistry snapshot 2\n"
    for payload in (header, *map(snapshot_file._payload, versions)):
        running.update(b"%d\n%b" % (len(payload), payload))
        content += b"%b %d\n%b\n" % (running.hexdigest().encode(), len(payload), payload)
    path.write_bytes(content)
    assert snapshot_file.check(path).header == replace(HEADER, state_changes=0)
    assert list(snapshot_file.read(path)) == versions
