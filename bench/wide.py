"""What checks of wide files and of many small ones cost: `python -m bench.wide`.

Seconds of CPU of all threads, of a whole check from disk to verdict; the contract is compiled before.
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
"""Records."""
_NAMES: Final = (500, 1_000, 2_000)


def contract_of(columns: int) -> Contract:
    """Numbers from 0, all required, and no other column."""
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
    """The same rows in each format."""
    table = pa.table({f"c{index}": pa.array(range(_ROWS), pa.float64()) for index in range(columns)})
    files = [folder / f"{columns}.{kind}" for kind in ("parquet", "arrow", "csv", "ndjson")]
    pq.write_table(table, files[0])
    with pa.ipc.new_file(str(files[1]), table.schema) as writer:
        writer.write_table(table)
    pcsv.write_csv(table, files[2])
    files[3].write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return files


def write_misnamed(file: Path, names: int) -> None:
    """Records none of whose members has a name that it should."""
    record = {f"x{index}": 1 for index in range(names)}
    file.write_text((json.dumps(record) + "\n") * _MISNAMED)


def contract_of_names() -> Contract:
    """Names alone, which records are judged for one by one."""
    document = {"$id": "names_v1", "version": "1.0.0", "type": "object", "propertyNames": {"pattern": "^c"}}
    return compile_contract(parse(json.dumps(document | {"properties": {"c0": {"type": "number"}}}).encode()))


def seconds(files: list[str], contract: Contract, verdict: str = "conforms") -> float:
    """The best of three checks."""
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
