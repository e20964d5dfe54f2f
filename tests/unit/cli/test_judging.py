"""What the command line says where a check is given up: an honest unknown, or a refusal that says what to do."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from schemaregistry.cli import compat_process
from schemaregistry.cli.compat_process import CompatProcess
from schemaregistry.compat import Outcome, RefusedVersion
from schemaregistry.document import Document, parse
from schemaregistry.errors import InvalidArgument

HANGS = 60


def hang(*_: object, **__: object) -> None:
    """A function of a module, which the child process finds by its name."""
    time.sleep(HANGS)


def fail(*_: object, **__: object) -> None:
    raise TypeError("object of type 'bool' has no len()")


def document(version: str, *values: Any) -> Document:
    schema = {"type": "object", "properties": {"a": {"enum": list(values)}}}
    return parse(json.dumps({"$id": "judged", "version": version, **schema}).encode())


@pytest.fixture(scope="module")
def judge() -> Iterator[CompatProcess]:
    with CompatProcess() as started:
        yield started


def test_the_answers_are_the_librarys(judge: CompatProcess) -> None:
    old, new = document("1.0.0", 1, 2), document("2.0.0", 1)
    assert judge.parse(old.raw) == old
    assert judge.check([old], new, None, 30.0).outcome is Outcome.INCOMPATIBLE
    assert judge.admit([old], new, 30.0) is not None
    assert judge.admit([], new, 30.0) is None
    with pytest.raises(RefusedVersion, match="too small a step"):
        judge.admit([old], document("1.1.0", 1), 30.0)


@pytest.mark.parametrize(
    ("how", "seconds", "why"), [(hang, 0.3, "it took longer than 0.3 s"), (fail, 30.0, "it failed: TypeError")]
)
def test_a_check_that_is_given_up_is_unknown(
    judge: CompatProcess, monkeypatch: pytest.MonkeyPatch, how: object, seconds: float, why: str
) -> None:
    monkeypatch.setattr(compat_process, "check_history", how)
    verdict = judge.check([document("1.0.0", 1)], document("2.0.0", 2), None, seconds)
    assert (verdict.outcome, verdict.required_bump, verdict.risk) == (Outcome.UNKNOWN, "major", "high")
    assert why in verdict.message


def test_a_version_is_admitted_by_the_rules_for_what_is_unknown(
    judge: CompatProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat_process, "admit", hang)
    verdict = judge.admit([document("1.0.0", 1)], document("2.0.0", 2), 0.3)
    assert verdict is not None
    assert verdict.outcome is Outcome.UNKNOWN
    with pytest.raises(RefusedVersion, match="too small a step"):
        judge.admit([document("1.0.0", 1)], document("1.1.0", 2), 0.3)


def test_a_document_that_is_given_up_is_refused_with_what_to_do(
    judge: CompatProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat_process, "parse", hang)
    monkeypatch.setattr(compat_process, "PARSING", 0.3)
    with pytest.raises(InvalidArgument, match="Make it smaller") as refused:
        judge.parse(b"{}")
    assert refused.value.reason == "TOO_COSTLY"


def test_a_line_that_is_given_up_keeps_its_id(judge: CompatProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_process.json_lines, "answer", fail)
    answer = json.loads(judge.answer_line(b'{"id": ["x", 1], "old": true, "new": true}', 30.0))
    assert answer["id"] == ["x", 1]
    assert answer["verdict"] == "unknown"
    assert answer["reason"].startswith("it failed: TypeError: object of type 'bool' has no len()")
