"""Load rows into a table of a DuckDB database, in one transaction. Needs the extra `duckdb`.

Rows wait in a temporary file beside the database, which is opened, and so locked, only once all rows are checked.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry.data.arrow.types import described
from schemaregistry.data.load.atomic_files import hidden_file, remove
from schemaregistry.data.load.overlap import OutputPlace
from schemaregistry.data.load.writing import ParquetOutput
from schemaregistry.errors import InvalidArgument, MissingExtra, Unavailable
from schemaregistry.output_files import regular_target

try:
    import duckdb
except ModuleNotFoundError:
    raise MissingExtra(
        "Loading into DuckDB needs duckdb: pip install 'schemaregistry[duckdb]'", reason="MISSING_EXTRA"
    ) from None

_LOADS: Final = "schemaregistry_loads"
_MAKE_LOADS: Final = """
CREATE TABLE IF NOT EXISTS main.schemaregistry_loads (
    "table" VARCHAR, digest VARCHAR, contract VARCHAR, version VARCHAR, fingerprint VARCHAR, rows BIGINT,
    loaded_at TIMESTAMPTZ, PRIMARY KEY ("table", digest)
)
"""
"""Records each load, so that the same rows aren't loaded twice."""
_FORGET: Final = 'DELETE FROM main.schemaregistry_loads WHERE "table" = ?'
_FIND: Final = """
SELECT loaded_at::TIMESTAMP(0)::VARCHAR FROM main.schemaregistry_loads WHERE "table" = ? AND digest = ?
"""
_COLUMNS: Final = """
SELECT column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)
"""
_NOTE: Final = "INSERT INTO main.schemaregistry_loads VALUES (?, ?, ?, ?, ?, ?, now())"
_SANDBOX: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
}
"""Settings under which a database reads no other file, uses no network and loads no extension, whatever it contains."""
_PATIENCE: Final = 5.0
"""Seconds to wait for another process to close the database."""
_LOCKED: Final = re.compile(r"Conflicting lock is held in (.*?) \(PID (\d+)\)")
"""DuckDB's message for a database that another process has open: its program and PID."""


class DuckdbTable:
    """A table `TABLE` or `SCHEMA.TABLE` of the database `file`; both are created if need be.

    Rows are added to an existing table, which must have the contract's columns with their types and may have more.
    """

    def __init__(self, file: Path, table: str, schema: pa.Schema) -> None:
        """Check the table and create the temporary file.

        Raises InvalidArgument (DESTINATION_UNWRITABLE) where the database or the table can't take the rows, and
        Unavailable (DESTINATION_LOCKED) where another process has the database open.
        """
        if table.casefold().removeprefix("main.") == _LOADS:
            raise _refused(f"the name {table} is reserved: loads are recorded in that table, name another one")
        self.name = f"{file}#{table}"
        self.place: OutputPlace = file
        self._path = file
        self._table = _Table(table, schema)
        # DuckDB waits for a FIFO's other end without end.
        if regular_target(file) is None:
            raise _refused(f"{file} is a pipe or a device: name a file of DuckDB's, or a new one")
        if file.exists():
            with _opened(file, read_only=True) as database:
                self._table.check(database)
        self._hidden = hidden_file(file.parent)
        self._file = ParquetOutput(self._hidden.descriptor, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch to the temporary file."""
        self._file.write(batch)

    def publish(self) -> str:
        """Insert the rows into the table and return its name."""
        self._file.finish()
        # A database that this load created is removed again if the rows can't be inserted.
        made = not self._path.exists()
        try:
            with _opened(self._path) as database:
                before = self._table.insert(database, self._hidden.path, self._file.digest)
        except BaseException:
            if made:
                remove(self._path)
            raise
        return f"{self.name} ({before})" if before else self.name

    def discard(self) -> None:
        """Remove the temporary file, and the database's directory if it was created for it."""
        self._file.close()
        self._hidden.discard()


class _Table:
    """One table of a database, and the schema of the rows for it."""

    def __init__(self, name: str, schema: pa.Schema) -> None:
        self._name = name
        schema_name, _, table = name.rpartition(".")
        self._place = (schema_name or "main", table)
        self._quoted = ".".join(map(_quoted, self._place))
        self._schema = schema

    def check(self, database: duckdb.DuckDBPyConnection) -> None:
        """Raise InvalidArgument where the table exists and can't take the rows."""
        there = self._columns(database)
        if there is None:
            return
        for field, kind in self._wanted(database).items():
            if field.casefold() not in there:
                add = f"ALTER TABLE {self._quoted} ADD COLUMN {_quoted(field)} {kind}"
                raise _refused(f'the table {self._name} has no column "{field}": {add}')
            if there[field.casefold()] != kind:
                found, wanted = there[field.casefold()], described(self._schema.field(field).type)
                message = f'the column "{field}" of {self._name} is {found}, the contract\'s is {kind} ({wanted})'
                raise _refused(f"{message}: name another table, or change the column")

    def insert(self, database: duckdb.DuckDBPyConnection, rows: Path, digest: str) -> str:
        """Insert the rows in one transaction and return an empty text.

        Where the same rows are in the table already, insert none and return a remark that says so.
        """
        database.begin()
        database.execute(_MAKE_LOADS)
        if self._columns(database) is None:
            # The table was dropped meanwhile: loads into the old one don't count for the new one.
            database.execute(_FORGET, [self._quoted])
            database.execute(f"CREATE TABLE {self._quoted} ({self._definition(database)})")
        # Checked again within the transaction, since another process may have changed the table.
        self.check(database)
        found = database.execute(_FIND, [self._quoted, digest]).fetchone()
        if found:
            database.rollback()
            return f"the same rows were loaded at {found[0]}: nothing is added; schemaregistry_loads lists them"
        with pq.ParquetFile(rows) as file:
            batches = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
            database.register("schemaregistry_rows", batches)
            database.execute(f"INSERT INTO {self._quoted} BY NAME SELECT * FROM schemaregistry_rows")  # noqa: S608
            self._note(database, digest, file.metadata.num_rows)
        database.commit()
        return ""

    def _note(self, database: duckdb.DuckDBPyConnection, digest: str, rows: int) -> None:
        names = {key.decode(): value.decode() for key, value in (self._schema.metadata or {}).items()}
        contract = [names.get(f"schemaregistry.{part}") for part in ("id", "version", "fingerprint")]
        database.execute(_NOTE, [self._quoted, digest, *contract, rows])

    def _columns(self, database: duckdb.DuckDBPyConnection) -> dict[str, str] | None:
        """Return the types of the table's columns by case-folded name, as DuckDB compares names; None for no table."""
        found = database.execute(_COLUMNS, self._place).fetchall()
        return {name.casefold(): kind for name, kind in found} or None

    def _wanted(self, database: duckdb.DuckDBPyConnection) -> dict[str, str]:
        """Return DuckDB's types of the contract's columns, by name."""
        database.register("schemaregistry_rows", pa.Table.from_batches([], self._schema))
        found = database.execute("DESCRIBE schemaregistry_rows").fetchall()
        return {name: kind for name, kind, *_ in found}

    def _definition(self, database: duckdb.DuckDBPyConnection) -> str:
        return ", ".join(f"{_quoted(name)} {kind}" for name, kind in self._wanted(database).items())


@contextmanager
def _opened(file: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database, and close it at the end.

    Raises InvalidArgument (DESTINATION_UNWRITABLE) for an error of DuckDB, Unavailable (DESTINATION_LOCKED).
    """
    # An absolute path is a file's, whatever it looks like: DuckDB takes `md:x` or `:memory:` for something else.
    path = str(file.absolute())
    database = _patiently(lambda: duckdb.connect(path, read_only=read_only, config=_SANDBOX), file)
    try:
        yield database
    except duckdb.Error as error:
        raise _refused(f"{file} refuses the rows: {_first_line(error)}") from None
    finally:
        database.close()


def _patiently(connect: Callable[[], duckdb.DuckDBPyConnection], file: Path) -> duckdb.DuckDBPyConnection:
    """Open a connection, waiting up to `_PATIENCE` while another process has the database open."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return connect()
        except duckdb.Error as error:
            locked = _LOCKED.search(str(error))
            if not locked:
                raise _refused(f"{file} can't be opened as a DuckDB database: {_first_line(error)}") from None
            if time.monotonic() > until:
                program, process = locked.groups()
                message = f"{file} is open in another process ({program}, PID {process}): close it there and try again"
                raise Unavailable(message, reason="DESTINATION_LOCKED") from None
        time.sleep(0.05)


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(message, reason="DESTINATION_UNWRITABLE")


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
