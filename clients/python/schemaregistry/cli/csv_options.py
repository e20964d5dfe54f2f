"""The options that describe CSV files, for the commands that read them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast

import typer

from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.data.clean.conventions import Epoch
    from schemaregistry.document.model import CsvDialect

_PANEL: Final = "CSV (each over what the document says in x-csv)"
_TAB: Final = ("tab", "\\t")


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How CSV files are written; each option overrides the document's `x-csv`."""

    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="CHARACTER",
            help="What stands between fields: ; or tab, say; of .tsv it is tab.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            help="utf-8, utf-16 (recognised by its byte order mark), utf-16le, utf-16be, iso-8859-1 or windows-1252.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    comment: Annotated[
        str | None,
        typer.Option(
            "--comment",
            metavar="CHARACTER",
            help="What a line starts with that is passed over.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    skip_lines: Annotated[
        int | None,
        typer.Option("--skip-lines", metavar="NUMBER", help="Lines before the header.", rich_help_panel=_PANEL),
    ] = None
    null: Annotated[
        tuple[str, ...],
        typer.Option(
            "--null",
            metavar="TEXT",
            help="A field that is null, besides an empty one: NA, say. Can be given more than once.",
            rich_help_panel=_PANEL,
        ),
    ] = ()
    escape: Annotated[
        str | None,
        typer.Option(
            "--escape",
            metavar="CHARACTER",
            help="What stands before a quote within quotes: \\ in what Spark writes.",
            rich_help_panel=_PANEL,
        ),
    ] = None

    def dialect(self, **more: str | None) -> "CsvDialect":
        """Make a dialect from these options plus `more`. Raises InvalidArgument (BAD_CSV) for a bad value."""
        from schemaregistry.document.csv_dialect import csv_dialect

        stated: dict[str, Any] = {
            "delimiter": "\t" if self.delimiter in _TAB else self.delimiter,
            "encoding": self.encoding and self.encoding.lower(),
            "comment": self.comment,
            "skip_lines": self.skip_lines,
            "null": list(self.null) or None,
            "escape": self.escape,
            **more,
        }
        return csv_dialect({name: value for name, value in stated.items() if value is not None})


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
    """Return the unit of `--epoch`. Raises InvalidArgument (BAD_EPOCH) for an unknown one."""
    from schemaregistry.data.clean.conventions import EPOCHS

    if unit is not None and unit not in EPOCHS:
        raise InvalidArgument(f"--epoch {unit} isn't known: say {', '.join(EPOCHS)}", reason="BAD_EPOCH")
    return cast("Epoch | None", unit)
