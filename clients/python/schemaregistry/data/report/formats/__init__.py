"""A report in the forms that people and other programs read, a module for each. The facts are report's."""

from collections.abc import Callable, Mapping
from typing import Final

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.formats import github, html, junit, text
from schemaregistry.terminal import json_text


def to_json_text(report: Facts) -> str:
    """One JSON object, indented."""
    return json_text(report.to_json(), indent=2)


FORMS: Final[Mapping[str, Callable[[Facts], str]]] = {
    "text": text.render,
    "json": to_json_text,
    "html": html.render,
    "junit": junit.render,
    "github": github.render,
}
"""What renders each form."""
