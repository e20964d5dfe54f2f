"""The gate: rows judged and handed on in one pass, to be seen only once all of them are judged. Sends no alert."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

import pyarrow as pa

from schemaregistry.data.check import Progress
from schemaregistry.data.destination import Destination
from schemaregistry.data.ends import open_destination, open_quarantine
from schemaregistry.data.plan import Plan
from schemaregistry.data.policies import GoingOn, Halting, Loaded, Policy, SettingAside
from schemaregistry.data.sources import Source
from schemaregistry.v1 import contract_pb2


def load(  # noqa: PLR0913
    sources: Sequence[Source],
    contract: contract_pb2.Contract,
    destination: Callable[[pa.Schema], Destination],
    *,
    policy: Policy = "halt",
    revision: int | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Judge files and hand their rows on, in the contract's types and order.

    By default only if every row conforms. Where `policy` gives a quarantine, rows that don't conform are set aside in
    it; with `warn` they go on too, but for those that the contract's types can't hold. Of data that can't be judged to
    their end nothing is handed on, whatever the policy.

    What is handed on is what was judged: each row is read once. Raises as `check` does, what `destination` and the
    quarantine raise, and InvalidArgument (DESTINATION_IN_SOURCE) where the next load would read what this one writes.
    """
    plan = Plan.of(contract)
    with ExitStack() as stack:
        into = open_destination(stack, sources, destination, plan.schema)
        if policy == "halt":
            return Halting(plan, revision, progress, into).load(sources)
        if policy == "warn":
            return GoingOn(plan, revision, progress, into).load(sources)
        aside = open_quarantine(stack, sources, policy)
        return SettingAside(replace(plan, whole_rows=True), revision, progress, into, aside).load(sources)


__all__ = ["Loaded", "Policy", "load"]
