"""ListConsumers: sum up the counts of reads by identity, and put them in the order of their pages."""

import hashlib
from collections.abc import Iterable
from typing import Final

from semver import Version

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.store.base import ReadCount

KINDS: Final = ("observed", "others", "unassigned")
"""In the order of a list."""

PLACE_BYTES: Final = 200
"""Bytes of a name by which it is ordered, and found again by a page token: a token may have 1,024 characters."""


def merged(stored: Iterable[ReadCount], own: Iterable[ReadCount]) -> list[ReadCount]:
    """Join stored counts and those of this process; of a count that is in both, the greater is the newer."""
    newest: dict[tuple[str, ...], ReadCount] = {}
    for each in (*stored, *own):
        key = (each.day, each.writer, each.id, each.identity, each.version)
        if key not in newest or newest[key].reads < each.reads:
            newest[key] = each
    return list(newest.values())


def summed(stored: Iterable[ReadCount], own: Iterable[ReadCount]) -> list[pb.ObservedConsumer]:
    """Sum the counts of one schema, and those of none, by identity, in the order of `place`; arguments as `merged`."""
    found: dict[tuple[str, str], list[ReadCount]] = {}
    for each in merged(stored, own):
        kind = "observed" if each.identity else "others" if each.id else "unassigned"
        found.setdefault((kind, each.identity), []).append(each)
    consumers = (_consumer(kind, identity, reads) for (kind, identity), reads in found.items())
    return sorted(consumers, key=place)


def place(consumer: pb.ObservedConsumer) -> str:
    """The text by which a consumer is ordered: kind, then the name, of which a hash stands for what is too long."""
    name = consumer.identity.encode()
    start = name[:PLACE_BYTES].decode(errors="ignore")
    rest = hashlib.sha256(name).hexdigest()[:16] if len(name) > PLACE_BYTES else ""
    return f"{KINDS.index(consumer.kind)}{start}{rest}"


def _consumer(kind: str, identity: str, counts: list[ReadCount]) -> pb.ObservedConsumer:
    days = [each.day for each in counts]
    return pb.ObservedConsumer(
        identity=identity,
        versions=sorted({each.version for each in counts if each.version}, key=Version.parse),
        reads=sum(each.reads for each in counts),
        first_seen=min(days),
        last_seen=max(days),
        kind=kind,
    )
