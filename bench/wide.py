"""Measure checks of wide files, and of many small ones: `python -m bench.wide`.

Figures are seconds of CPU time of all threads for a whole check, from disk to verdict, without compiling the contract.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

_ROWS: Final = 10
_COLUMNS: Final = (1_000, 5_000, 10_000)
_FILES: Final = (200, 2_000)
_MISNAMED: Final = 20
"""Records in the file whose members all have wrong names."""
_NAMES: Final = (500, 1_000, 2_000)


def contract_of(columns: int) -> Contract:
    """A contract of `columns` required columns of numbers from 0, and no other column."""
    names = [f"c{index}" for index in range(columns)]
    document = {
        "$id": "wide_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: {"type": "number", "minimum": 0} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    return compile_contract(parse(json.dumps(document).encode()))


def write(folder: Path, columns: int) -> list[Path]:
    """Write the same rows in each format; return the files."""
    table = pa.table({f"c{index}": pa.array(range(_ROWS), pa.float64()) for index in range(columns)})
    files = [folder / f"{columns}.{kind}" for kind in ("parquet", "arrow", "csv", "ndjson")]
    pq.write_table(table, files[0])
    with pa.ipc.new_file(str(files[1]), table.schema) as writer:
        writer.write_table(table)
    pcsv.write_csv(table, files[2])
    files[3].write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return files


def write_misnamed(file: Path, names: int) -> None:
    """Write records whose members all have wrong names."""
    record = {f"x{index}": 1 for index in range(names)}
    file.write_text((json.dumps(record) + "\n") * _MISNAMED)


def contract_of_names() -> Contract:
    """A contract of `propertyNames` alone, a keyword that is judged record by record."""
    document = {"$id": "names_v1", "version": "1.0.0", "type": "object", "propertyNames": {"pattern": "^c"}}
    return compile_contract(parse(json.dumps(document | {"properties": {"c0": {"type": "number"}}}).encode()))


def seconds(files: list[str], contract: Contract, verdict: str = "conforms") -> float:
    """Seconds of CPU time of a check, the best of three."""
    spent = []
    for _ in range(3):
        before = time.process_time()
        assert check(find(files), contract).verdict == verdict
        spent.append(time.process_time() - before)
    return min(spent)


def main() -> None:
    """Print the seconds."""
    with tempfile.TemporaryDirectory() as made:
        for columns in _COLUMNS:
            contract = contract_of(columns)
            for file in write(Path(made), columns):
                print(f"{columns:,} columns, {file.suffix}: {seconds([str(file)], contract):.2f} s")
        file = Path(made) / "misnamed.ndjson"
        for names in _NAMES:
            write_misnamed(file, names)
            for name, contract in (("required", contract_of(names)), ("propertyNames", contract_of_names())):
                spent = seconds([str(file)], contract, "violates")
                print(f"{_MISNAMED} records of {names:,} wrong names, {name}: {spent:.2f} s")
        contract = contract_of(10)
        for count in _FILES:
            folder = Path(made) / str(count)
            folder.mkdir()
            for index in range(count):
                write(folder, 10)[0].rename(folder / f"{index}.parquet")
            spent = seconds([str(folder / "*.parquet")], contract)
            print(f"{count:,} files of Parquet: {spent:.2f} s, {spent / count * 1000:.1f} ms a file")


if __name__ == "__main__":
    main()
