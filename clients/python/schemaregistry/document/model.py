"""The values that a parsed document is made of. Holds no parsing and no judgement."""

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
    """Something allowed that looks wrong, at a JSON pointer."""

    reason: str
    message: str
    pointer: str


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written; None where nothing is said.

    `delimiter` stands between fields, `comment` starts lines that are passed over, as are the first `skip_lines`. A
    field without quotes that is one of `null` is null, as an empty one always is. Within quotes `escape` makes the
    quote after it a part of the text, besides a doubled one. `decimal`, `thousands` and `dates` say how numbers and
    dates of a person's making are to be read where files are repaired: `,` and `.` in `1.234,5`, `dmy` in 02.01.2024.
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
        """What is said here, and else what the other says."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(other, **{name: value for name, value in said.items() if value is not None})


PLAIN_CSV: Final = CsvDialect()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one schema, parsed and checked.

    `raw` is the text as a person wrote it. `schema` is the JSON side alone, ready for a draft-07 validator: without
    `$id`, `version`, `arrow`, `compatibility` and the `x-` members. `arrow` is the block's fields in their order, or
    the derived ones where `arrow_derived`. `fingerprint` is `sha256:` and the hex digest of the canonical form of the
    whole document. `csv` is None for a document without `x-csv`.
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
