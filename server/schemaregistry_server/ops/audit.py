"""The commands `schemaregistry audit`: prove that nothing in an audit was changed, print it, and keep its heads.

`store/store_history.py` proves a store's history, `audit_log/log_order.py` that of logs.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from schemaregistry import output_files
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import FailedPrecondition, InvalidArgument, RegistryError
from schemaregistry.plural import counted
from schemaregistry_server.audit_log import log_order
from schemaregistry_server.audit_log.event_lines import ChainEnd
from schemaregistry_server.audit_log.log_check import CheckedLog
from schemaregistry_server.audit_log.log_order import LogChain, Removed
from schemaregistry_server.ops import audit_export, audit_head, head_signing, snapshot_file
from schemaregistry_server.ops.audit_head import AuditHead, ChainHead
from schemaregistry_server.ops.head_signing import HeadSigner
from schemaregistry_server.ops.store_errors import ending_with_code
from schemaregistry_server.ops.store_locator import AsJsonLine, StoreLocator, tell
from schemaregistry_server.store import audit_chain, store_history
from schemaregistry_server.store.base import AuditRecord
from schemaregistry_server.store.store_history import History

SHORTEST_SECONDS: Final = 1.0

app = typer.Typer(
    help="Prove that an audit is as it was written, print it, and keep its heads. docs/audit.md says what it has.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Logs = Annotated[
    list[Path] | None,
    typer.Option("--log", metavar="FILE", help="An audit log in place of a store; older files first. Repeatable."),
]

OlderRemoved = Annotated[
    bool,
    typer.Option(
        "--older-removed", help="Files older than the first --log were removed: its records may begin at any number."
    ),
]


@app.command("verify")
@with_groups
def verify(  # noqa: PLR0913 (the options of a command)
    snapshot: Annotated[Path | None, typer.Option(metavar="FILE", help="A snapshot that was taken before.")] = None,
    head: Annotated[Path | None, typer.Option(metavar="FILE", help="A head that `audit head` wrote before.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="The public key that HEAD is signed by.")] = None,
    log: Logs = None,
    older_removed: OlderRemoved = False,
    *,
    place: StoreLocator,
    as_json: AsJsonLine = False,
) -> None:
    """Prove that every audit record follows the one before it, and that each version is what its record says.

    Whoever can write to the store could make a whole new chain, or cut off its end: with --snapshot or --head it is
    also proved that all that was there then is there still, and unchanged.

    Files of a log are named in the order in which they were written, and are to begin with record 1, or after the last
    record that HEAD has; without such a head, --older-removed lets them begin anywhere.

    Exit codes: 0 as it was written, 1 changed, 2 there is no such store or file, 3 could not tell (a file is cut off).
    With --json what is wrong is a line of JSON, too.
    """
    with ending_with_code(as_json=as_json):
        if key and not head:
            raise InvalidArgument("--key is the one of a head: name that by --head FILE.", reason="HEAD_MISSING")
        _check_options(log, snapshot, older_removed=older_removed)
        kept = audit_head.read(head) if head else None
        if log:
            words, answer = _verified_logs(log, kept, older_removed=older_removed)
        else:
            words, answer = _verified_store(place, snapshot, kept)
        if kept:
            signature = head_signing.signature(kept, key)
            words = f"{words} All of the head of {kept.made_at} is there, {signature[0]}."
            answer = {**answer, "head": {"made_at": kept.made_at, "digest": kept.digest, **signature[1]}}
    tell(words, answer, as_json=as_json)


@app.command("export")
@with_groups
def export(
    since: Annotated[
        str, typer.Option(metavar="REVISION|TIME", help="From this revision, or this time (RFC 3339), on.")
    ] = "0",
    log: Logs = None,
    older_removed: OlderRemoved = False,
    *,
    place: StoreLocator,
    as_json: AsJsonLine = False,
) -> None:
    """Print each audit record as a line of JSON, then prove the whole audit as `audit verify` does.

    Exit codes: as those of `audit verify`; what is there is printed even where it was changed.
    """
    with ending_with_code(as_json=as_json):
        _check_options(log, older_removed=older_removed)
        begin = audit_export.read_since(since)
        for path in log or ():
            for line in audit_export.of_log(path, begin):
                say(line)
        if log:
            log_order.check_all(log, Removed(older_removed))
            return
        records, wrong = uvloop.run(_records(place))
        for line in audit_export.of_store(records, begin):
            say(line)
        if wrong:
            raise wrong
        audit_chain.verify(records)


@app.command("head")
@with_groups
def head(  # noqa: PLR0913 (as above)
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write it to a new file there.")
    ] = None,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Go on, with a new head after so many seconds.")
    ] = 0,
    log: Logs = None,
    older_removed: OlderRemoved = False,
    *,
    signer: HeadSigner,
    place: StoreLocator,
    as_json: AsJsonLine = False,
) -> None:
    """Print the audit's heads, the last record of each chain, once all of it is proved; signed, if a signer is named.

    Kept where those who can write to the store can't, a head shows later that the end of a chain was cut off:
    `audit verify --head FILE --key PEM`.

    Exit codes: as those of `audit verify`. With --every an error is printed, and tried again the next time.
    """
    with ending_with_code(as_json=as_json):
        if every and not output:
            raise InvalidArgument("--every writes a file each time: name a directory by -o.", reason="OUTPUT_MISSING")
        if not isfinite(every):
            raise InvalidArgument("--every takes a number of seconds.", reason="BAD_SECONDS")
        _check_options(log, older_removed=older_removed)
        while True:
            try:
                made = signer.signed(_head_of_logs(log, Removed(older_removed)) if log else _head_of_store(place))
                say(str(_written(output, made)) if output else made.text)
            except RegistryError as error:
                if not every:
                    raise
                say(f"schemaregistry: {error.message}", err=True)
            if not every:
                return
            time.sleep(max(every, SHORTEST_SECONDS))


def _check_options(log: list[Path] | None, snapshot: Path | None = None, *, older_removed: bool) -> None:
    """Refuse options that would be left out in silence."""
    if older_removed and not log:
        raise InvalidArgument("--older-removed is about files of a log: name those by --log.", reason="LOG_MISSING")
    if snapshot and log:
        raise InvalidArgument("A snapshot is of a store: --snapshot or --log.", reason="SNAPSHOT_OF_LOG")


def _verified_store(
    place: StoreLocator, snapshot: Path | None, kept: AuditHead | None
) -> tuple[str, Mapping[str, object]]:
    """Verify the store, and compare it with a snapshot and a head where they are named."""
    if kept and kept.kind != place.kind:
        raise FailedPrecondition(f"The head is of {kept.kind}, the store is in {place.kind}.", reason="HEAD_OTHER")
    stored = uvloop.run(place.history())
    if snapshot:
        same_chain = snapshot_file.check(snapshot).header.store == place.kind
        store_history.require(stored, snapshot_file.read(snapshot), same_chain=same_chain)
    if kept:
        hashes: dict[str, dict[int, str]] = defaultdict(dict)
        for record in _of(stored):
            hashes[record.chain][record.sequence] = record.hash
        audit_head.require(kept, lambda one: hashes[one.chain])
    words = f"{counted(len(stored.writes), 'audit record')} up to revision {stored.revision}: all as they were written."
    return words, {"records": len(stored.writes), "revision": stored.revision}


def _verified_logs(
    paths: list[Path], kept: AuditHead | None, *, older_removed: bool
) -> tuple[str, Mapping[str, object]]:
    if kept and kept.kind != "log":
        raise FailedPrecondition(f"The head is of {kept.kind}, and not of logs.", reason="HEAD_OTHER")
    ends = {ChainEnd(one.sequence, one.hash) for one in kept.chains} if kept else ()
    checked = log_order.check_all(paths, Removed(older_removed, ends))
    if kept:
        chains = [log_order.read_chain(logs) for logs in log_order.by_chain(checked)]
        audit_head.require(kept, lambda one: _hashes(one, chains))
    found = [_about(log, checked[:number]) for number, log in enumerate(checked)]
    return " ".join(words for words, _ in found), {"logs": [answer for _, answer in found]}


def _about(log: CheckedLog, before: list[CheckedLog]) -> tuple[str, Mapping[str, object]]:
    """What was found in a file, after those `before` it."""
    numbers = f"{log.before.sequence + 1} to {log.end.sequence}"
    words = f"{log.path}: {counted(log.records, 'record')}, {numbers}: as they were written."
    first = not any(other.records for other in before)
    if not log.records:
        words = f"{log.path}: no records."
    elif first and log.before.sequence:
        words += f" Those up to {log.before.sequence} were in older files, which were not looked at."
    elif log_order.begins_chain(log) and not first:
        words += " It begins a chain of its own."
    if log.cut_off:
        lines = ", ".join(map(str, log.cut_off))
        words += f" Cut off by a crash, as the records after them say: line {lines}."
    if log.lost:
        words += f" {log.lost} events were lost, since the disk did not take them."
    answer = {
        "file": str(log.path),
        "records": log.records,
        "begins_after": log.before.sequence,
        "sequence": log.end.sequence,
        "hash": log.end.hash,
        "cut_off_lines": list(log.cut_off),
        "lost": log.lost,
    }
    return words, answer


def _hashes(one: ChainHead, chains: list[LogChain]) -> Mapping[int, str]:
    """The records of the chain that a head is about: the one that has its record, since files may have been renamed.

    Where none has it, it is the one whose file has that name, or the only one.
    """
    for chain in chains:
        if chain.hashes.get(one.sequence) == one.hash:
            return chain.hashes
    named = [chain for chain in chains if one.chain in chain.names]
    if named:
        return named[-1].hashes
    return chains[0].hashes if len(chains) == 1 else {}


def _head_of_store(place: StoreLocator) -> AuditHead:
    stored = uvloop.run(place.history())
    return audit_head.of_records(place.kind, stored.revision, _of(stored), datetime.now(UTC))


def _head_of_logs(paths: list[Path], removed: Removed) -> AuditHead:
    checked = log_order.check_all(paths, removed)
    chains = [[log for log in logs if log.records] for logs in log_order.by_chain(checked)]
    ends = [[(log.path, log.end) for log in logs] for logs in chains if logs]
    return audit_head.of_logs(ends, datetime.now(UTC))


def _of(stored: History) -> list[AuditRecord]:
    return [write.record for write in stored.writes]


async def _records(place: StoreLocator) -> tuple[list[AuditRecord], RegistryError | None]:
    """The records that a store has, and what was wrong with others."""
    found: list[AuditRecord] = []
    try:
        async with place.reading() as store:
            await store.audit(found)
    except RegistryError as wrong:
        return found, wrong
    return found, None


def _written(directory: Path, made: AuditHead) -> Path:
    """Write a head to a file that is named by its time; raises InvalidArgument (OUTPUT_UNWRITABLE)."""
    name = made.made_at.replace(":", "").removesuffix("+0000")
    path = directory / f"head-{made.kind}-{name}Z.json"
    output_files.write(path, f"{made.text}\n".encode())
    return path
