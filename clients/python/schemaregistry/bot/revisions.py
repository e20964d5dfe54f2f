"""Read the schema documents of two git revisions, and the versions that a document had before."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from schemaregistry.document import Json, loads
from schemaregistry.document.canonical import fingerprint
from schemaregistry.document_moves import document_log
from schemaregistry.errors import InvalidArgument
from schemaregistry.git import NoHistory, Repository

SIDE_FOLDERS: Final = ("consumers", "states", "examples", "meta")
"""Folders within the schemas' folder that hold no documents: `meta` has the JSON Schema of documents, for editors."""


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One JSON file of a revision: `path` from the top of the repository, `blob` its hash in git, `raw` its bytes.

    `id` and `version` are those it states, "" where it states none: a file may be broken.
    """

    path: str
    blob: str
    raw: bytes
    id: str
    version: str


@dataclass(frozen=True, slots=True)
class Revision:
    """The schema files of one commit (a full hash), in the order of their paths."""

    commit: str
    files: tuple[SchemaFile, ...]

    def by_id(self) -> Mapping[str, Sequence[SchemaFile]]:
        """Return the files that state each id; more than one is a fault of the revision."""
        found: dict[str, list[SchemaFile]] = {}
        for file in self.files:
            if file.id:
                found.setdefault(file.id, []).append(file)
        return found


@dataclass(frozen=True, slots=True)
class ChangedRevisions:
    """A change to review: `head` is the tip of its branch, `base` the target branch, `fork` the commit they parted at.

    `base` and `fork` are the same commit unless the target branch has moved on.
    """

    base: Revision
    fork: Revision
    head: Revision


def read_change(repository: Repository, base: str, head: str, folder: str) -> ChangedRevisions:
    """Read what `head` changes in `folder`, to be merged into `base`.

    Raises NoHistory (UNKNOWN_REVISION, HISTORY_CUT) where a revision, or the commit at which they parted, isn't in this
    clone.
    """
    known: dict[str, SchemaFile] = {}
    at_base, at_head = commit_of(repository, base), commit_of(repository, head)
    fork = repository.merge_base(at_base, at_head)
    if not fork:
        raise NoHistory(f"{base} and {head} have no common commit{_cut(repository)}.", reason="HISTORY_CUT")
    require_folder(repository, folder, at_base, at_head)
    # Links beside the documents that the base has may be taken away, and a review of that must be possible.
    head_files = read_revision(repository, at_head, folder, known)
    at_base_files, fork_files = (
        read_revision(repository, each, folder, known, links_aside=True) for each in (at_base, fork)
    )
    return ChangedRevisions(at_base_files, fork_files, head_files)


def folder_path(text: str) -> str:
    """Return the path from the repository's top that `--schemas` names; raises InvalidArgument (NO_SUCH_FOLDER)."""
    path = posixpath.normpath(text.strip("/")) if text.strip("/") else ""
    if ".." in path.split("/"):
        raise InvalidArgument(
            f"There is no folder {text} in the repository. Name one from its top.", reason="NO_SUCH_FOLDER"
        )
    if path in {"", "."}:
        raise InvalidArgument(
            "Documents at the repository's top, beside other files, are not read: keep them in a folder, and name it "
            "by --schemas.",
            reason="NO_SUCH_FOLDER",
        )
    return path


def require_folder(repository: Repository, folder: str, *commits: str) -> None:
    """Raise InvalidArgument (NO_SUCH_FOLDER) where no commit has the folder: a typo must not pass."""
    if not any(repository.has_folder(each, folder) for each in commits):
        where = " or ".join(each[:12] for each in commits)
        raise InvalidArgument(
            f"There is no folder {folder} at {where}. Name one from the top of the repository.",
            reason="NO_SUCH_FOLDER",
        )


def commit_of(repository: Repository, name: str) -> str:
    """Return the full hash of a revision; raises NoHistory (UNKNOWN_REVISION) where there is none."""
    commit = repository.commit(name)
    if not commit:
        raise NoHistory(
            f"{name or 'an empty name'} is no tag, branch or commit{_cut(repository)}.", reason="UNKNOWN_REVISION"
        )
    return commit


def require_history(repository: Repository) -> None:
    """Raise NoHistory (HISTORY_CUT) in a shallow clone: it lacks versions, and commits that others come from."""
    if repository.is_shallow():
        raise NoHistory(
            "Versions are read from the history, and this clone is shallow. Run `git fetch --unshallow` first "
            "(in CI: check out with `fetch-depth: 0`, or GIT_DEPTH: 0).",
            reason="HISTORY_CUT",
        )


def _cut(repository: Repository) -> str:
    if not repository.is_shallow():
        return " in this repository. Fetch it first, or name another"
    return " in the part of the history that is here: this clone is shallow. Run `git fetch --unshallow` first"


def read_tip(repository: Repository, rev: str, folder: str) -> Revision:
    """Read what a branch or commit has in `folder`.

    Raises NoHistory as `commit_of`, InvalidArgument as `require_folder` and `read_revision`.
    """
    commit = commit_of(repository, rev)
    require_folder(repository, folder, commit)
    return read_revision(repository, commit, folder)


def read_revision(
    repository: Repository,
    commit: str,
    folder: str,
    known: dict[str, SchemaFile] | None = None,
    *,
    links_aside: bool = False,
) -> Revision:
    """Read every `*.json` below `folder` at a commit; files in `known` (blob → file) aren't read again.

    Raises InvalidArgument (LINK_NOT_FOLLOWED) where a link or submodule is below the folder, except in `examples`;
    with `links_aside` only where it is in the place of a document or of the folder.
    """
    known = {} if known is None else known
    found, links = repository.files(commit, folder)
    for path in links:
        if path != folder and (_is_example(path, folder) or (links_aside and not path.endswith(".json"))):
            continue
        remedy = "Name the folder that has the files themselves (--schemas)"
        if path != folder:
            remedy = f"Put the files themselves into {folder or 'the folder'}, or take it away"
        raise InvalidArgument(
            f"{path} is a link or a submodule at {commit[:12]}, and what it leads to isn't reviewed. {remedy}.",
            reason="LINK_NOT_FOLLOWED",
        )
    blobs = {path: blob for path, blob in found.items() if _is_document(path, folder)}
    missing = list(dict.fromkeys(blob for blob in blobs.values() if blob not in known))
    for blob, raw in zip(missing, _contents(repository, missing), strict=True):
        known[blob] = SchemaFile("", blob, raw, *stated(raw))
    files = (known[blob] for blob in blobs.values())
    return Revision(
        commit,
        tuple(
            SchemaFile(path, file.blob, file.raw, file.id, file.version)
            for path, file in sorted(zip(blobs, files, strict=True))
        ),
    )


def _contents(repository: Repository, blobs: Sequence[str]) -> Sequence[bytes]:
    """Return the contents of blobs; raises NoHistory (HISTORY_CUT) where one isn't in this clone."""
    found = []
    for blob, raw in zip(blobs, repository.blobs(blobs), strict=True):
        if raw is None:
            raise _not_here(blob)
        found.append(raw)
    return found


def _not_here(blob: str) -> NoHistory:
    return NoHistory(f"The blob {blob} isn't in this clone: fetch it (git fetch --refetch).", reason="HISTORY_CUT")


def _is_document(path: str, folder: str) -> bool:
    return path.endswith(".json") and _first_part(path, folder) not in SIDE_FOLDERS


def _is_example(path: str, folder: str) -> bool:
    return _first_part(path, folder) == "examples"


def _first_part(path: str, folder: str) -> str:
    return PurePosixPath(path).relative_to(folder or ".").parts[0]


def stated(raw: bytes) -> tuple[str, str]:
    """Return the `$id` and `version` that a file states, each "" where it isn't a string."""
    try:
        value: Json = loads(raw)
    except InvalidArgument:
        return "", ""
    members = value if isinstance(value, dict) else {}
    name, version = members.get("$id"), members.get("version")
    return name if isinstance(name, str) else "", version if isinstance(version, str) else ""


def stated_fingerprint(raw: bytes) -> str:
    """Return the fingerprint of a file's JSON, "" where it is none."""
    try:
        return fingerprint(loads(raw))
    except InvalidArgument:
        return ""


@dataclass(frozen=True, slots=True)
class VersionInHistory:
    """One version of a document, with the last content that it had, and the first commit with that content.

    `path` is the file's at that commit, and `version` has no leading `v`.
    """

    version: str
    raw: bytes
    commit: str
    path: str


def history(repository: Repository, file: SchemaFile, commit: str) -> Sequence[VersionInHistory]:
    """Return the versions of a document in the history up to `commit`, newest first.

    Commits in which the file, or the one that it was copied from, had another id are ignored. Raises NoHistory
    (HISTORY_CUT) where this clone lacks a part of the history.
    """
    require_history(repository)
    found: dict[str, VersionInHistory] = {}
    for entry, raw in document_log(repository, file.path, commit, lambda raw: stated(raw)[0] == file.id):
        if raw is None:
            raise _not_here(entry.blob)
        version = stated(raw)[1]
        number = version.removeprefix("v")
        if version and (number not in found or found[number].raw == raw):
            found[number] = VersionInHistory(number, raw, entry.commit, entry.path)
    return tuple(found.values())


def earlier_versions(repository: Repository, file: SchemaFile, commit: str) -> dict[str, bytes]:
    """Return the versions of a document in the history up to `commit`: version → bytes."""
    return {each.version: each.raw for each in history(repository, file, commit)}


def yaml_files(repository: Repository, commit: str, folder: str) -> dict[str, bytes]:
    """Return the YAML files of a folder at a commit: path → bytes."""
    found, _ = repository.files(commit, folder)
    blobs = {path: blob for path, blob in found.items() if path.endswith((".yaml", ".yml"))}
    return dict(zip(blobs, _contents(repository, list(blobs.values())), strict=True))
