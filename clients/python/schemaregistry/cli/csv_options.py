"""The options that say how CSV files are written, as commands that read files have them. Reads no file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast

import typer

from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.data.conventions import Epoch
    from schemaregistry.document.model import CsvDialect

_PANEL: Final = "CSV (each over what the document says in x-csv)"
_TAB: Final = ("tab", "\\t")

Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHARACTER",
        help="What stands between fields: ; or tab, say; of .tsv it is tab.",
        rich_help_panel=_PANEL,
    ),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="utf-8, utf-16 (recognised by its byte order mark), utf-16le, utf-16be, iso-8859-1 or windows-1252.",
        rich_help_panel=_PANEL,
    ),
]
Comment: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--comment",
        metavar="CHARACTER",
        help="What a line starts with that is passed over.",
        rich_help_panel=_PANEL,
    ),
]
SkipLines: TypeAlias = Annotated[
    int | None,
    typer.Option("--skip-lines", metavar="NUMBER", help="Lines before the header.", rich_help_panel=_PANEL),
]
Null: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--null",
        metavar="TEXT",
        help="A field that is null, besides an empty one: NA, say. Can be given more than once.",
        rich_help_panel=_PANEL,
    ),
]
Escape: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--escape",
        metavar="CHARACTER",
        help="What stands before a quote within quotes: \\ in what Spark writes.",
        rich_help_panel=_PANEL,
    ),
]


Decimal: TypeAlias = Annotated[
    str | None,
    typer.Option("--decimal", metavar="CHARACTER", help="The decimal point of numbers: , or .", rich_help_panel=_PANEL),
]
Thousands: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--thousands", metavar="CHARACTER", help="What groups the thousands of numbers.", rich_help_panel=_PANEL
    ),
]
Dates: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--dates", metavar="ORDER", help="The order in dates as 02.01.2024: dmy, mdy or ymd.", rich_help_panel=_PANEL
    ),
]
EpochUnit: TypeAlias = Annotated[
    str | None,
    typer.Option("--epoch", metavar="UNIT", help="Of times that are numbers since 1970: s, ms, us or ns."),
]


def epoch_of(unit: str | None) -> "Epoch | None":
    """A unit; raises InvalidArgument (BAD_EPOCH) for what is none."""
    from schemaregistry.data.conventions import EPOCHS

    if unit is not None and unit not in EPOCHS:
        raise InvalidArgument(f"--epoch {unit} isn't known: say {', '.join(EPOCHS)}", reason="BAD_EPOCH")
    return cast("Epoch | None", unit)


def csv_of(
    delimiter: str | None = None,
    encoding: str | None = None,
    comment: str | None = None,
    skip_lines: int | None = None,
    null: Sequence[str] | None = None,
    escape: str | None = None,
    **more: str | None,
) -> "CsvDialect":
    """What the options say; raises InvalidArgument (BAD_CSV) for what no dialect has."""
    from schemaregistry.document.csv_dialect import csv_dialect

    said: dict[str, Any] = {
        "delimiter": "\t" if delimiter in _TAB else delimiter,
        "encoding": encoding and encoding.lower(),
        "comment": comment,
        "skip_lines": skip_lines,
        "null": list(null) if null else None,
        "escape": escape,
        **more,
    }
    return csv_dialect({name: value for name, value in said.items() if value is not None})
