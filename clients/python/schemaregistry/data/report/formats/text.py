"""Render a report as plain text, for logs and error messages; `terminal_text.py` has the layout."""

import io
from typing import Final

from rich.console import Console

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.terminal_text import show
from schemaregistry.terminal import inert

_WIDTH: Final = 160
"""Width in columns, fixed so that the text is the same wherever it is read."""


def render(report: Facts) -> str:
    """Return the report without colours."""
    out = io.StringIO()
    Console(file=out, width=_WIDTH, color_system=None, highlight=False, soft_wrap=True).print(show(report))
    return inert(out.getvalue().rstrip("\n"))
