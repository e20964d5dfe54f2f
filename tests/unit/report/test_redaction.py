"""A redacted report: no value of the data is left in any form, every count and place is."""

from pathlib import Path

import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.report.formats import FORMS
from schemaregistry.document import parse

SECRETS = ("secret-7f3a", "<b>", "&lt;b&gt;", "2026-02-30")


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_redacted_report_shows_a_value(form: str, report: data.Report) -> None:
    shown, redacted = FORMS[form](report), FORMS[form](data.redacted(report))
    assert any(secret in shown for secret in SECRETS)
    assert not any(secret in redacted for secret in SECRETS)


def test_counts_rules_and_places_stay(report: data.Report) -> None:
    redacted = data.redacted(report)
    assert (redacted.rows, redacted.rows_failing, redacted.verdict) == (5, 4, "violates")
    for before, after in zip(report.violations, redacted.violations, strict=True):
        assert (before.column, before.pointer, before.rule, before.expected, before.count) == (
            *(after.column, after.pointer, after.rule, after.expected, after.count),
        )
        assert [(each.file, each.row, each.line) for each in before.examples] == [
            (each.file, each.row, each.line) for each in after.examples
        ]


def test_the_type_of_a_column_that_was_found_is_no_value(tmp_path: Path) -> None:
    path = tmp_path / "missing.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    document = (
        b'{"$id": "t", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "version": "1.0.0"'
    )
    document += b', "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["b"]}'
    report = data.check(data.find([str(path)]), compile_contract(parse(document)))
    assert [violation.actual for violation in data.redacted(report).violations] == ["no such column"]


def test_what_a_reader_says_of_a_broken_line_is_no_longer_told(tmp_path: Path, ticks: Path) -> None:
    broken = tmp_path / "broken.ndjson"
    broken.write_text('{"symbol": "secret-7f3a", oops}\n', encoding="utf-8")
    document = parse((Path(__file__).resolve().parents[3] / "schemas/ticks_v1.json").read_bytes())
    report = data.redacted(data.check(data.find([str(broken)]), compile_contract(document)))
    assert report.error is not None
    assert (report.error.reason, report.error.line) == ("NOT_JSON", 1)
    assert "secret" not in report.error.message
