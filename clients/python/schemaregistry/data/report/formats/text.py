"""A report as plain text: for logs and for messages of errors. What it looks like is terminal's."""

import io
from typing import Final

from rich.console import Console

from schemaregistry.data.report.facts import Facts
from schemaregistry.data.report.terminal_text import show
from schemaregistry.terminal import inert

_WIDTH: Final = 160
"""Columns of a line, so that the table's lines are the same wherever they are read."""


def render(report: Facts) -> str:
    """The report without colours."""
    out = io.StringIO()
    Console(file=out, width=_WIDTH, color_system=None, highlight=False, soft_wrap=True).print(show(report))
    return inert(out.getvalue().rstrip("\n"))
