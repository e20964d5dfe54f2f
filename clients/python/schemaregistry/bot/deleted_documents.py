"""Find the versions of documents that a branch had and deleted: they were published, and keep their numbers."""

from collections.abc import Mapping
from functools import cached_property

from schemaregistry.bot.revisions import ChangedRevisions, SchemaFile, earlier_versions, require_history, stated
from schemaregistry.git import Repository


class VersionsInGit:
    """Gives the versions that git has of a document up to the base of a change."""

    def __init__(self, repository: Repository, change: ChangedRevisions, folder: str) -> None:
        self._repository = repository
        self._change = change
        self._folder = folder

    def __call__(self, file: SchemaFile) -> Mapping[str, bytes]:
        """Return the versions of a file of the base or, where that has none with its id, of one that was deleted.

        Raises NoHistory (HISTORY_CUT) where this clone lacks a part of the history.
        """
        if any(file.id in side.by_id() for side in (self._change.base, self._change.fork)):
            return earlier_versions(self._repository, file, self._change.base.commit)
        require_history(self._repository)
        found = self._deleted.get(file.id)
        return earlier_versions(self._repository, *found) if found else {}

    @cached_property
    def _deleted(self) -> dict[str, tuple[SchemaFile, str]]:
        """The documents that were deleted, as they were last, and the commits that had them: id → file, commit."""
        entries = [
            each
            for each in self._repository.deleted(self._change.base.commit, self._folder)
            if each.path.endswith(".json")
        ]
        found: dict[str, tuple[SchemaFile, str]] = {}
        for entry, raw in zip(entries, self._repository.blobs([each.blob for each in entries]), strict=True):
            id, version = stated(raw or b"")
            if raw is not None and id:
                found.setdefault(id, (SchemaFile(entry.path, entry.blob, raw, id, version), entry.commit))
        return found
