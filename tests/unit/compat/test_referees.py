"""A validator that throws has no opinion: no verdict hangs on it, and nothing crashes."""

from typing import Any, NoReturn

import pytest

from schemaregistry.compat import Outcome, decide, prover, second_referee, witness


class Panic(BaseException):
    """As pyo3 gives a panic in Rust."""


class Throwing:
    """A validator whose every answer is an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def is_valid(self, _: Any) -> NoReturn:
        raise self.error

    iter_errors = is_valid


ERRORS = [TypeError("object of type 'bool' has no len()"), RecursionError(), OverflowError(), MemoryError(), Panic()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_without_the_second_opinion_a_counterexample_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(second_referee, "validator", lambda _: Throwing(error))
    assert decide({"type": "integer"}, {"type": "string"}).outcome is Outcome.UNKNOWN
    assert decide({"type": "integer"}, {"type": "number"}).outcome is Outcome.COMPATIBLE


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_without_the_first_opinion_neither(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    monkeypatch.setattr(witness, "compile_schema", lambda *_, **__: Throwing(error))
    assert decide({"type": "integer"}, {"type": "string"}).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_prover_that_throws_proves_nothing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fails(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(prover.jsonschema_rs, "canonicalize", fails)
    assert not prover.proves({"type": "integer"}, {"type": "number"})


@pytest.mark.parametrize("items", [True, False, {}, {"type": "integer"}, None])
@pytest.mark.parametrize("extra", [True, False, {"type": "string"}])
def test_additional_items_say_nothing_without_a_list_of_items(items: Any, extra: Any) -> None:
    schema = {"additionalItems": extra} | ({} if items is None else {"items": items})
    without = {} if items is None else {"items": items}
    for instance in ([], [1], [1, "a"], "text"):
        expected = second_referee.validator(without).is_valid(instance)
        assert second_referee.validator(schema).is_valid(instance) is expected


def test_additional_items_speak_of_what_is_behind_a_list_of_items() -> None:
    referee = second_referee.validator({"items": [{"type": "integer"}], "additionalItems": {"type": "string"}})
    assert [referee.is_valid(array) for array in ([1], [1, "a"], [1, 2], ["a"])] == [True, True, False, False]
