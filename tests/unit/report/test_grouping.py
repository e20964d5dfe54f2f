"""Reports of very many broken rules stay readable: the first of each kind, the others in a line; JSON has all."""

import json
from collections.abc import Callable
from xml.etree import ElementTree

import pyarrow as pa
import pytest

import schemaregistry
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report
from schemaregistry.data.report.formats import FORMS
from schemaregistry.document import parse


def report(columns: int) -> Report:
    """Of a header in which every name is wrong."""
    names = [f"c{index:04}" for index in range(columns)]
    document = {
        "$id": "wide_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: {"type": "number"} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    table = pa.table({f"d{index:04}": [0.5] * 10 for index in range(columns)})
    return schemaregistry.check(table, compile_contract(parse(json.dumps(document).encode())))


@pytest.fixture(scope="module")
def wide() -> Report:
    return report(1000)


LINES = [
    "required: 950 more, of c0050, c0051, c0052, c0053, c0054 and others (JSON has all)",
    "additionalProperties: 950 more, of d0050, d0051, d0052, d0053, d0054 and others (JSON has all)",
]


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"json"}))
def test_a_report_of_2_000_broken_rules_is_short(wide: Report, form: str) -> None:
    text = FORMS[form](wide)
    assert text.count("\n") < 2_000
    assert len(text) < 300_000
    for line in LINES:
        assert line in text
    for shown, hidden in (("c0049", "c0055"), ("d0049", "d0055")):
        assert shown in text
        assert hidden not in text


def test_json_has_all(wide: Report) -> None:
    assert len(json.loads(FORMS["json"](wide))["violations"]) == 2_000


def test_junit_counts_what_it_shows(wide: Report) -> None:
    root = ElementTree.fromstring(FORMS["junit"](wide))
    assert root.get("failures") == str(len(root.findall(".//failure"))) == "102"


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"json"}))
def test_fifty_of_a_kind_are_all_shown(form: str) -> None:
    render: Callable[[Report], str] = FORMS[form]
    text = render(report(50))
    assert "JSON has all" not in text
    assert "c0049" in text
    assert "1 more, of c0050 (JSON has all)" in render(report(51))
