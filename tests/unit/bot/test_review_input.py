"""A review's JSON: `review.schema.json` describes what `bot review` writes, and nothing else is taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.bot.review import Reason, Status
from schemaregistry.bot.review_input import SCHEMA, read_review, read_review_file
from schemaregistry.errors import InvalidArgument, TooLarge

CORPUS = Path(__file__).parents[2] / "corpus/review"
REVIEWS = {
    path.stem: json.loads(path.read_text("utf-8"))["review"] | {"base": "0" * 40, "head": "1" * 40}
    for path in sorted(CORPUS.glob("*.json"))
}


@pytest.mark.parametrize("name", REVIEWS)
def test_a_review_is_read_as_it_was_written(name: str) -> None:
    assert read_review(json.dumps(REVIEWS[name]).encode()) == REVIEWS[name]


def members(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(inner)


def described(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from described(inner)


def test_every_member_that_is_described_is_written_somewhere() -> None:
    # Only what GitHub says lifts a reason: tests/integration/bot/test_override.py posts such reviews.
    assert set(described(SCHEMA)) - set(members(list(REVIEWS.values()))) == {"lifted_by"}


def test_the_words_are_those_of_the_review() -> None:
    reasons = SCHEMA["properties"]["blocked_because"]["items"]["properties"]["reason"]["enum"]
    assert set(reasons) == set(Reason.__args__)
    assert set(SCHEMA["definitions"]["schema"]["properties"]["status"]["enum"]) == set(Status.__args__)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"null", b'{"a": 1, "a": 2}', b"\xff", b"[" * 500, b"1e999"])
def test_what_is_no_review_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidArgument):
        read_review(raw)


def test_no_object_takes_a_member_that_is_not_described() -> None:
    review = REVIEWS["consumers_of_a_wider_column"]

    def objects(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, list):
            value = dict(enumerate(value))
        elif isinstance(value, dict):
            yield value
        else:
            return
        for key, inner in value.items():
            if key not in ("old", "new", "witness", "value", "places"):
                yield from objects(inner)

    count = sum(1 for _ in objects(review))
    assert count > 6
    for index in range(count):
        forged = json.loads(json.dumps(review))
        list(objects(forged))[index]["more"] = 1
        with pytest.raises(InvalidArgument) as refused:
            read_review(json.dumps(forged).encode())
        assert refused.value.reason == "BAD_REVIEW"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="Can't read"):
        read_review_file(tmp_path / "review.json")


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(TooLarge):
        read_review_file(Path("/dev/zero"))
