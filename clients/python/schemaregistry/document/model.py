"""The values that make up a parsed document; `parse.py` creates them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, TypeAlias

from semver import Version

Json: TypeAlias = Any
"""What `json.loads` gives: dict, list, str, int, float, bool or None."""

Level: TypeAlias = Literal[
    "backward", "forward", "full", "backward_transitive", "forward_transitive", "full_transitive"
]


@dataclass(frozen=True, slots=True)
class ArrowType:
    """One Arrow type by its JSON name (`int32`, `timestamp`, `list`, …); unused parameters are None or empty."""

    name: str
    unit: str | None = None
    tz: str | None = None
    precision: int | None = None
    scale: int | None = None
    index: "ArrowType | None" = None
    value: "ArrowType | None" = None
    item: "ArrowField | None" = None
    fields: "tuple[ArrowField, ...]" = ()


@dataclass(frozen=True, slots=True)
class ArrowField:
    """A named column or member: its type, and whether it may hold nulls."""

    name: str
    type: ArrowType
    nullable: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A warning: something in a document that is allowed but looks wrong, at its JSON pointer (RFC 6901).

    `reason` is a stable UPPER_SNAKE name.
    """

    reason: str
    message: str
    pointer: str


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written; None where a setting isn't stated.

    `delimiter` separates fields. Lines that begin with `comment` are skipped, and so are the first `skip_lines` lines.
    An unquoted field that equals one of `null` is null, as an empty one always is. In a quoted field the character
    `escape` makes a quote after it part of the text, as doubling the quote does. `decimal`, `thousands` and `dates`
    are for repairs (`clean`), and say how people wrote numbers and dates: `,` and `.` in `1.234,5`, `dmy` in
    02.01.2024.
    """

    delimiter: str | None = None
    encoding: str | None = None
    comment: str | None = None
    skip_lines: int | None = None
    null: tuple[str, ...] | None = None
    escape: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: str | None = None

    def over(self, other: "CsvDialect") -> "CsvDialect":
        """Return the settings stated here, and from `other` those that aren't."""
        stated = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(other, **{name: value for name, value in stated.items() if value is not None})


PLAIN_CSV: Final = CsvDialect()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one schema, parsed and checked.

    `raw` is the document's bytes, unchanged. `schema` is the JSON side alone, ready for a draft-07 validator: without
    `$id`, `version`, `arrow`, `compatibility` and the members that begin with `x-`. `arrow` has the columns: the fields
    of the arrow block in their order, or derived ones where `arrow_derived` is true. `fingerprint` is `sha256:` and the
    hex digest of the canonical form of the whole document. `csv` is None for a document without `x-csv`.
    """

    raw: bytes
    id: str
    version: Version
    schema: dict[str, Json]
    arrow: tuple[ArrowField, ...]
    arrow_derived: bool
    fingerprint: str
    title: str = ""
    description: str = ""
    compatibility: Level | None = None
    tags: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    owner: str = ""
    csv: CsvDialect | None = None
    warnings: tuple[Note, ...] = ()
