"""Load files: check rows and write them to a destination in one pass, published only once all rows are checked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Literal, TypeAlias

import pyarrow as pa

from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.load.destinations import Destination
from schemaregistry.data.load.overlap import refuse_overlap
from schemaregistry.data.load.pipeline import OnProgress, Pipeline
from schemaregistry.data.load.quarantine import Quarantine
from schemaregistry.data.load.sinks import HaltSink, Loaded, Outlet, QuarantineSink, Sink, WarnSink
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.v1 import contract_pb2

Policy: TypeAlias = Literal["halt", "warn"] | Callable[[], Quarantine]
"""What happens to rows that don't conform.

`halt` loads nothing, `warn` loads all rows, and a function that opens a quarantine loads the rows that conform and
quarantines the others.
"""


def load(  # noqa: PLR0913
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    destination: Callable[[pa.Schema], Destination],
    *,
    policy: Policy = "halt",
    aliases: Mapping[str, Sequence[str]] | None = None,
    revision: int | None = None,
    progress: OnProgress | None = None,
) -> Loaded:
    """Check files and load their rows, in the contract's types and column order.

    By default nothing is loaded unless every row conforms. Where `policy` opens a quarantine, rows that don't conform
    go there; with `warn` they are loaded too, except for those that the contract's types can't hold. If a file can't be
    read to its end nothing is loaded, whatever the policy. Each row is read once, so that what is loaded is what was
    checked. `aliases`, `revision` and `progress` are as for `check`.

    Raises as `check` does, whatever `destination` and the quarantine raise, and InvalidArgument (DESTINATION_IN_SOURCE)
    where the next load would read what this one writes.
    """
    # The quarantine keeps whole rows, also columns that the contract lacks.
    plan = replace(Plan.of(contract), whole_rows=callable(policy))
    with opened_sink(sources, plan, destination, policy) as sink:
        return settled(Pipeline(plan, sink, aliases=aliases, revision=revision, progress=progress), sink, sources)


@contextmanager
def opened_sink(
    sources: Sequence[Source], plan: Plan, destination: Callable[[pa.Schema], Destination], policy: Policy
) -> Iterator[Sink]:
    """Open the sink of a policy; at the end, whatever isn't published is removed.

    Raises whatever `destination` and the quarantine raise, and InvalidArgument (DESTINATION_IN_SOURCE).
    """
    with ExitStack() as stack:
        into = destination(plan.schema)
        stack.callback(into.discard)
        # A destination of the caller's own may have no place.
        refuse_overlap(sources, {"destination": getattr(into, "place", None)})
        outlet = Outlet(plan, into)
        if policy == "halt":
            yield HaltSink(outlet)
        elif policy == "warn":
            yield WarnSink(outlet)
        else:
            aside = policy()
            stack.callback(aside.discard)
            refuse_overlap(sources, {"quarantine": aside.place})
            yield QuarantineSink(plan, outlet, aside)


def settled(pipeline: Pipeline, sink: Sink, sources: Sequence[Source]) -> Loaded:
    """Run all files through a pipeline and finish its sink; nothing is published if the report is undecided."""
    report = pipeline.run(sources)
    if report.verdict == "undecided":
        return Loaded(report, None)
    try:
        return sink.finish(report)
    except UnreadableFile as failed:
        return Loaded(pipeline.report(failed.fault), None)


__all__ = ["Loaded", "Policy", "load"]
