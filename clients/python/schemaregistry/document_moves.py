"""Follow a document through git's history, across moves that git's own likeness of contents doesn't find.

`git log --follow` takes a file that was moved and edited by more than half for a new one. A document is told by its
`$id`, which `is_same` looks for.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from schemaregistry.git import FileAtCommit, Repository

IsSame: TypeAlias = Callable[[bytes], bool]
"""Tells whether a file's content is a version of the document that is followed."""


def document_log(
    repository: Repository, path: str, commit: str | None, is_same: IsSame
) -> Iterator[tuple[FileAtCommit, bytes | None]]:
    """Yield the commits up to `commit` (or HEAD) that changed a document, newest first, with its content there.

    The content is None where this clone lacks it; contents of other documents, from which the file was copied, are left
    out. Raises NoHistory as `Repository.log`.
    """
    followed: tuple[Repository, str, str | None] | None = (repository, path, commit)
    while followed is not None:
        here, at, tip = followed
        entries = here.log(at, tip)
        found = [
            (entry, raw)
            for entry, raw in zip(entries, here.blobs([each.blob for each in entries]), strict=True)
            if raw is None or is_same(raw)
        ]
        yield from found
        followed = _before(repository, found[-1][0], is_same) if found else None


def _before(repository: Repository, first: FileAtCommit, is_same: IsSame) -> tuple[Repository, str, str] | None:
    """Return where the document was until the first commit that its path is known at; None where it began there."""
    others = [each for each in repository.replaced(first.commit) if each.path != first.path]
    for each, raw in zip(others, repository.blobs([each.blob for each in others]), strict=True):
        if each.path.endswith(".json") and raw is not None and is_same(raw):
            return Repository.around(repository.directory), each.path, each.commit
    return None
