"""Find versions that consumers and states name and nobody has, and files in their folders that nobody reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from semver import Version

from schemaregistry.bot.consumers import Consumer
from schemaregistry.bot.publication import versions_of
from schemaregistry.bot.review import Blocker, Published, ReviewNote
from schemaregistry.bot.revisions import SIDE_FOLDERS, ChangedRevisions, Revision, earlier_versions
from schemaregistry.bot.states import StatedState
from schemaregistry.compat.version_range import VersionRange
from schemaregistry.document import parse_version
from schemaregistry.document.message_text import shown
from schemaregistry.errors import InvalidArgument
from schemaregistry.git import NoHistory, Repository

_READ: Final = (".yaml", ".yml")
_LOOKED_AT: Final = (".json", ".jsonc", ".json5", ".yaml", ".yml")
_SIDES: Final = tuple((name,) for name in SIDE_FOLDERS)
_LISTED: Final = 5
"""Versions that a note lists."""


@dataclass(frozen=True, slots=True)
class UnknownVersions:
    """Looks versions up in a change's revisions, their history and, where `published` isn't None, the registry."""

    repository: Repository
    change: ChangedRevisions
    published: Published | None = None
    _found: dict[str, frozenset[Version] | None] = field(default_factory=dict)

    def in_ranges(self, consumers: Iterable[Consumer]) -> Iterator[ReviewNote]:
        """Yield a note for each range of a consumer that holds no version which a schema has or ever had."""
        for consumer in consumers:
            for each in consumer.reads:
                if not each.versions.parts or self._is_stated(each.id, each.versions):
                    continue
                known = self._known(each.id)
                if not known or any(map(each.versions.holds, known)):
                    continue
                # Only a registry can tell that there was no 1.x where git begins with 2.0.0.
                if self.published is not None or not _is_older_major(each.versions, min(known)):
                    last = ", ".join(map(str, sorted(known)[-_LISTED:]))
                    text = f"{each.id} has no version in the range {shown(each.versions.text)}; its latest: {last}."
                    yield ReviewNote(consumer.path, text)

    def in_states(self, states: Iterable[StatedState]) -> Iterator[Blocker | ReviewNote]:
        """Yield a blocker for each state of a version that neither the registry nor HEAD has; a note if it's unsure."""
        for each in states:
            if self.published is not None and each.version in self.published(each.id):
                continue
            to_publish = self._to_publish(each.id)
            if to_publish is not None and each.version in to_publish:
                continue
            name = f"{each.id} {each.version}"
            if self.published is not None and to_publish is not None:
                text = (
                    f"{each.path} states the state of {name}, which neither the registry nor git has: "
                    "`bot publish` can't set it. Mend the id or the version, or take it out."
                )
                yield Blocker(each.path, "BROKEN_STATE", text)
            else:
                gave_up = parse_version(each.version) in (self._known(each.id) or ())
                told = f"Git went back from {name}" if gave_up else f"Git has no {name}"
                text = f"{told}. Where the registry doesn't have it either, `bot publish` can't set its state."
                yield ReviewNote(each.path, text)

    def _is_stated(self, id: str, versions: VersionRange) -> bool:
        """Tell whether a version of the base or the head is in a range, which takes no look at the history."""
        stated = (file.version for side in self._sides for file in side.by_id().get(id, ()))
        return any(map(versions.holds, _parsed(stated)))

    def _known(self, id: str) -> frozenset[Version] | None:
        """Return every version of an id; None where this clone lacks a part of the history."""
        if id not in self._found:
            names = set(self.published(id)) if self.published is not None else set()
            try:
                for side in self._sides:
                    for file in side.by_id().get(id, ()):
                        names |= {file.version, *earlier_versions(self.repository, file, side.commit)}
                self._found[id] = frozenset(_parsed(names))
            except NoHistory:
                self._found[id] = None
        return self._found[id]

    def _to_publish(self, id: str) -> set[str] | None:
        """Return the versions that `bot publish` would publish of HEAD; None where this clone can't tell."""
        files = self.change.head.by_id().get(id, ())
        stated = {str(each) for each in _parsed(file.version for file in files)}
        try:
            earlier = {
                each.version for file in files for each in versions_of(self.repository, file, self.change.head.commit)
            }
        except NoHistory:
            return None
        return stated | earlier

    @property
    def _sides(self) -> tuple[Revision, Revision]:
        return self.change.base, self.change.head


def files_not_read(repository: Repository, commit: str, folders: Iterable[str]) -> Iterator[ReviewNote]:
    """Yield a note for each file of folders that is no YAML; Markdown and hidden files are left out."""
    for folder in folders:
        for path in repository.files(commit, folder)[0]:
            name = PurePosixPath(path).name
            if not name.endswith((*_READ, ".md")) and not name.startswith("."):
                yield ReviewNote(path, f"It isn't read: {folder} takes files that end in .yaml or .yml.")


def documents_not_read(repository: Repository, commit: str, folder: str) -> Iterator[ReviewNote]:
    """Yield a note for each file of the schemas' folder that looks like JSON or YAML and is read as neither."""
    for path in repository.files(commit, folder)[0]:
        above = PurePosixPath(path).relative_to(folder or ".").parts[:-1]
        if PurePosixPath(path).suffix.lower() not in _LOOKED_AT or path.endswith(".json") or above[:1] in _SIDES:
            continue
        text = f"It isn't read: documents end in .json, consumers and states are in {folder}/{{consumers,states}}."
        yield ReviewNote(path, text)


def _is_older_major(versions: VersionRange, first: Version) -> bool:
    """Tell whether a range has a part between 1.0.0 and the major version of the first one that is known."""
    low = max(low for low, _ in versions.parts)
    high = min([Version(first.major), *(high for _, high in versions.parts if high is not None)])
    return low < high and high > Version(1)


def _parsed(names: Iterable[str]) -> Iterator[Version]:
    for name in names:
        try:
            yield parse_version(name.removeprefix("v"))
        except InvalidArgument:
            continue  # reported as a broken document, where the change touches it
