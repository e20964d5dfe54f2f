"""`schemaregistry compat`, as a program that asks it line by line sees it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.patience import at_most_tenfold

COMMAND = [sys.executable, "-m", "schemaregistry", "compat"]


class Asking:
    """The command, running: one question at a time."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen([*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line: bytes) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def judge(self, old: Any, new: Any) -> Any:
        return self.ask(json.dumps({"id": "x", "old": old, "new": new}).encode())


@pytest.fixture
def asking() -> Iterator[Asking]:
    running = Asking()
    yield running
    assert running.process.stdin
    running.process.stdin.close()
    assert running.process.wait(10) in (0, 1, 2, 3)


def test_each_line_is_answered_before_the_next_is_asked(asking: Asking) -> None:
    assert asking.judge({"type": "integer"}, {"type": "number"})["verdict"] == "compatible"
    assert asking.judge({"type": "integer"}, {"type": "string"}) == {"id": "x", "verdict": "incompatible", "witness": 0}
    assert asking.judge({"type": "null"}, False) == {"id": "x", "verdict": "incompatible", "witness": None}


def test_a_witness_is_there_only_where_the_verdict_is_incompatible(asking: Asking) -> None:
    assert "witness" not in asking.judge(True, True)
    unknown = asking.judge({"const": "\u07c0"}, {"pattern": "^\\d$"})
    assert unknown["verdict"] == "unknown"
    assert "witness" not in unknown
    assert unknown["reason"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "NOT_JSON"),
        (b'{"id": 1, "old": {}, "old": {}, "new": {}}', "DUPLICATE_KEY"),
        (b'{"id": 1, "old": {"minimum": 1e999}, "new": {}}', "NUMBER_OUT_OF_RANGE"),
        (b'{"id": 1, "old": ' + b'{"not":' * 5000 + b"1" + b"}" * 5000 + b', "new": {}}', "TOO_DEEP"),
        (b'{"id": 1, "old": {}}', "BAD_LINE"),
        (b"[1, 2]", "BAD_LINE"),
        (b'{"id": 1, "old": {}, "new": {"type": "float"}}', "BAD_SCHEMA"),
        (b'{"id": 1, "old": {}, "new": {"$ref": "http://127.0.0.1:9/x"}}', "BAD_SCHEMA"),
        (b'{"id": 1, "old": {}, "new": {"pattern": "(?=x)"}}', "BAD_SCHEMA"),
    ],
)
def test_a_line_that_cant_be_judged_is_answered_and_the_next_one_is_judged(
    asking: Asking, line: bytes, reason: str
) -> None:
    answer = asking.ask(line)
    assert set(answer) == {"id", "error"}
    assert answer["error"]["reason"] == reason
    assert asking.judge(True, True)["verdict"] == "compatible"


def test_the_id_comes_back_with_the_error(asking: Asking) -> None:
    assert asking.ask(b'{"id": "p-17", "old": {}}')["id"] == "p-17"


def test_members_that_decide_nothing_are_named(asking: Asking) -> None:
    """A label of a case does no harm; a direction that nobody heeded would."""
    line = {"id": 1, "old": {"type": "integer"}, "new": {"type": "number"}, "direction": "forward", "feature": "type"}
    answer = asking.ask(json.dumps(line).encode())
    assert (answer["verdict"], answer["ignored"]) == ("compatible", ["direction", "feature"])
    assert asking.ask(b'{"id": 1, "old": {}, "nwe": {}}')["ignored"] == ["nwe"]
    many = {"old": {}, "new": {}} | {f"{n}" * 999: 0 for n in range(999)}
    assert len(json.dumps(asking.ask(json.dumps(many).encode()))) < 3000


COMPATIBLE = b'{"id": 1, "old": {"type": "integer"}, "new": {"type": "number"}}\n'
INCOMPATIBLE = b'{"id": 2, "old": {"type": "integer"}, "new": {"type": "string"}}\n'
BAD = b'{"id": 3, "old": {"type": "integer"}}\n'
UNKNOWN = json.dumps({"id": 4, "old": {"const": "\u07c0"}, "new": {"pattern": "^\\d$"}}).encode() + b"\n"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (b"", 0),
        (COMPATIBLE, 0),
        (INCOMPATIBLE + COMPATIBLE, 1),
        (INCOMPATIBLE + BAD + COMPATIBLE, 2),
        (UNKNOWN + INCOMPATIBLE + BAD, 3),
    ],
)
def test_the_exit_code_is_the_largest_of_the_lines(lines: bytes, code: int) -> None:
    ended = subprocess.run(COMMAND, input=lines, capture_output=True, timeout=60, check=False)
    assert ended.returncode == code
    assert len(ended.stdout.splitlines()) == len(lines.splitlines())


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=x)", "Look-around isn't linear."),
        (r"(a)\1", "Back-references aren't linear."),
        ("(?i)a", "Flags aren't ECMA-262."),
        ("[", "The pattern [ isn't an ECMA-262 regular expression."),
        ("(?:(?:a{100}){100}){100}", "It is too large once its repetitions are written out."),
    ],
)
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_a_pattern_that_is_not_linear_is_told_what_to_do(asking: Asking, pattern: str, said: str, keyword: str) -> None:
    schema = {"properties": {"a": {keyword: pattern if keyword == "pattern" else {pattern: {}}}}}
    error = asking.judge({}, schema)["error"]
    assert error["message"].startswith("The new schema can't be judged. The pattern ")
    assert said in error["message"]
    assert error["pointer"].startswith(f"/new/properties/a/{keyword}")


def doubling(count: int) -> dict[str, Any]:
    """Definitions of which each holds the next one twice: 2^count texts in an instance, and native code walks them."""
    names = [{"$ref": f"#/definitions/d{n + 1}"} for n in range(count)]
    nodes = {f"d{n}": {"oneOf": [name, {"not": name}]} for n, name in enumerate(names)}
    return {"definitions": nodes | {f"d{count}": {"type": "string"}}, "allOf": [{"$ref": "#/definitions/d0"}]}


def test_what_never_comes_back_is_unknown_and_the_batch_goes_on_in_order() -> None:
    asking = Asking("--seconds", "0.3")
    easy: tuple[Any, Any] = ({"type": "integer"}, {"type": "number"})
    lines = [easy, (doubling(40), {"type": "integer"}), easy, (doubling(40), {"minLength": 1}), easy]
    text = "".join(json.dumps({"id": at, "old": old, "new": new}) + "\n" for at, (old, new) in enumerate(lines))
    out, _ = asking.process.communicate(text.encode(), timeout=60)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3, 4]
    assert [answer["verdict"] for answer in answers[::2]] == ["compatible"] * 3
    assert asking.process.returncode == 3


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_ends_when_told_to_amid_what_never_comes_back(signum: signal.Signals, code: int) -> None:
    asking = Asking("--seconds", "600")
    asking.judge(True, True)
    assert asking.process.stdin
    asking.process.stdin.write(json.dumps({"id": 1, "old": doubling(40), "new": {"type": "integer"}}).encode() + b"\n")
    asking.process.stdin.flush()
    time.sleep(0.5)
    asking.process.send_signal(signum)
    assert asking.process.wait(10) == code


def test_a_line_without_an_end_is_read_no_further_than_its_limit(asking: Asking) -> None:
    assert asking.ask(b'{"id": 1, "old": "' + b"x" * (9 << 20) + b'"}')["error"]["reason"] == "TOO_LARGE"
    assert asking.judge(True, True)["verdict"] == "compatible"


def test_a_pair_beyond_its_time_is_unknown() -> None:
    asking = Asking("--seconds", "0.05")
    asking.judge(True, {"required": ["a"]})  # what is imported on first use is there after this
    parts = [
        {"type": "object", "required": ["k"], "properties": {"k": {"const": i}, "v": {"minimum": i}}} for i in range(90)
    ]
    wider = [part | {"properties": part["properties"] | {"v": {"minimum": -1}}} for part in parts]
    with at_most_tenfold(0.3, time.monotonic):
        assert asking.judge({"oneOf": parts}, {"oneOf": wider})["verdict"] in ("unknown", "compatible")
    asking.process.kill()
    asking.process.wait(10)
