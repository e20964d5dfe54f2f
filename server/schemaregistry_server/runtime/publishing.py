"""Publish a directory of documents when a dev server starts (`serve --dev --publish DIR`), old versions first.

`rpc/registration.py` has the rules of registering, `schemaregistry.cli.git_history` a file's older versions.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from google.api.httpbody_pb2 import HttpBody

from schemaregistry.cli import git_history
from schemaregistry.cli.publish_order import lowest_first
from schemaregistry.document import Document, parse
from schemaregistry.errors import FailedPrecondition, RegistryError, with_place
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc.service import Identity, Registry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One version of one file; `current` where it is the file on the disk, and not an older commit of it."""

    path: Path
    document: Document
    current: bool


def read(directory: Path) -> list[PublishedFile]:
    """Read every version of every `*.json` in `directory`, with those of git's history; the lowest of an id come first.

    Raises FailedPrecondition naming the file and the place where a file is broken (or NO_SUCH_DIRECTORY). A broken
    version in the history can't be mended any more: it is logged and skipped.
    """
    if not directory.is_dir():
        raise FailedPrecondition(f"{directory} is not a directory of schema documents.", reason="NO_SUCH_DIRECTORY")
    if shutil.which("git") is None:
        log.warning(
            "git is not installed: of %s only the files on the disk are published, no older versions", directory
        )
    sources = (source for path in sorted(directory.glob("*.json")) for source in _versions(path))
    return lowest_first(sources, lambda source: (source.document.id, source.document.version))


def _versions(path: Path) -> Iterator[PublishedFile]:
    current = path.read_bytes()
    try:
        document = parse(current)
    except RegistryError as error:
        raise _naming(path, error) from error
    for committed in git_history.versions(path):
        if committed.raw != current:
            try:
                yield PublishedFile(path, parse(committed.raw), current=False)
            except RegistryError as error:
                log.warning("%s at %s is passed over: %s", path, committed.commit[:12], error.message)
    yield PublishedFile(path, document, current=True)


async def publish(
    registry: Registry, sources: Iterable[PublishedFile], who: Identity
) -> list[pb.RegisterSchemaResponse]:
    """Register each source for the identity `who`; versions that are registered already stay as they are.

    Raises FailedPrecondition, naming the file, where a file on the disk is refused. A refused version of the history is
    logged and skipped.
    """
    published = []
    for source in sources:
        document = source.document
        request = pb.RegisterSchemaRequest(id=document.id, document=HttpBody(data=document.raw))
        try:
            reply = await registry.RegisterSchema(request, who)
        except RegistryError as error:
            if source.current:
                raise _naming(source.path, error) from error
            log.warning("%s %s of git's history is passed over: %s", source.path, document.version, error.message)
        else:
            assert isinstance(reply.message, pb.RegisterSchemaResponse)
            published.append(reply.message)
    return published


def _naming(path: Path, error: RegistryError) -> FailedPrecondition:
    """The same error with the file and the place in it added to its message."""
    message = with_place(error.message, error.pointer)
    return FailedPrecondition(f"{path}: {message}", reason=error.reason, pointer=error.pointer)
