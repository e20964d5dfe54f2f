"""The forms of a report that people and other programs read, a module for each."""

from collections.abc import Callable, Mapping
from typing import Final

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.formats import github, html, junit, text
from schemaregistry.terminal import json_text


def to_json_text(report: Facts) -> str:
    """Render a report as one JSON object, indented."""
    return json_text(report.to_json(), indent=2)


FORMS: Final[Mapping[str, Callable[[Facts], str]]] = {
    "text": text.render,
    "json": to_json_text,
    "html": html.render,
    "junit": junit.render,
    "github": github.render,
}
"""The renderer of each form, by its name for `--report`."""
