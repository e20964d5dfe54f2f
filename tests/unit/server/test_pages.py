"""Page sizes and page tokens, also made-up tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.rpc import pages


@given(last=st.text(), query=st.lists(st.text()))
def test_a_token_brings_back_where_its_page_ended(last: str, query: list[str]) -> None:
    token = pages.read(1, "", *query).token(last)
    assert pages.read(1, token, *query).after == last


@pytest.mark.parametrize(("asked", "given"), [(0, 100), (1, 1), (1000, 1000), (100_000, 1000)])
def test_a_size_has_a_default_and_a_most(asked: int, given: int) -> None:
    assert pages.read(asked, "").size == given


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(InvalidArgument) as refused:
        pages.read(-1, "")
    assert refused.value.reason == "BAD_PAGE_SIZE"


@pytest.mark.parametrize("token", ["x", "!!!", "bnVsbA", "W10", "WzEsMl0", "é", "W1tdXQ==", "eyJhIjoxfQ"])
def test_a_token_that_was_made_up_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        pages.read(10, token, "schemas")
    assert refused.value.reason == "BAD_PAGE_TOKEN"


def test_a_token_goes_with_its_filters_alone() -> None:
    token = pages.read(1, "", "schemas", "text").token("a")
    with pytest.raises(InvalidArgument):
        pages.read(1, token, "schemas", "other text")


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "9" * 30])
def test_a_made_up_place_in_a_list_of_revisions_is_refused(after: str) -> None:
    page = pages.read(1, pages.read(1, "", "versions").token(after), "versions")
    with pytest.raises(InvalidArgument):
        _ = page.after_revision


@given(st.text().filter(bool))
def test_no_text_is_taken_for_a_token(token: str) -> None:
    with pytest.raises(InvalidArgument):
        pages.read(1, token, "schemas")
