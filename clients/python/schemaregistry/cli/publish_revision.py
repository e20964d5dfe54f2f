"""Publish the documents of a git revision, for `schemaregistry bot publish`; `bot.py` has its options."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemaregistry.bot.publication import origin_of, versions_of
from schemaregistry.bot.revisions import Revision, SchemaFile, VersionInHistory, stated_fingerprint
from schemaregistry.cli.publish_outcome import (
    Delivery,
    PublishOutcome,
    deliver,
    listed_versions,
    passed_over,
    registration,
)
from schemaregistry.git import Repository

if TYPE_CHECKING:
    from schemaregistry.client import Client
    from schemaregistry.v1.registry_pb2 import SchemaVersion


@dataclass(frozen=True, slots=True)
class RevisionPublisher:
    """Publishes what one revision of `git` has and the registry hasn't.

    `repository` and `pull_request` are kept with each version; without the latter it is read from the merge that
    brought the version. `rehearsal` takes the place of registration for `--dry-run`.
    """

    git: Repository
    revision: Revision
    client: "Client"
    repository: str = ""
    pull_request: str = ""
    rehearsal: Delivery | None = None

    def outcomes(self) -> Iterator[tuple[SchemaFile, PublishOutcome]]:
        """Yield the outcome of each version of each file, oldest version first; raises RegistryError, NoHistory."""
        by_id = self.revision.by_id()
        for file in self.revision.files:
            files = by_id.get(file.id, [])
            if len(files) > 1:
                message = f"{' and '.join(each.path for each in files)} state one `$id`: leave it to one of them"
                yield file, PublishOutcome("refused", file.id, file.version, message=message, refused=True)
            elif file.id and file.version:
                yield from ((file, outcome) for outcome in self._of_file(file))
            else:
                yield file, deliver(file.raw, self.rehearsal or registration(self.client))

    def _of_file(self, file: SchemaFile) -> Iterator[PublishOutcome]:
        there = listed_versions(self.client, file.id)
        *earlier, last = versions_of(self.git, file, self.revision.commit)
        for each in earlier:
            yield passed_over(self._publish(file, each, there))
        yield self._publish(file, last, there)

    def _publish(
        self, file: SchemaFile, version: VersionInHistory, there: Mapping[str, "SchemaVersion"]
    ) -> PublishOutcome:
        found = there.get(version.version)
        if found is not None and found.fingerprint == stated_fingerprint(version.raw):
            return PublishOutcome("already there", file.id, version.version, found.revision)
        if self.rehearsal is not None:
            return deliver(version.raw, self.rehearsal)
        origin = origin_of(self.git, version, self.revision, self.repository, self.pull_request)
        return deliver(version.raw, registration(self.client, origin))
