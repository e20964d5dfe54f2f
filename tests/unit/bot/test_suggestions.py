"""Suggested edits: each, put into its file, makes the review pass."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemaregistry.bot.suggestions import diff
from schemaregistry.cli.bot import app
from tests.support.git_scratch import Scratch

CORPUS = Path(__file__).parents[2] / "corpus/review"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.json"))}
VERSION = "With this version"
SUGGESTED = [
    (name, schema["path"], index)
    for name, case in CASES.items()
    for schema in case["review"]["schemas"]
    for index in range(len(schema.get("suggestions", ())))
]


def patched(text: str, lines: list[str]) -> str:
    """A text with a unified diff put into it."""
    old, new, at = text.splitlines(), [], 0
    for line in lines:
        if match := re.match(r"@@ -(\d+)", line):
            start = int(match[1]) - 1
            new += old[at:start]
            at = start
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            new += [] if line.startswith("-") else [old[at]]
            at += 1
    return "\n".join([*new, *old[at:]]) + "\n"


def review(scratch: Scratch, base: str, head: str) -> Any:
    asked = ["review", "--base", base, "--head", head, "--repo", str(scratch.directory), "--format", "json"]
    return json.loads(CliRunner().invoke(app, asked).stdout)


@pytest.mark.parametrize(("name", "path", "index"), SUGGESTED)
def test_a_suggestion_makes_the_change_pass(tmp_path: Path, name: str, path: str, index: int) -> None:
    case, scratch = CASES[name], Scratch(tmp_path)
    base = fork = scratch.commit(case["before"])
    if "base" in case:
        base = scratch.commit(case["base"])
        scratch.git("checkout", "-qf", fork)
    (schema,) = (each for each in case["review"]["schemas"] if each["path"] == path)
    text, lines = schema["suggestions"][index]["text"], schema["suggestions"][index]["diff"]
    head = scratch.commit({**case["after"], path: patched(json.dumps(case["after"][path], indent=2), lines)})
    found = review(scratch, base, head)
    (now,) = (each for each in found["schemas"] if each["path"] == path)
    left = {each["reason"] for each in found["blocked_because"] if each["id"] == now["id"]}
    if text.startswith(VERSION):  # it can't mend what breaks a consumer
        assert left <= {"CONSUMER_BREAKS"}
    else:
        assert left == set()
        assert now["verdict"]["verdict"] == "compatible"


def test_the_corpus_has_each_kind_of_suggestion() -> None:
    texts = [
        suggestion["text"]
        for case in CASES.values()
        for schema in case["review"]["schemas"]
        for suggestion in schema.get("suggestions", ())
    ]
    for kind in ("add the new form beside it", "as before:", "deprecated", "optional", VERSION):
        assert any(kind in text for text in texts), kind


def test_documents_on_one_long_line_are_compared_by_their_members() -> None:
    old = json.dumps({"a": "x" * 300, "b": 1})
    new = json.dumps({"a": "x" * 300, "b": 2})
    assert [line for line in diff(old, new) if line[0] in "+-"] == ['-  "b": 1', '+  "b": 2']
