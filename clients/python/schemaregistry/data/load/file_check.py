"""Check files by a contract: one pass over each, batch by batch, into one report."""

from collections.abc import Mapping, Sequence

from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.load.pipeline import OnProgress, Pipeline
from schemaregistry.data.load.sinks import ReportSink
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.report import Report
from schemaregistry.v1 import contract_pb2


def check(
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    *,
    aliases: Mapping[str, Sequence[str]] | None = None,
    revision: int | None = None,
    progress: OnProgress | None = None,
) -> Report:
    """Check files by a contract, in bounded memory whatever their size.

    `aliases` are former names of the contract's columns, for notes. `revision` is the registry's revision of the
    contract, for the report. `progress` is called with the bytes read so far, of all files.

    Raises InvalidArgument (UNKNOWN_PLAN, BAD_CONTRACT) for a contract that can't be read here. Faults of the data are
    in the report.
    """
    pipeline = Pipeline(
        Plan.of(contract), ReportSink(), aliases=aliases, revision=revision, progress=progress, proving=True
    )
    return pipeline.run(sources)
