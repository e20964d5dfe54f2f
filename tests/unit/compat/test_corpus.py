"""Pairs with a known answer: none is judged wrongly, nearly all are decided."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from schemaregistry.compat import Outcome, decide

CORPUS = Path(__file__).parents[2] / "corpus" / "compat"


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]


def separates(case: dict[str, Any], instance: Any) -> bool:
    validators = (jsonschema_rs.Draft7Validator, jsonschema.Draft7Validator)
    return all(kind(case["old"]).is_valid(instance) and not kind(case["new"]).is_valid(instance) for kind in validators)


@pytest.mark.parametrize(("name", "undecided"), [("containment.jsonl", 6), ("generated.jsonl", 0)])
def test_known_answers(name: str, undecided: int) -> None:
    unknown = []
    for case in cases(name):
        decision = decide(case["old"], case["new"])
        if decision.outcome is Outcome.UNKNOWN:
            unknown.append((case["id"], decision.reason))
        elif decision.outcome is Outcome.INCOMPATIBLE:
            assert separates(case, decision.witness), case
        else:
            assert case["expected"] == "compatible", case
    assert len(unknown) <= undecided, unknown
