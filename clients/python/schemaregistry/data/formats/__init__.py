"""A report in the forms that people and other programs read, a module for each. The facts are report's."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from schemaregistry.data.formats import github, html, junit, text
from schemaregistry.data.report import Report


def to_json_text(report: Report) -> str:
    """One JSON object, indented."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2)


FORMS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": text.render,
    "json": to_json_text,
    "html": html.render,
    "junit": junit.render,
    "github": github.render,
}
"""What renders each form."""
