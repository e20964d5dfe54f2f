"""Where the rows of a load go: destination and quarantine, opened for its sources, discarded unless published."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pyarrow as pa

from schemaregistry.data.destination import Destination
from schemaregistry.data.overlap import refuse_overlap
from schemaregistry.data.quarantine import Quarantine
from schemaregistry.data.sources import Source


def open_destination(
    stack: ExitStack, sources: Sequence[Source], destination: Callable[[pa.Schema], Destination], schema: pa.Schema
) -> Destination:
    """Open a destination for rows of a schema; raises InvalidArgument (DESTINATION_IN_SOURCE)."""
    into = destination(schema)
    stack.callback(into.discard)
    refuse_overlap(sources, {"destination": getattr(into, "place", None)})
    return into


def open_quarantine(stack: ExitStack, sources: Sequence[Source], quarantine: Callable[[], Quarantine]) -> Quarantine:
    """Open a quarantine; raises as `open_destination` does."""
    aside = quarantine()
    stack.callback(aside.discard)
    refuse_overlap(sources, {"quarantine": aside.place})
    return aside
