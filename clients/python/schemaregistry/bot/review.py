"""Review a change of schema documents: what each change means, and what blocks it.

Nothing here reads git or the network: `revisions.py` reads git, the command reads the registry and the consumers, and a
judge, which may run in another process, gives the verdicts.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol, TypeAlias

from semver import Version

from schemaregistry.bot.revisions import ChangedRevisions, SchemaFile
from schemaregistry.compat import Verdict, line_history
from schemaregistry.compat.admission import RANK, bump, least_version, skipped_major, skips_major
from schemaregistry.compat.judged_history import precedence
from schemaregistry.compat.verdict import Bump
from schemaregistry.document import Document, Level, parse_version
from schemaregistry.document.json_places import TextPlace, places
from schemaregistry.errors import InvalidArgument, with_place

Status: TypeAlias = Literal["added", "changed", "renamed", "removed", "unchanged", "broken"]
Step: TypeAlias = Literal["major", "minor", "patch", "none", "lowered"]
"""How the stated version differs from the one before: `none` is the same version."""
Reason: TypeAlias = Literal[
    "BROKEN_DOCUMENT",
    "DUPLICATE_ID",
    "SCHEMA_REMOVED",
    "PUBLISHED_VERSION_EDITED",
    "VERSION_LOWERED",
    "MAJOR_SKIPPED",
    "BUMP_TOO_SMALL",
    "HIGH_RISK",
    "CONSUMER_BREAKS",
    "BROKEN_CONSUMER",
    "BROKEN_STATE",
]
UNMENDABLE: Final[frozenset[Reason]] = frozenset({"BROKEN_DOCUMENT", "DUPLICATE_ID", "BROKEN_CONSUMER", "BROKEN_STATE"})
"""Reasons that nobody can lift: the document couldn't be published anyway."""

_RISKS: Final = ("none", "low", "medium", "high")
_OUTCOMES: Final = ("compatible", "unknown", "incompatible")


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why the change may not be merged, with a sentence that says what to do.

    `paths` are the files that it is about, `consumer` the one that breaks. `lifted_by` is the account that lets it
    pass: a code owner of the paths, or an owner of the consumer.
    """

    id: str
    reason: Reason
    text: str
    paths: tuple[str, ...] = ()
    consumer: str = ""
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """Something that is probably a slip in the file at `path` and blocks nothing, with a sentence about it."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document is broken, at its JSON pointer and, where that is known, its place in the file."""

    message: str
    pointer: str
    place: TextPlace | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An edit of a document that has been judged: what it brings, and its lines as a unified diff (without a head)."""

    text: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsumerImpact:
    """What a change means to one consumer.

    `breaks` is None where it can't be told. `source`: `declared` in a consumer file, or `observed` by the registry and
    declared by nobody; its `name` is then its certificate's, and which fields it reads isn't known.
    """

    name: str
    team: str
    language: str
    reads: tuple[str, ...]
    direction: str
    breaks: bool | None
    why: str
    source: Literal["declared", "observed"] = "declared"


@dataclass(frozen=True, slots=True)
class SchemaReview:
    """One document of the change. `before` and `after` are its versions ("": there is none on that side).

    `least` is the lowest version that the registry would take for it; None where there is nothing to compare.
    `judged_against` are the versions of the verdict, `history` all of the id that count.
    """

    id: str
    path: str
    status: Status
    before: str = ""
    after: str = ""
    verdict: Verdict | None = None
    stated_bump: Step | None = None
    least: Version | None = None
    consumers: tuple[ConsumerImpact, ...] = ()
    problem: Problem | None = None
    former_path: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    document: Document | None = field(default=None, compare=False, repr=False)
    old_document: Document | None = field(default=None, compare=False, repr=False)
    judged_against: tuple[Document, ...] = field(default=(), compare=False, repr=False)
    history: tuple[Document, ...] = field(default=(), compare=False, repr=False)

    @property
    def required_bump(self) -> Bump | None:
        """The smallest bump that the change needs; None where there is nothing to compare."""
        return self.verdict.required_bump if self.verdict else None


@dataclass(frozen=True, slots=True)
class Review:
    """The whole answer. `blockers` are all reasons, `overridden_by` is the code owner whose label lifts any of them."""

    schemas: tuple[SchemaReview, ...]
    blockers: tuple[Blocker, ...]
    base: str
    head: str
    overridden_by: str = ""
    notes: tuple[ReviewNote, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether the change may not be merged as it is."""
        return not all(each.lifted_by for each in self.blockers)

    @property
    def verdict(self) -> str:
        """The worst outcome of all documents; "incompatible" where one is broken or removed."""
        found = [each.verdict.outcome.value for each in self.schemas if each.verdict]
        found += ["incompatible" for each in self.schemas if each.status in ("broken", "removed")]
        return max(found, key=_OUTCOMES.index, default="compatible")

    @property
    def risk(self) -> str:
        """The greatest risk of all documents; "high" where one is broken or removed."""
        found = [each.verdict.risk for each in self.schemas if each.verdict]
        found += ["high" for each in self.schemas if each.status in ("broken", "removed")]
        return max(found, key=_RISKS.index, default="none")


class Judge(Protocol):
    """Parses and compares documents, within bounds of time and memory."""

    def parse(self, raw: bytes) -> Document:
        """Parse a document, as `document.parse` does."""

    def check(self, versions: Sequence[Document], new: Document, direction: Level | None, seconds: float) -> Verdict:
        """Judge a document by its history, as `compat.check_history` does."""


Published: TypeAlias = Callable[[str], Mapping[str, bytes]]
"""The versions of an id that are published: version → bytes; none where the id isn't known."""
Earlier: TypeAlias = Callable[[SchemaFile], Mapping[str, bytes]]
"""The versions that git has, up to the base, of the document in a file."""
Consumers: TypeAlias = Callable[[SchemaReview], Sequence[ConsumerImpact]]
Retracted: TypeAlias = Callable[[str], Collection[str]]
"""The versions of an id that are retracted: a new one isn't judged against them."""
Suggest: TypeAlias = Callable[[SchemaReview], Sequence[Suggestion]]


def no_consumers(_: SchemaReview) -> Sequence[ConsumerImpact]:
    """Return no consumers: the default."""
    return ()


def none_retracted(_: str) -> Collection[str]:
    """Return no versions: the default."""
    return ()


def no_suggestions(_: SchemaReview) -> Sequence[Suggestion]:
    """Return no suggestions: the default."""
    return ()


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What a review is made with.

    Where `published` is None no registry is asked, and the versions at the base count as published. `broken_files` are
    the faults of files beside the documents. `seconds` is the time for one verdict.
    """

    judge: Judge
    earlier: Earlier
    published: Published | None = None
    consumers: Consumers = no_consumers
    broken_files: Sequence[Blocker] = ()
    notes: Sequence[ReviewNote] = ()
    suggest: Suggest = no_suggestions
    retracted: Retracted = none_retracted
    seconds: float = 1.0

    def review(self, change: ChangedRevisions) -> Review:
        """Review every document that the change touches, and list the others as unchanged."""
        schemas, blockers = [], [*self.broken_files, *self._duplicates(change)]
        for each in map(self._with_consumers, self._schemas(change)):
            paths = tuple(filter(None, (each.path, each.former_path)))
            found = [replace(blocker, paths=paths) for blocker in self._blockers(each)]
            schemas.append(replace(each, suggestions=tuple(self.suggest(each))) if found else each)
            blockers += found
        return Review(tuple(schemas), tuple(blockers), change.base.commit, change.head.commit, notes=tuple(self.notes))

    def _with_consumers(self, found: SchemaReview) -> SchemaReview:
        """Add what the change means to each consumer; the verdict names those that break."""
        if found.status == "unchanged":
            return found
        consumers = tuple(self.consumers(found))
        if found.verdict is None:
            return replace(found, consumers=consumers)
        names = tuple(dict.fromkeys(each.name for each in consumers if each.breaks))
        return replace(found, consumers=consumers, verdict=replace(found.verdict, consumers=names))

    def _schemas(self, change: ChangedRevisions) -> Iterator[SchemaReview]:
        fork = {file.path: file for file in change.fork.files}
        at_base, at_fork, at_head = change.base.by_id(), change.fork.by_id(), change.head.by_id()
        known = {(file.path, file.blob) for side in (change.fork, change.base) for file in side.files}
        kept = {(file.path, file.id) for file in change.head.files}
        for file in change.head.files:
            if (file.path, file.blob) in known:
                yield SchemaReview(file.id, file.path, "unchanged", file.version, file.version)
                continue
            id = file.id or (fork[file.path].id if file.path in fork else "")
            olds = at_base.get(id) or at_fork.get(id) or ()
            old = next((each for each in olds if each.path == file.path), olds[0] if olds else None)
            # An id that base and head have both added since they parted was not moved from one file to the other.
            moved = old is not None and id in at_fork and (old.path, old.id) not in kept
            if old is not None and moved and any(each.blob == file.blob for each in at_fork.get(id, ())):
                # Only its path differs from the fork's: a merge brings the content that the base has by now.
                file = replace(file, blob=old.blob, raw=old.raw, version=old.version)  # noqa: PLW2901
            yield self._changed(id, old, file, moved=moved)
        for id, files in at_fork.items():
            # A file that states no id any more is broken, and reviewed as such.
            if id not in at_head and not any((each.path, "") in kept for each in files):
                yield SchemaReview(id, files[0].path, "removed", before=files[0].version)

    def _changed(self, id: str, old: SchemaFile | None, file: SchemaFile, *, moved: bool) -> SchemaReview:
        """Review a file whose bytes or path differ from the base's."""
        former = old.path if old is not None and moved and old.path != file.path else ""
        status: Status = "added" if old is None else "renamed" if former else "changed"
        found = SchemaReview(id, file.path, status, old.version if old else "", file.version, former_path=former)
        try:
            document = self.judge.parse(file.raw)
        except InvalidArgument as error:
            return replace(found, status="broken", problem=_problem(file.raw, error))
        found = replace(found, id=document.id, after=str(document.version), document=document)
        known = self._known(document.id, old, file)
        if not known:
            return found
        same = known.get(str(document.version))
        changed = same is not None and same.fingerprint != document.fingerprint
        edited = changed and self._is_published(document.id, str(document.version))
        if same is not None and not changed and not _goes_back(old, document):
            return replace(found, stated_bump="none", before=str(same.version), old_document=same)
        retracted = self.retracted(document.id)
        everything = sorted((each for each in known.values() if str(each.version) not in retracted), key=precedence)
        if not everything and not changed:
            return found  # every version is retracted: as the first one, it has nothing to agree with
        others = [each for each in everything if each is not same] or list(known.values())
        # A fix to an old line follows that line. A document that states less than its base did is no such fix.
        followed = others if _goes_back(old, document) else line_history(others, document.version)
        previous = followed[-1]
        # An edit of a published version is compared with what was published.
        versions = [same] if same is not None and edited else followed
        verdict = self.judge.check(versions, document, None, self.seconds)
        return replace(
            found,
            before=found.before or str(previous.version),
            verdict=verdict,
            stated_bump=step(parse_version(verdict.old_version), document.version),
            least=least_version(everything or others, document, verdict.required_bump, retracted),
            judged_against=tuple(versions),
            history=tuple(everything or others),
            old_document=next((each for each in versions if str(each.version) == verdict.old_version), previous),
        )

    def _is_published(self, id: str, version: str = "") -> bool:
        """Tell whether a version (any, where none is given) is published: by the registry, if one is asked."""
        if self.published is None:
            return True
        there = self.published(id)
        return version in there if version else bool(there)

    @property
    def _published_as(self) -> str:
        return "is published" if self.published is not None else "counts as published, since no registry was asked"

    def _known(self, id: str, old: SchemaFile | None, new: SchemaFile) -> dict[str, Document]:
        """Return the versions that the new one is compared with: the registry's, or else those that git has."""
        raws: dict[str, bytes] = {}
        if self.published is not None:
            raws |= self.published(id)
        else:
            raws |= self.earlier(old or new)
        if old is not None and old.version:
            raws.setdefault(old.version.removeprefix("v"), old.raw)
        found = {}
        for version, raw in raws.items():
            try:
                found[version] = self.judge.parse(raw)
            except InvalidArgument:
                continue  # a broken version of the history can't be mended any more, and no reader could use it
        return found

    def _duplicates(self, change: ChangedRevisions) -> Iterator[Blocker]:
        """Yield the ids that several files state after a merge: also those that base and head have both added."""
        at_base, at_fork = change.base.by_id(), change.fork.by_id()
        for id, files in change.head.by_id().items():
            paths = [file.path for file in files]
            if id not in at_fork:
                paths += [file.path for file in at_base.get(id, ()) if file.path not in paths]
            if len(paths) > 1:
                text = f"{' and '.join(paths)} both state the id {id}. Give one of them another id, or delete it."
                yield Blocker(id, "DUPLICATE_ID", text)

    def _blockers(self, found: SchemaReview) -> Iterator[Blocker]:
        """Yield what blocks one document, the cause first."""
        if found.status == "broken" and found.problem:
            text = with_place(f"{found.path}: {found.problem.message}", found.problem.pointer)
            yield Blocker(found.id or found.path, "BROKEN_DOCUMENT", text)
            return
        if found.status == "removed":
            if self._is_published(found.id):
                text = (
                    f"{found.path} is deleted, and {found.id} {self._published_as}: its readers still ask for it. "
                    "Put the file back; deprecate the schema instead."
                )
                yield Blocker(found.id, "SCHEMA_REMOVED", text)
            return
        if found.verdict is not None and found.stated_bump != "none":
            yield from _version_blockers(found, found.verdict)
        elif found.verdict is not None and self._is_published(found.id, found.after):
            text = (
                f"{found.id} {found.after} had other content before and {self._published_as}. A published version "
                f"never changes: raise `version` ({found.required_bump} or more)."
            )
            yield Blocker(found.id, "PUBLISHED_VERSION_EDITED", text)
        for consumer in found.consumers:
            if consumer.breaks:
                text = f"{consumer.name} ({consumer.team}, {consumer.language}) breaks: {consumer.why}"
                yield Blocker(found.id, "CONSUMER_BREAKS", text, consumer=consumer.name)


def _problem(raw: bytes, error: InvalidArgument) -> Problem:
    """Return what an error of the parser says, with its place: the line that it names, or that of its pointer."""
    at = error.pointer or ""
    if "line" in error.metadata:
        line, column = int(error.metadata["line"]), int(error.metadata["column"])
        return Problem(error.message, at, TextPlace(line, column, column))
    return Problem(error.message, at, places(raw.decode(errors="replace"), [at]).get(at))


def _goes_back(old: SchemaFile | None, new: Document) -> bool:
    """Tell whether a document states a lower version than the one at the base, though an equal one was published."""
    try:
        return old is not None and new.version < parse_version(old.version)
    except InvalidArgument:
        return False


def _version_blockers(found: SchemaReview, verdict: Verdict) -> Iterator[Blocker]:
    """Yield what is wrong with the version that a changed document states."""
    before, after, needed = verdict.old_version, verdict.new_version, verdict.required_bump
    if found.stated_bump == "lowered":
        text = f"`version` goes down from {before} to {after}. Versions grow: take the next {needed} one."
        yield Blocker(found.id, "VERSION_LOWERED", text)
        return
    if skips_major(parse_version(before), parse_version(after)):
        yield Blocker(found.id, "MAJOR_SKIPPED", skipped_major(parse_version(before), parse_version(after)))
    if parse_version(before).prerelease is not None:
        return  # a pre-release promises nothing: the step from one is not measured (as in `compat/admission.py`)
    if verdict.risk == "high" and found.stated_bump != "major":
        text = f"The risk is high and {before} → {after} is no new major version. {verdict.message}"
        yield Blocker(found.id, "HIGH_RISK", text)
    elif RANK[_rank(found.stated_bump)] < RANK[needed]:
        text = f"{before} → {after} is too small a step: this change takes a {needed} one. {verdict.message}"
        yield Blocker(found.id, "BUMP_TOO_SMALL", text)


def _rank(stated: Step | None) -> Bump:
    return stated if stated in ("major", "minor") else "patch"


def step(old: Version, new: Version) -> Step:
    """Return how `new` differs from `old`."""
    if new == old:
        return "none"
    return bump(old, new) if new > old else "lowered"
