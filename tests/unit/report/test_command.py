"""`schemaregistry check --report` and `--redact`: what is printed, and with which exit code."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.errors import InvalidArgument

SCHEMA = str(Path(__file__).resolve().parents[3] / "schemas/ticks_v1.json")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *arguments, "--schema", SCHEMA])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("form", "start"), [("html", "<!doctype html>"), ("junit", "<?xml"), ("github", "::error "), ("text", "violates")]
)
def test_a_form_is_printed_alone_and_the_exit_code_is_that_of_the_verdict(ticks: Path, form: str, start: str) -> None:
    code, printed = run(str(ticks), "--report", form)
    assert code == 1
    assert printed.startswith(start)


def test_the_junit_form_is_one_xml_document(ticks: Path) -> None:
    assert ElementTree.fromstring(run(str(ticks), "--report", "junit")[1]).get("failures") == "3"


def test_the_json_form_is_what_json_prints(ticks: Path) -> None:
    reports = [json.loads(run(str(ticks), *form)[1]) for form in (("--json",), ("--report", "json"))]
    for report in reports:
        for measured in ("seconds", "rows_per_second", "peak_memory_bytes"):
            del report[measured]
    assert reports[0] == reports[1]


def test_redact_prints_no_value(ticks: Path) -> None:
    assert "secret" in run(str(ticks), "--json")[1]
    assert "secret" not in run(str(ticks), "--json", "--redact")[1]


def test_an_unknown_form_is_refused_with_those_there_are(ticks: Path) -> None:
    with pytest.raises(InvalidArgument, match="text, json, html, junit, github"):
        run(str(ticks), "--report", "pdf")


def test_a_form_given_as_the_files_format_is_told_apart(ticks: Path) -> None:
    with pytest.raises(InvalidArgument, match="--report"):
        run(str(ticks), "--format", "junit")
