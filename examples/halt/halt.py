"""Halt on the first record that no longer conforms.

    python examples/halt/halt.py ID RECORDS.json

Judges an array of records by the latest version of a schema, and again by each version that is published, until one
refuses a record: exit code 1. The same program in other languages is in their clients' `examples`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from schemaregistry.client import Client
from schemaregistry.errors import RegistryError


def halt(registry: Client, schema: str, records: list[Any]) -> None:
    """Return once a record does not conform."""
    latest = registry.get(schema)
    say(f"fetched {schema} {latest.version}, {len(latest.raw)} bytes")
    if not conform(registry, schema, latest.version, records):
        return
    say("watching")
    with registry.watch(after_revision=latest.revision, ids=[schema]) as events:
        for event in events:
            if event.kind == "progress" or not event.is_latest:
                continue
            say(f"published {schema} {event.version}")
            if not conform(registry, schema, event.version, records):
                return


def conform(registry: Client, schema: str, version: str, records: list[Any]) -> bool:
    answer = registry.validate(schema, records, version)
    if answer.valid:
        say(f"the records conform to {schema} {version}")
        return True
    for wrong in answer.errors:
        say(f"record {wrong.index}: {wrong.pointer} breaks {wrong.rule}")
    say(f"halted: the records do not conform to {schema} {version}")
    return False


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: halt.py ID RECORDS.json", file=sys.stderr)
        return 2
    try:
        records = json.loads(Path(sys.argv[2]).read_bytes())
        with Client.from_environment() as registry:
            halt(registry, sys.argv[1], records)
    except (RegistryError, OSError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 3
    return 1


if __name__ == "__main__":
    sys.exit(main())
