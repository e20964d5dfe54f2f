"""Declarations of consumers: what is read of them, and what is refused, with the file and the place."""

import pytest

from schemaregistry.bot.consumers import declared, read_consumer
from schemaregistry.bot.strict_yaml import MOST
from schemaregistry.errors import InvalidArgument

ETL = b"""
name: python-etl
team: data-platform
contact: "@org/data"
language: python
reads:
  - schema: ticks_v1
    versions: ^1.1
    fields: [ts, price]
    direction: full
  - schema: quotes_v1
"""
PATH = "schemas/consumers/etl.yaml"


def test_a_declaration_is_read_with_its_defaults() -> None:
    consumer = read_consumer(PATH, ETL)
    assert (consumer.name, consumer.team, consumer.contact) == ("python-etl", "data-platform", "@org/data")
    ticks, quotes = consumer.reads
    assert (ticks.id, ticks.versions.text, ticks.reading.fields) == ("ticks_v1", "^1.1", {"ts", "price"})
    assert (quotes.reading.how, quotes.reading.direction, quotes.reading.fields) == ("by_name", "forward", None)


def test_a_star_is_every_field_as_a_review_shows_it() -> None:
    """A consumer that reads a field of that name alone could never break."""
    for fields in (b'["*"]', b'[ts, "*"]', b"all"):
        assert read_consumer(PATH, ETL.replace(b"[ts, price]", fields)).reads[0].reading.fields is None


@pytest.mark.parametrize(
    ("raw", "message", "pointer"),
    [
        (b"[", "no YAML that can be read", None),
        (b"\xff\xfe\x00", "no YAML that can be read", None),
        (b"a: &x 1\nb: *x\n", "an alias", None),
        (b"name: a\nname: b\n", "'name' occurs twice", None),
        (b"a: !!python/object/apply:os.getcwd []\n", "no YAML that can be read", None),
        (b"[" * 5000, "no YAML that can be read", None),
        (b"#" * (MOST + 1), "are the most", None),
        (b"", "It is empty: delete the file", None),
        (ETL.replace(b"python\n", b"cobol\n"), "cobol", "/language"),
        (ETL.replace(b"^1.1", b"one"), "no range of versions", "/reads/0/versions"),
        (ETL + b"extra: 1\n", "extra", None),
        (ETL.replace(b"name: python-etl", b"name: no"), "string", "/name"),
    ],
)
def test_what_is_no_declaration_is_refused_with_its_place(raw: bytes, message: str, pointer: str | None) -> None:
    with pytest.raises(InvalidArgument, match=message) as refused:
        read_consumer(PATH, raw)
    assert refused.value.message.startswith(f"{PATH}: ")
    assert (refused.value.reason, refused.value.pointer) == ("BAD_CONSUMER", pointer)


def test_two_files_cannot_declare_one_name() -> None:
    consumers, blockers = declared({}, {"a.yaml": ETL, "b.yaml": ETL})
    assert [each.path for each in consumers] == ["a.yaml"]
    assert [(each.id, each.reason) for each in blockers] == [("b.yaml", "BROKEN_CONSUMER")]


def test_a_change_mends_what_is_broken_at_its_base() -> None:
    consumers, blockers = declared({"a.yaml": b"["}, {"a.yaml": ETL})
    assert [each.name for each in consumers] == ["python-etl"]
    assert not blockers


def test_a_change_that_breaks_a_declaration_is_judged_by_the_one_at_its_base() -> None:
    consumers, blockers = declared({"a.yaml": ETL}, {"a.yaml": b"["})
    assert [each.name for each in consumers] == ["python-etl"]
    assert [each.reason for each in blockers] == ["BROKEN_CONSUMER"]


def test_a_file_that_was_moved_declares_the_same_consumer() -> None:
    consumers, blockers = declared({"a.yaml": ETL}, {"b.yaml": ETL.replace(b"language: python", b"language: sql")})
    assert [(each.name, each.language) for each in consumers] == [("python-etl", "python")]
    assert not blockers


def test_a_consumer_that_gets_another_name_is_one_and_not_two() -> None:
    consumers, blockers = declared({"a.yaml": ETL}, {"a.yaml": ETL.replace(b"python-etl", b"etl")})
    assert [each.name for each in consumers] == ["python-etl"]
    assert not blockers


def test_a_new_consumer_in_the_file_that_another_one_left_is_its_own() -> None:
    other = ETL.replace(b"python-etl", b"other").replace(b"language: python", b"language: cpp")
    consumers, blockers = declared({"a.yaml": ETL}, {"a.yaml": other, "b.yaml": ETL})
    assert sorted((each.name, each.language) for each in consumers) == [("other", "cpp"), ("python-etl", "python")]
    assert not blockers


def test_a_schema_that_the_head_adds_to_a_declaration_counts() -> None:
    narrower = ETL.replace(b"[ts, price]", b"[ts]") + b"  - schema: bars_v1\n"
    [consumer], _ = declared({"a.yaml": ETL}, {"a.yaml": narrower})
    assert [each.id for each in consumer.reads] == ["ticks_v1", "quotes_v1", "bars_v1"]
    assert consumer.reads[0].reading.fields == {"ts", "price"}
