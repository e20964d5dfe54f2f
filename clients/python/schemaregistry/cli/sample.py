"""`schemaregistry sample`: write a file of made-up rows that conform to a contract, or break one kind of rule."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import InvalidArgument
from schemaregistry.output_files import regular_target
from schemaregistry.terminal import printable

if TYPE_CHECKING:
    from schemaregistry.sampling import Sampled
    from schemaregistry.v1 import contract_pb2


@with_groups
def sample(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="What the rows conform to.")],
    rows: Annotated[int, typer.Option("--rows", metavar="N", help="How many rows.")] = 1_000,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where they go: .parquet, .arrow, .csv, .tsv or .ndjson."),
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(
            "--fault", metavar="KIND[:COLUMN]", help="Break a rule of this kind in some rows; `list` says which can be."
        ),
    ] = None,
    fault_rows: Annotated[int, typer.Option("--fault-rows", metavar="N", help="How many rows have the fault.")] = 12,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same number gives the same rows.")] = 7,
    format: Annotated[
        str | None, typer.Option("--format", help="The file's format, where its name doesn't tell it.")
    ] = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Write made-up rows that conform to a contract, in the format of the file's name.

    Rows honour types, limits, enums, patterns, formats, required columns and conditions; timestamps grow from row to
    row. The file is checked by the gate before it gets its name: where no rows are found that conform, nothing is
    written and the exit code is 3. With --fault a dozen rows, or a whole column, break one kind of rule.
    """
    from schemaregistry.sampling import Wanted, sample

    if fault != "list" and output is None:
        raise InvalidArgument("sample writes a file: name it with -o, as in -o ticks.parquet", reason="NO_OUTPUT")
    contract = pull(schema, connection).contract
    if output is None or fault == "list":
        _list_faults(contract, seed)
        return
    made = sample(contract, output, Wanted(rows, fault, fault_rows, seed, format))
    say(
        printable(
            f"{output}: {_rows(made.rows)} of {contract.id} {contract.version}, {made.bytes:,} bytes{_fault(made)}"
        ),
        # What goes through a pipe, often stdout, is rows alone.
        err=regular_target(output) is None,
    )


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _fault(made: "Sampled") -> str:
    if made.fault is None:
        return ""
    column = f" {made.fault.maker.place.name}" if made.fault.maker else ""
    return f", with the fault {made.fault.name}{column} in {_rows(len(made.faulty))}" if made.faulty else ", cut off"


def _list_faults(contract: "contract_pb2.Contract", seed: int) -> None:
    """Print a line for each kind of fault that the contract's rules allow for, with the columns that can have it."""
    from schemaregistry.data.engine.plan import Plan
    from schemaregistry.sampling import KINDS, possible
    from schemaregistry.sampling.columns import column_makers

    plan = Plan.of(contract)
    for name, found in possible(plan, column_makers(plan, seed)).items():
        kind = KINDS[name]
        columns = "" if kind.change is None or name == "extra" else ": " + ", ".join(str(n.place.name) for n in found)
        say(printable(f"{name:10} {kind.says}{columns}"))
