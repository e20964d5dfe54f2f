"""Find the versions of a schema file in git's history, by the `git` command.

`compat/admission.py` judges which version may follow another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemaregistry.document import loads, parse_version
from schemaregistry.document_moves import document_log
from schemaregistry.errors import InvalidArgument, NotFound
from schemaregistry.git import FileAtCommit, NoHistory, Repository

WORKING_TREE: Final = "working tree"
"""The `commit` of a version that is the file on disk."""

_WITHOUT_HISTORY: Final = ("NO_GIT", "NOT_A_REPOSITORY", "NOT_IN_GIT")
"""The reasons for which a file has no history, and is its own only version."""


@dataclass(frozen=True, slots=True)
class CommittedVersion:
    """One version of a document: its bytes, and the full hash of the commit that has them."""

    version: str
    raw: bytes
    commit: str

    @property
    def is_retracted(self) -> bool:
        """Whether a reference passes over the version; git says nothing of that."""
        return False


def versions(path: Path) -> tuple[CommittedVersion, ...]:
    """Return every version that the file has had, oldest first, each with the content of its newest commit.

    The file on disk is the last one. Commits in which the file isn't a document with the same `$id` are skipped.
    Without git, or for a file that isn't in git, only the file on disk is returned. Raises NotFound where it is
    missing, InvalidArgument where it isn't a document, NoHistory where git fails.
    """
    raw = _read(path)
    try:
        name, version = identity(raw)
    except InvalidArgument as error:
        raise InvalidArgument(f"{path}: {error.message}", reason=error.reason, pointer=error.pointer) from None
    found: dict[str, CommittedVersion] = {}
    for committed in reversed(_history(path, name)):
        found[committed.version] = committed
    if version not in found or found[version].raw != raw:
        found[version] = CommittedVersion(version, raw, WORKING_TREE)
    return tuple(found.values())


def resolve(name: str, path: Path) -> CommittedVersion:
    """Return the file at the git tag, branch or commit `name`, or else at the newest commit with that `version`.

    `name` may also be a reference to a version (`1`, `^1.2`, `latest`) among those that git has of the file.

    A version that isn't committed yet may be the file on disk. Raises NoHistory, NotFound (UNKNOWN_NAME), and
    InvalidArgument where the file isn't a document at the commit.
    """
    repository = _repository(path)
    entries = repository.log(path.name)
    commit = repository.commit(name)
    if commit:
        raw = _at_commit(path, commit, entries)
        if raw is None:
            raise NotFound(f"{path} isn't in {name}. Name a commit that has it.", reason="UNKNOWN_NAME")
        return CommittedVersion(identity(raw)[1], raw, commit)
    return _carrying(name, path, entries)


def _carrying(name: str, path: Path, entries: list[FileAtCommit]) -> CommittedVersion:
    known = _documents(path, entries, _id_of(path, entries))
    if path.is_file():
        raw = path.read_bytes()
        known += [CommittedVersion(version, raw, WORKING_TREE) for _, version in _identities(raw)]
    if name and (found := _referred(name, known)) is not None:  # no name at all is a slip, and no reference
        return found
    if _repository(path).is_shallow():
        raise NoHistory(
            f"{name} isn't in the part of the history that is here: this clone is shallow. "
            "Run `git fetch --unshallow`, then try again.",
            reason="HISTORY_CUT",
        )
    there = ", ".join(dict.fromkeys(committed.version for committed in known)) or "none"
    raise NotFound(
        f"{name} is no git tag, branch or commit, and no version of {path}; its versions: {there}.",
        reason="UNKNOWN_NAME",
        metadata={"near": there},
    )


def _referred(name: str, known: Sequence[CommittedVersion]) -> CommittedVersion | None:
    """Return the version that `name` refers to; of equal ones the first, which is the newest commit's."""
    from schemaregistry.compat.judged_history import precedence
    from schemaregistry.compat.version_reference import meant, read_reference

    try:
        reference = read_reference(name)
    except InvalidArgument:
        return None
    newest = {committed.version: committed for committed in reversed(known)}
    return meant(sorted(newest.values(), key=precedence), reference)


def _history(path: Path, name: str) -> list[CommittedVersion]:
    try:
        log = list(document_log(_repository(path), path.name, None, lambda raw: _has_id(raw, name)))
    except NoHistory as error:
        if error.reason not in _WITHOUT_HISTORY:
            raise
        return []
    return [
        CommittedVersion(version, raw, entry.commit)
        for entry, raw in log
        if raw is not None
        for _, version in _identities(raw)
    ]


def _has_id(raw: bytes, name: str) -> bool:
    return any(found == name for found, _ in _identities(raw))


def _documents(path: Path, entries: list[FileAtCommit], name: str) -> list[CommittedVersion]:
    """Return the documents with the id `name` among the entries, in their order."""
    return [
        CommittedVersion(version, raw, entry.commit)
        for entry, raw in zip(entries, _repository(path).blobs([entry.blob for entry in entries]), strict=True)
        if raw is not None
        for found, version in _identities(raw)
        if found == name
    ]


def _id_of(path: Path, entries: list[FileAtCommit]) -> str:
    """Return the `$id` of the newest document.

    Only versions with this id count: a file may have begun as a copy of another schema's.
    """
    newest = [path.read_bytes()] if path.is_file() else []
    for raw in (*newest, *_repository(path).blobs([entry.blob for entry in entries])):
        for name, _ in _identities(raw or b""):
            return name
    return ""


def _at_commit(path: Path, commit: str, entries: list[FileAtCommit]) -> bytes | None:
    """Return the file's content at a commit, by its present name or an earlier one; None where it isn't there."""
    places = [f"{commit}:./{path.name}", *(f"{commit}:{entry.path}" for entry in entries)]
    return next((raw for raw in _repository(path).blobs(list(dict.fromkeys(places))) if raw is not None), None)


def _repository(path: Path) -> Repository:
    return Repository(path.parent, path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} can't be read: {error.strerror}.", reason="NO_FILE") from None


def identity(raw: bytes) -> tuple[str, str]:
    """Return the `$id` and `version` of a document. Raises InvalidArgument where it has none."""
    value = loads(raw)
    stated = value if isinstance(value, dict) else {}
    name, version = stated.get("$id"), stated.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise InvalidArgument("A document states its `$id` and `version`, as texts.", reason="NOT_A_DOCUMENT")
    return name, str(parse_version(version))


def _identities(raw: bytes) -> list[tuple[str, str]]:
    """Return the `$id` and `version` as a list of one; empty for other files, since history has files in any state."""
    try:
        return [identity(raw)]
    except InvalidArgument:
        return []
