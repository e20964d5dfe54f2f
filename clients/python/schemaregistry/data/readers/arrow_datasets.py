"""Read the files of pyarrow's datasets.

`pyarrow.dataset` isn't imported: a caller who passes a dataset has it loaded already.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import tee
from typing import Any, Final

import pyarrow as pa

from schemaregistry.data.readers.foreign_types import is_a
from schemaregistry.data.readers.int96 import Unheld, alongside, columns_of_int96, refuse_wrapped
from schemaregistry.data.readers.ipc import refuse_second_ipc
from schemaregistry.data.readers.parquet import refuse_second_parquet
from schemaregistry.data.readers.parquet_footer import row_groups
from schemaregistry.data.report.unreadable import UnreadableFile

_BATCH_ROWS: Final = 1 << 16
"""Rows read at a time."""


def fragments_of(dataset: Any) -> Sequence[Any] | None:
    """Return the fragments of a dataset, one for each of its files; None for a filtered one, which has none."""
    try:
        return list(dataset.get_fragments())
    except ValueError:
        return None


def schema_of_fragment(whole: pa.Schema, fragment: Any) -> tuple[pa.Schema, list[str]]:
    """Return the columns to read of a file of a dataset with the schema `whole`, in the file's own types.

    Partition keys are columns too. The second value is the names of the file's columns that the dataset lacks.
    """
    keys = sys.modules["pyarrow.dataset"].get_partition_keys(fragment.partition_expression)
    own = fragment.physical_schema
    there = [each for each in own if each.name in whole.names]
    added = [whole.field(key) for key in keys if key not in own.names and key in whole.names]
    return pa.schema([*there, *added]), [name for name in own.names if name not in whole.names]


def fragment_batches(fragment: Any, schema: pa.Schema, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns of a file. Raises UnreadableFile: CORRUPT for two files one after another, UNHELD."""
    _refuse_second(fragment)
    with _verifying(fragment):
        found = fragment.to_batches(schema=schema, columns=names, batch_size=_BATCH_ROWS)
        # A dataset reads int96 itself, as nanoseconds that wrap, so they are compared with a second reading.
        wide = _columns_of_int96(fragment).intersection(names)
        yield from _not_wrapped(fragment, found, sorted(wide)) if wide else found


def filtered_batches(name: str, dataset: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the named columns of a filtered dataset.

    Raises UnreadableFile: NOT_ARROW where a file has a column in another type than the dataset, which would cast its
    values before they are checked, or in int96, which would wrap; CORRUPT for two files one after another.
    """
    whole = dataset.schema
    with ExitStack() as stack:
        for fragment in _files_of(dataset):
            _refuse_cast(name, whole, fragment, names)
            _refuse_second(fragment)
            stack.enter_context(_verifying(fragment))
        yield from dataset.scanner(columns=list(names), batch_size=_BATCH_ROWS).to_batches()


def _files_of(dataset: Any) -> Iterator[Any]:
    """Yield the files of a dataset as fragments without its filter; a dataset in memory has none."""
    for child in getattr(dataset, "children", ()):
        yield from _files_of(child)
    for path in getattr(dataset, "files", ()):
        yield dataset.format.make_fragment(path, dataset.filesystem)


def _refuse_cast(name: str, whole: pa.Schema, fragment: Any, names: Sequence[str]) -> None:
    path = getattr(fragment, "path", "") or name
    advice = "check the dataset without its filter, or the filtered rows as a table"
    wide = _columns_of_int96(fragment)
    for own in (each for each in fragment.physical_schema if each.name in names):
        kind = whole.field(own.name).type
        if own.name in wide or own.type != kind:
            found = "int96" if own.name in wide else own.type
            message = f'column "{own.name}" is {found} in the file, and {kind} in the filtered dataset: {advice}'
            raise UnreadableFile(path, "NOT_ARROW", message)


def _refuse_second(fragment: Any) -> None:
    is_parquet = is_a(fragment, "pyarrow.dataset", "ParquetFileFragment")
    if not is_parquet and not is_a(getattr(fragment, "format", None), "pyarrow.dataset", "IpcFileFormat"):
        return
    with fragment.open() as stream:
        if not is_parquet:
            refuse_second_ipc(fragment.path, stream)
            return
        try:
            groups = row_groups(stream, stream.size())
        except ValueError:
            # An encrypted footer, which the dataset has the keys of.
            return
        refuse_second_parquet(fragment.path, stream, stream.size(), groups)


@contextmanager
def _verifying(fragment: Any) -> Iterator[None]:
    """Have the dataset verify the checksums of Parquet's pages meanwhile.

    The caller's own options are changed and put back: a copy of them lacks the keys of encrypted files (pyarrow 26).
    """
    if not is_a(fragment, "pyarrow.dataset", "ParquetFileFragment"):
        yield
        return
    options = fragment.format.default_fragment_scan_options
    before = options.page_checksum_verification
    options.page_checksum_verification = True
    try:
        yield
    finally:
        options.page_checksum_verification = before


def _columns_of_int96(fragment: Any) -> frozenset[str]:
    if not is_a(fragment, "pyarrow.dataset", "ParquetFileFragment"):
        return frozenset()
    return columns_of_int96(fragment.metadata.schema, fragment.physical_schema)


def _not_wrapped(fragment: Any, batches: Iterable[pa.RecordBatch], names: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the batches after checking that no int96 has wrapped. Raises UnreadableFile (UNHELD)."""
    dataset: Any = sys.modules["pyarrow.dataset"]
    options = dataset.ParquetReadOptions(coerce_int96_timestamp_unit="s")
    groups = [group.id for group in fragment.row_groups]
    coarse = dataset.ParquetFileFormat(read_options=options).make_fragment(
        fragment.path, fragment.filesystem, row_groups=groups
    )
    ahead, behind = tee(batches)
    seconds = alongside(coarse.to_batches(columns=names), (batch.num_rows for batch in behind))
    for batch in ahead:
        try:
            refuse_wrapped(batch, next(seconds))
        except Unheld as error:
            message = f"{error}, as which the dataset reads int96: check the files themselves"
            raise UnreadableFile(fragment.path, "UNHELD", message) from None
        yield batch
