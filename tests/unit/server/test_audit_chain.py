"""The store's audit chains: whatever is done to the records of one is found, at the first record that is wrong."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.document.origin import Origin
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry
from schemaregistry_server.store.verified_claims import VerifiedClaims


def chain(count: int, name: str = "", who: str = "ci-bot") -> list[AuditRecord]:
    """A chain of records, each by a token and with an origin now and then; `name` is "" for SQLite's one chain."""
    records: list[AuditRecord] = []
    for n in range(1, count + 1):
        origin, claims = Origin("acme/schemas") if n % 2 else Origin(), VerifiedClaims(f"jti-{n}" if n % 3 else "")
        entry = Entry(name or f"s{n}", f"1.{n}.0", b"%d" % n, "f", who, n, n, origin, claims)
        previous = records[-1].hash if records else audit_chain.GENESIS
        records.append(audit_chain.record(entry, sequence=n, previous=previous, chain=name))
    return records


def found(records: list[AuditRecord]) -> FailedPrecondition:
    with pytest.raises(FailedPrecondition) as broken:
        audit_chain.verify(records)
    assert broken.value.reason == "AUDIT_BROKEN"
    return broken.value


names = st.sampled_from(["", "ticks"])


@given(st.integers(0, 8), names)
def test_a_whole_chain_and_every_beginning_of_it_is_good(count: int, name: str) -> None:
    assert audit_chain.verify(chain(count, name)) == count


@given(st.data(), st.integers(2, 8), names)
def test_a_dropped_record_is_found_at_the_next_one(data: st.DataObject, count: int, name: str) -> None:
    first = data.draw(st.integers(1, count - 1))
    last = data.draw(st.integers(first, count - 1))
    records = chain(count, name)
    broken = found(records[: first - 1] + records[last:])
    gone = f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
    assert gone in broken.message
    assert (broken.metadata["sequence"], broken.metadata["chain"]) == (str(last + 1), name)


@given(st.data(), st.integers(2, 8), names)
def test_swapped_and_doubled_records_are_found_at_the_first(data: st.DataObject, count: int, name: str) -> None:
    one = data.draw(st.integers(0, count - 2))
    other = data.draw(st.integers(one + 1, count - 1))
    swapped = chain(count, name)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert found(swapped).metadata["sequence"] == str(other + 1)
    doubled = chain(count, name)
    doubled.insert(other + 1, doubled[one])
    assert f"comes after record {other + 1}: it is there twice" in found(doubled).message


@given(st.data(), st.integers(1, 8), names)
def test_a_changed_member_is_found_at_its_record(data: st.DataObject, count: int, name: str) -> None:
    place = data.draw(st.integers(0, count - 1))
    # The revision of a named chain is etcd's own, and a record of another chain is none of this one.
    left_out = {"revision", "chain"} if name else {"chain"}
    member = data.draw(st.sampled_from([field.name for field in fields(AuditRecord) if field.name not in left_out]))
    records = chain(count, name)
    value = getattr(records[place], member)
    other = data.draw(
        (st.integers(0, 99) if isinstance(value, int) else st.text(max_size=9)).filter(lambda x: x != value)
    )
    records[place] = replace(records[place], **{member: other})
    assert found(records).metadata["sequence"] == str(records[place].sequence)


@given(st.data(), st.integers(2, 8), names)
def test_a_record_of_another_chain_is_found(data: st.DataObject, count: int, name: str) -> None:
    place = data.draw(st.integers(0, count - 1))
    records, foreign = chain(count, name), chain(count, name, "mallory")
    records[place] = foreign[place]
    broken = found(records)
    # The first record of a chain follows nothing: that it is another one shows at the second.
    at = max(place + 1, 2)
    assert broken.metadata["sequence"] == str(at)
    assert "is of another chain, or the record before it is another one" in broken.message


def test_chains_beside_one_another_are_told_apart() -> None:
    ticks, bars = chain(3, "ticks"), chain(3, "bars")
    mixed = [record for pair in zip(ticks, bars, strict=True) for record in pair]
    assert audit_chain.verify(mixed) == 6
    broken = found([each for each in mixed if each != bars[1]])
    assert (broken.metadata["chain"], broken.metadata["sequence"]) == ("bars", "3")
    assert "of the chain bars" in broken.message
