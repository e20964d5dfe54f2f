"""The gate: rows evaluated and handed on in one pass, to be seen only once all of them are evaluated."""

from collections.abc import Callable, Iterator, Sequence
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
"""What becomes of data some of which don't conform: nothing is handed on; all rows are; those that conform are, and the
others set aside in the quarantine."""


def load(  # noqa: PLR0913
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    destination: Callable[[pa.Schema], Destination],
    *,
    policy: Policy = "halt",
    revision: int | None = None,
    progress: OnProgress | None = None,
) -> Loaded:
    """Judge files and hand their rows on, in the contract's types and order.

    By default only if every row conforms. Where `policy` gives a quarantine, rows that don't conform are set aside in
    it; with `warn` they go on too, but for those that the contract's types can't hold. Of data that can't be judged to
    their end nothing is handed on, whatever the policy.

    What is handed on is what was judged: each row is read once. Raises as `check` does, what `destination` and the
    quarantine raise, and InvalidArgument (DESTINATION_IN_SOURCE) where the next load would read what this one writes.
    """
    plan = replace(Plan.of(contract), whole_rows=callable(policy))
    with opened_sink(sources, plan, destination, policy) as sink:
        return settled(Pipeline(plan, sink, revision=revision, progress=progress), sink, sources)


@contextmanager
def opened_sink(
    sources: Sequence[Source], plan: Plan, destination: Callable[[pa.Schema], Destination], policy: Policy
) -> Iterator[Sink]:
    """The sink of a policy; what isn't published at the end is removed.

    Raises what `destination` and the quarantine raise, and InvalidArgument (DESTINATION_IN_SOURCE).
    """
    with ExitStack() as stack:
        into = destination(plan.schema)
        stack.callback(into.discard)
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
    """Let all files through and settle what becomes of their rows: none is seen of data that are undecided."""
    report = pipeline.run(sources)
    if report.verdict == "undecided":
        return Loaded(report, None)
    try:
        return sink.finish(report)
    except UnreadableFile as failed:
        return Loaded(pipeline.report(failed.fault), None)


__all__ = ["Loaded", "Policy", "load"]
