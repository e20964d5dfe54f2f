"""The quarantine: a folder with the rows that failed and a report that says why, renamed into place once complete."""

import hashlib
import os
from pathlib import Path
from typing import Final

import pyarrow as pa

from schemaregistry.data.load.atomic_files import hidden_folder, shortened, sync
from schemaregistry.data.load.writing import ParquetOutput
from schemaregistry.data.report.formats import html, to_json_text
from schemaregistry.data.report.report import Report

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Quarantine:
    """Writes the folder `STEM-DIGEST` in the directory `path`.

    It has a Parquet file for each file with failing rows (`quarantined_rows.py` says which columns), `report.json` and
    `report.html`. The digest is of the
    contract's fingerprint, the input paths and the Parquet files, so that the same load again changes nothing.
    """

    def __init__(self, path: Path, stem: str) -> None:
        """Create the temporary folder. Raises InvalidArgument (DESTINATION_UNWRITABLE) where that fails."""
        self.name = str(path)
        self.place = path
        self._path = path
        self._stem = stem
        self._hidden = hidden_folder(path)
        self._files: dict[str, str] = {}
        """The digests of finished files by their names."""
        self._source: str | None = None
        self._file: ParquetOutput | None = None
        self._shown: Path | None = None

    def write(self, source: str, rows: pa.RecordBatch) -> None:
        """Write rows of a source; all rows of one source must come before those of the next."""
        if self._file is None or source != self._source:
            self._finish()
            self._source = source
            self._file = self._opened(source, rows.schema)
        self._file.write(rows)

    def publish(self, report: Report) -> str:
        """Write the report and rename the folder into place; return its path."""
        self._finish()
        for name, text in (("report.json", to_json_text(report)), ("report.html", html.render(report))):
            (self._hidden.path / name).write_text(text, encoding="utf-8")
            sync(self._hidden.path / name)
        sync(self._hidden.path)
        # Not of the report's text, whose seconds differ from run to run.
        contents = repr((report.schema.fingerprint, [facts.path for facts in report.files], self._files))
        final = self._path / f"{self._stem}-{hashlib.sha256(contents.encode()).hexdigest()[:12]}"
        # It exists if the same load ran before, with the same contents.
        if not final.is_dir():
            self._hidden.show(final)
            self._shown = final
        return str(final)

    def withdraw(self) -> None:
        """Take the folder back, unless it was there before."""
        if self._shown:
            self._shown.replace(self._hidden.path)

    def discard(self) -> None:
        """Remove whatever isn't published."""
        if self._file:
            self._file.close()
        self._hidden.discard()
        os.close(self._hidden.descriptor)

    def _opened(self, source: str, schema: pa.Schema) -> ParquetOutput:
        """Create a file named for the source, with a number where the name is taken.

        The name is UTF-8, since most readers of Parquet open no other; the column `_file` has the source's own.
        """
        stem = shortened(
            os.fsencode(Path(source).name).decode(errors="replace").replace("\N{REPLACEMENT CHARACTER}", "_")
        )
        name, number = stem, 1
        while (self._hidden.path / f"{name}.parquet").exists():
            number += 1
            name = f"{stem}-{number}"
        return ParquetOutput(os.open(self._hidden.path / f"{name}.parquet", _NEW, 0o666), schema)

    def _finish(self) -> None:
        if self._file:
            self._file.finish()
            self._file.close()
            self._files[str(self._source)] = self._file.digest
            self._file = None
