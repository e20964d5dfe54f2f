"""Files of ticks into a DuckDB database through the gate: each file whole, or not at all.

    python examples/tickdb/tickdb.py incoming/ --db ticks.duckdb --schema ticks_v1

Exits with 0 when every file is in the database, 1 when one doesn't conform, 3 when one can't be judged.
"""

import argparse
import hashlib
import sys
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from schemaregistry import data
from schemaregistry.client import Client
from schemaregistry.data.report import formats
from schemaregistry.errors import RegistryError
from schemaregistry.pull import Pulled, pull

TABLES = """
CREATE TABLE IF NOT EXISTS loads (
    load BIGINT PRIMARY KEY, file VARCHAR, digest VARCHAR UNIQUE, contract VARCHAR, rows BIGINT, loaded_at TIMESTAMPTZ
)
"""
BARS = """
CREATE OR REPLACE VIEW bars AS
SELECT symbol, date_trunc('minute', ts) AS start,
    arg_min(price, ts) AS open, max(price) AS high, min(price) AS low, arg_max(price, ts) AS close,
    sum(size)::BIGINT AS volume, count(*) AS trades
FROM ticks GROUP BY ALL
"""


class TicksTable:
    """Where the gate hands one file's rows to: the table `ticks`, in a transaction with the note of the load."""

    name = "ticks"

    def __init__(self, database: duckdb.DuckDBPyConnection, file: str, digest: str, schema: pa.Schema) -> None:
        self._database = database
        self._file = file
        self._digest = digest
        self._contract = " ".join(
            schema.metadata[key].decode() for key in (b"schemaregistry.id", b"schemaregistry.version")
        )
        self._rows = 0
        self._published = False
        database.begin()
        self._load = database.execute("SELECT coalesce(max(load), 0) + 1 FROM loads").fetchall()[0][0]
        self._make_columns(schema.empty_table())

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows; nobody else sees them yet."""
        self._database.register("batch", pa.Table.from_batches([batch]))
        self._database.execute("INSERT INTO ticks BY NAME SELECT *, $load AS load FROM batch", {"load": self._load})
        self._rows += batch.num_rows

    def publish(self) -> str:
        """Let the rows be seen, and where they are from."""
        values = [self._load, self._file, self._digest, self._contract, self._rows]
        self._database.execute("INSERT INTO loads VALUES (?, ?, ?, ?, ?, now())", values)
        self._database.execute(BARS)
        self._database.commit()
        self._published = True
        return self.name

    def discard(self) -> None:
        """Forget the rows, unless they are published."""
        if not self._published:
            self._database.rollback()

    def _make_columns(self, empty: pa.Table) -> None:
        """The contract's columns. A later version of it may have more; rows that are there hold nulls in these."""
        self._database.register("empty", empty)
        self._database.execute("CREATE TABLE IF NOT EXISTS ticks AS SELECT *, 0::BIGINT AS load FROM empty")
        there = {name for name, *_ in self._database.execute("DESCRIBE ticks").fetchall()}
        for name, kind, *_ in self._database.execute("DESCRIBE SELECT * FROM empty").fetchall():
            if name not in there:
                self._database.execute(f'ALTER TABLE ticks ADD COLUMN "{name}" {kind}')


def load_file(database: duckdb.DuckDBPyConnection, source: data.Source, pulled: Pulled, reports: Path) -> int:
    """Load one file, say what became of it, and return its exit code. The same file again changes nothing.

    It is read once: the rows that are judged are those that are written.
    """
    digest = _digest(Path(source.path))
    if database.execute("SELECT 1 FROM loads WHERE digest = ?", [digest]).fetchone():
        print(f"skipped {source.path}: loaded before")
        return 0
    into = partial(TicksTable, database, source.path, digest)
    report = data.load([source], pulled.contract, into, revision=pulled.revision).report
    if report.verdict == "conforms":
        print(f"loaded  {source.path}: {report.rows:,} rows")
    else:
        print(f"HALTED  {source.path}: {report.verdict}, see {_kept(report, reports, source)}")
    return report.exit_code


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kept(report: data.Report, reports: Path, source: data.Source) -> Path:
    reports.mkdir(parents=True, exist_ok=True)
    page = reports / f"{Path(source.path).name}.html"
    page.write_text(formats.FORMS["html"](report), encoding="utf-8")
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="files, directories, globs")
    parser.add_argument("--db", type=Path, default=Path("ticks.duckdb"))
    parser.add_argument("--schema", default="ticks_v1", help="id[@version] at the registry, or a document's file")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where a halted file's report goes")
    options = parser.parse_args()
    try:
        pulled = pull(options.schema, Client.from_environment)
        sources = data.find(options.data)
    except RegistryError as error:
        print(error.message, file=sys.stderr)
        return 3
    with duckdb.connect(str(options.db)) as database:
        database.execute(TABLES)
        return max(load_file(database, source, pulled, options.reports) for source in sources)


if __name__ == "__main__":
    sys.exit(main())
