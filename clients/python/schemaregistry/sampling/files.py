"""Write tables in the formats that a check reads: Parquet, Arrow, CSV in a contract's dialect, NDJSON."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from schemaregistry.data.arrow.arrays import decoded
from schemaregistry.data.arrow.texts import as_text
from schemaregistry.data.arrow.types import Array, Table, family, is_json, pc
from schemaregistry.document.model import CsvDialect
from schemaregistry.sampling.unsampleable import bad_request

FORMATS: Final = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".arrow", ".feather", ".ipc", ".arrows"), "arrow"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".ndjson", ".jsonl"), "ndjson"),
}
"""The format for each suffix of a file name."""
_IN_QUOTES: Final = r'["\\\x00-\x1f]'
"""Characters that a JSON string has to escape."""


class TableWriter(Protocol):
    """Writes one file: any number of tables, then `close`."""

    def write(self, table: Table) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Write the end of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """An open file, its format, and the suffix of its name."""

    file: BinaryIO
    format: str
    suffix: str


def format_of(path: Path, stated: str | None = None) -> str:
    """Return the stated format of a file, or that of its name. Raises InvalidArgument (UNKNOWN_FORMAT)."""
    if stated is not None and stated not in FORMATS.values():
        names = ", ".join(dict.fromkeys(FORMATS.values()))
        raise bad_request(f"--format {stated}: samples have no such format; say {names}", "UNKNOWN_FORMAT")
    form = stated or FORMATS.get(path.suffix.lower())
    if form is None:
        message = f"{path}: its name tells no format that samples have; end it in {', '.join(FORMATS)}, or say --format"
        raise bad_request(message, "UNKNOWN_FORMAT")
    return form


def writer(target: Target, schema: pa.Schema, dialect: CsvDialect) -> TableWriter:
    """Return the writer of tables of a schema to a file.

    Raises InvalidArgument (NOT_FOR_CSV) for lists and objects in CSV.
    """
    file = target.file
    match target.format:
        case "parquet":
            return _Parquet(file, schema)
        case "arrow":
            made: Any = pa.ipc.new_stream if target.suffix == ".arrows" else pa.ipc.new_file
            return cast("TableWriter", made(file, schema))
        case "csv":
            tabs = CsvDialect(delimiter="\t")
            return Csv(file, schema, tabs.over(dialect) if target.suffix == ".tsv" else dialect)
    return Ndjson(file)


class _Parquet:
    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(file, schema)

    def write(self, table: Table) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()


class Csv:
    """Writes a header and lines; texts of a table are quoted if one of them has to be."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, dialect: CsvDialect) -> None:
        nested = [field.name for field in schema if family(field.type) in ("list", "struct")]
        if nested:
            message = f"CSV has no lists and no objects, which {', '.join(nested)} is: name a file of another format"
            raise bad_request(message, "NOT_FOR_CSV")
        self._file = file
        self._dialect = dialect
        self._encoding = dialect.encoding or "utf-8"
        self._started = False
        if self._encoding == "utf-16":
            # encode("utf-16") would write the byte order mark anew for each table.
            file.write(b"\xff\xfe")
            self._encoding = "utf-16le"
        file.write("-\n".encode(self._encoding) * (dialect.skip_lines or 0))

    def write(self, table: Table) -> None:
        arrays = [_field_texts(column) for column in table.columns]
        text = io.BytesIO()
        options = pcsv.WriteOptions(
            include_header=not self._started,
            delimiter=self._dialect.delimiter or ",",
            # Arrow's "needed" quotes every text, whether it has to be or not.
            quoting_style="needed" if self._needs_quotes(arrays, table.column_names) else "none",
        )
        pcsv.write_csv(pa.Table.from_arrays(arrays, table.column_names), text, options)
        self._started = True
        data = text.getvalue()
        self._file.write(data if self._encoding == "utf-8" else data.decode().encode(self._encoding))

    def _needs_quotes(self, arrays: list[Array], names: list[str]) -> bool:
        marks = {'"', "\r", "\n", self._dialect.delimiter or ",", self._dialect.comment, self._dialect.escape} - {None}
        found = any(mark in name for name in names for mark in marks if mark)
        for array in arrays:
            if family(array.type) != "text" or found:
                continue
            words = pa.array(["", *(self._dialect.null or ())], array.type)
            found = pc.any(pc.is_in(array, words)).as_py() is True
            found = found or any(pc.any(pc.match_substring(array, mark)).as_py() for mark in marks)
        return found

    def close(self) -> None:
        """Do nothing: CSV has no end mark."""


class Ndjson:
    """Writes a JSON object on each line; nulls are written, except in columns of JSON texts, where they are absent."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, table: Table) -> None:
        names, columns = table.column_names, [column.combine_chunks() for column in table.columns]
        lines = pc.binary_join_element_wise(_objects(names, columns, table.num_rows), "\n", "")
        self._file.write(b"".join(lines.cast(pa.binary()).to_pylist()))

    def close(self) -> None:
        """Do nothing: NDJSON has no end mark."""


def _field_texts(column: Any) -> Array:
    """Return a column as CSV shows it; numbers stay numbers."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    match family(array.type):
        case "date" | "time" | "timestamp" | "binary":
            return as_text(array)
        case "decimal":
            return _decimal_texts(array)
        case "json":
            return array.cast(pa.string())
    return decoded(array)


def _decimal_texts(array: Array) -> Array:
    return pa.array([None if value is None else f"{value:f}" for value in array.to_pylist()], pa.string())


def json_texts(array: Array) -> Array:
    """Return the JSON text of each value, null for nulls."""
    if is_json(array.type):
        return array.cast(pa.string())
    array = decoded(array)
    text = _JSON_TEXTS.get(family(array.type))
    return text(array) if text else array.cast(pa.string())


def _float_texts(array: Array) -> Array:
    return pc.replace_substring(array.cast(pa.string()), "nan", "NaN")


def _struct_texts(array: Array) -> Array:
    objects = _objects([field.name for field in array.type], array.flatten(), len(array))
    return pc.if_else(array.is_valid(), objects, pa.scalar(None, pa.string()))


def _list_texts(array: Array) -> Array:
    items = pc.fill_null(json_texts(array.flatten()), "null")
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    ends = pc.cumulative_sum(pa.concat_arrays([pa.array([0], lengths.type), lengths]))
    joined = pc.binary_join(pa.ListArray.from_arrays(ends.cast(pa.int32()), items), ",")
    texts = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(array.is_valid(), texts, pa.scalar(None, pa.string()))


def _objects(names: list[str], columns: list[Array], count: int) -> Array:
    pieces: list[Any] = [pa.array(["{"] * count, pa.string())] if not columns else ["{"]
    for name, column in zip(names, columns, strict=True):
        value = json_texts(column) if is_json(column.type) else pc.fill_null(json_texts(column), "null")
        member = pc.binary_join_element_wise(f",{json.dumps(name, ensure_ascii=False)}:", value, "")
        pieces.append(pc.fill_null(member, ""))
    # Each member has a comma before it, since any of them may be absent; the first comma goes.
    joined = pc.binary_join_element_wise(*pieces, "}", "")
    return pc.replace_substring(joined, "{,", "{", max_replacements=1)


def _quoted(texts: Array) -> Array:
    if pc.any(pc.match_substring_regex(texts, _IN_QUOTES)).as_py():
        values = texts.to_pylist()
        return pa.array(
            [None if text is None else json.dumps(text, ensure_ascii=False) for text in values], pa.string()
        )
    return pc.binary_join_element_wise('"', texts.cast(pa.string()), '"', "")


def _quoted_text(array: Array) -> Array:
    return _quoted(as_text(array))


_JSON_TEXTS: Final[dict[str, Callable[[Array], Array]]] = {
    "text": _quoted,
    **dict.fromkeys(("binary", "date", "time", "timestamp"), _quoted_text),
    "decimal": _decimal_texts,
    "float": _float_texts,
    "struct": _struct_texts,
    "list": _list_texts,
}
"""How values of a family of types are written in JSON; others by Arrow's cast to text."""
