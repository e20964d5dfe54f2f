"""How long a call may wait, by its deadline."""

import pytest

from schemaregistry_server.rpc import deadline


@pytest.mark.parametrize(("left", "wait"), [(None, 5), (100, 5), (5, 4.5), (1, 0.8), (0, 0), (-1, 0)], ids=str)
def test_an_answer_is_left_time_to_arrive(left: float | None, wait: float) -> None:
    token = deadline.remaining.set(lambda: left)
    try:
        assert deadline.within(5) == pytest.approx(wait)
    finally:
        deadline.remaining.reset(token)


def test_a_call_without_a_deadline_waits_its_whole_time() -> None:
    assert deadline.within(5) == 5
