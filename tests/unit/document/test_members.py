"""The registry's own members: what they may be, and where they go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from semver import Version

from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument

Refusal = Callable[..., tuple[str, str | None]]
Read = Callable[..., Document]

TICKS = Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json"


def test_a_document_keeps_its_text_and_its_members() -> None:
    raw = TICKS.read_bytes()
    document = parse(raw, id="ticks_v1")
    assert document.raw == raw
    assert (document.id, document.version) == ("ticks_v1", Version(1, 1, 0))
    assert document.title == "Level‑1 Tick Data"
    assert document.fingerprint.startswith("sha256:")
    assert (document.tags, document.aliases, document.owner, document.compatibility) == ((), {}, "", None)


def test_the_json_side_has_none_of_the_registrys_members(read: Read) -> None:
    document = read(
        arrow={"fields": []}, compatibility="full", **{"x-owner": "desk", "x-tags": ["a"], "x-other": 1, "title": "T"}
    )
    assert document.schema == {"type": "object", "title": "T"}


def test_the_rest_is_kept_by_name(read: Read) -> None:
    document = read(
        properties={"symbol": {"type": "string"}},
        compatibility="full_transitive",
        **{"x-tags": ["us", "equities"], "x-owner": "desk", "x-aliases": {"symbol": ["ticker", "sym"]}},
    )
    assert document.compatibility == "full_transitive"
    assert document.tags == ("us", "equities")
    assert document.owner == "desk"
    assert document.aliases == {"symbol": ("ticker", "sym")}


def test_the_id_must_be_the_expected_one() -> None:
    with pytest.raises(InvalidArgument, match='"ticks_v1", not "quotes_v1"') as caught:
        parse(TICKS.read_bytes(), id="quotes_v1")
    assert (caught.value.reason, caught.value.pointer) == ("ID_MISMATCH", "/$id")


@pytest.mark.parametrize(
    ("members", "reason", "pointer"),
    [
        ({"$id": "Ticks"}, "BAD_ID", "/$id"),
        ({"$id": 5}, "BAD_ID", "/$id"),
        ({"$id": "https://host/ticks_v1"}, "BAD_ID", "/$id"),
        ({"version": "1.0"}, "BAD_VERSION", "/version"),
        ({"version": "v1.0.0"}, "BAD_VERSION", "/version"),
        ({"version": 1}, "BAD_VERSION", "/version"),
        ({"version": "1.0.0+a"}, "BAD_VERSION", "/version"),
        ({"compatibility": "none"}, "BAD_COMPATIBILITY", "/compatibility"),
        ({"compatibility": None}, "BAD_COMPATIBILITY", "/compatibility"),
        ({"compatibility": ["full"]}, "BAD_COMPATIBILITY", "/compatibility"),
        ({"x-tags": "us"}, "BAD_TAGS", "/x-tags"),
        ({"x-tags": ["us", "us"]}, "BAD_TAGS", "/x-tags"),
        ({"x-tags": [""]}, "BAD_TAGS", "/x-tags"),
        ({"x-tags": [["us"]]}, "BAD_TAGS", "/x-tags"),
        ({"x-owner": ["desk"]}, "BAD_OWNER", "/x-owner"),
        ({"x-aliases": ["a"]}, "BAD_ALIASES", "/x-aliases"),
        ({"x-aliases": {"b": ["c"]}}, "BAD_ALIASES", "/x-aliases/b"),
        ({"x-aliases": {"a": "c"}}, "BAD_ALIASES", "/x-aliases/a"),
        ({"x-aliases": {"a": ["a"]}}, "BAD_ALIASES", "/x-aliases/a/0"),
        ({"x-aliases": {"a": ["x"], "a2": ["y", "x"]}}, "BAD_ALIASES", "/x-aliases/a2/1"),
    ],
)
def test_a_wrong_member_is_refused_at_its_place(
    refusal: Refusal, members: dict[str, Any], reason: str, pointer: str
) -> None:
    assert refusal(properties={"a": {"type": "string"}, "a2": {"type": "string"}}, **members) == (reason, pointer)


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"{}"'])
def test_a_document_is_an_object(data: bytes) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(data)
    assert caught.value.reason == "NOT_AN_OBJECT"


@pytest.mark.parametrize(("data", "reason"), [(b"{}", "BAD_ID"), (b'{"$id": "a"}', "BAD_VERSION")])
def test_id_and_version_must_be_there(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(data)
    assert caught.value.reason == reason
