"""What a review says of readers that the registry observed, beside those that are declared."""

from collections.abc import Sequence

import pytest

from schemaregistry.bot.consumers import Consumer, declared, read_consumer
from schemaregistry.bot.observed_readers import ObservedReader, ObservedReaders
from schemaregistry.bot.review import SchemaReview
from schemaregistry.errors import NotFound, RegistryError, Unavailable, Unimplemented

ETL = b"""
name: python-etl
team: data-platform
contact: "@org/data"
language: python
identity: [spiffe://prod/etl]
reads:
  - schema: ticks_v1
    versions: ^1
"""
REMOVED = SchemaReview("ticks_v1", "schemas/ticks_v1.json", "removed", "1.1.0")


def reader(identity: str, *versions: str, reads: int = 3) -> ObservedReader:
    return ObservedReader(identity, versions, reads, "2026-11-28", "2026-11-29")


def observed(*readers: ObservedReader, consumers: Sequence[Consumer] = ()) -> ObservedReaders:
    return ObservedReaders(lambda _: readers, "spiffe://prod/review", consumers)


def test_a_reader_that_nobody_declared_is_named_with_what_it_read() -> None:
    found = observed(reader("spiffe://prod/notebook", "1.0.0", "1.1.0"))
    [impact] = found.impacts(REMOVED)
    assert (impact.name, impact.source, impact.breaks) == ("spiffe://prod/notebook", "observed", None)
    assert impact.why == (
        "It read 1.0.0, 1.1.0 (3 reads from 2026-11-28 to 2026-11-29), and no consumer file names this identity."
    )
    [note] = found.notes
    assert note.path == "schemas/ticks_v1.json"
    assert "spiffe://prod/notebook" in note.text


def test_a_declared_identity_is_no_surprise() -> None:
    found = observed(reader("spiffe://prod/etl", "1.0.0"), consumers=[read_consumer("etl.yaml", ETL)])
    assert (found.impacts(REMOVED), found.notes) == ((), [])


def test_versions_that_a_declaration_leaves_out_are_named() -> None:
    found = observed(reader("spiffe://prod/etl", "1.0.0", "2.0.0"), consumers=[read_consumer("etl.yaml", ETL)])
    [impact] = found.impacts(REMOVED)
    assert impact.why.startswith("It read 2.0.0 (")
    assert impact.why.endswith("the declaration of python-etl leaves that out.")


def test_the_review_leaves_out_itself() -> None:
    assert observed(reader("spiffe://prod/review", "1.0.0")).impacts(REMOVED) == ()


def test_readers_that_are_not_told_apart_are_said() -> None:
    [impact] = observed(reader("", reads=1200)).impacts(REMOVED)
    assert (impact.name, impact.source) == ("others", "observed")
    assert "1,200 reads" in impact.why


def test_a_note_names_five_readers_and_counts_the_others() -> None:
    found = observed(*(reader(f"etl-{number}", "1.0.0") for number in range(7)))
    assert len(found.impacts(REMOVED)) == 7
    [note] = found.notes
    assert "etl-0, etl-1, etl-2, etl-3, etl-4 and 2 more" in note.text


@pytest.mark.parametrize("status", ["added", "unchanged"])
def test_a_schema_without_a_change_for_readers_is_not_asked_for(status: str) -> None:
    def ask(_: str) -> Sequence[ObservedReader]:
        raise AssertionError

    assert ObservedReaders(ask, "", ()).impacts(SchemaReview("a", "a.json", status)) == ()  # type: ignore[arg-type]


def failing(error: RegistryError) -> ObservedReaders:
    def ask(_: str) -> Sequence[ObservedReader]:
        raise error

    return ObservedReaders(ask, "", ())


@pytest.mark.parametrize(
    "error", [Unavailable("etcd is away.", reason="STORE_AWAY"), Unimplemented("It is older.", reason="UNIMPLEMENTED")]
)
def test_a_registry_that_can_not_tell_costs_a_note_and_no_review(error: RegistryError) -> None:
    found = failing(error)
    assert found.impacts(REMOVED) == ()
    assert [note.text for note in found.notes] == [f"Who reads ticks_v1 is not known: {error.message}"]


def test_a_schema_that_is_not_published_has_no_readers() -> None:
    found = failing(NotFound("There is no schema.", reason="NO_SUCH_SCHEMA"))
    assert (found.impacts(REMOVED), found.notes) == ((), [])


def test_a_change_that_declares_an_identity_counts_at_once() -> None:
    [consumer], _ = declared({"a.yaml": ETL.replace(b"identity: [spiffe://prod/etl]\n", b"")}, {"a.yaml": ETL})
    assert consumer.identities == {"spiffe://prod/etl"}
