"""Find the versions of a schema file in git's history, by the `git` command.

`compat/admission.py` judges which version may follow another.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from schemaregistry.document import loads, parse_version
from schemaregistry.errors import InvalidArgument, NotFound, Unavailable

WORKING_TREE: Final = "working tree"
"""The `commit` of a version that is the file on disk."""


@dataclass(frozen=True, slots=True)
class CommittedVersion:
    """One version of a document: its bytes, and the full hash of the commit that has them."""

    version: str
    raw: bytes
    commit: str


class NoHistory(Unavailable):
    """Git can't answer: reason NO_GIT, NOT_A_REPOSITORY, NOT_IN_GIT, HISTORY_CUT or GIT_FAILED."""


@dataclass(frozen=True, slots=True)
class _FileAtCommit:
    """The file at one commit: the hash of its content, and its path there, from the top of the repository."""

    commit: str
    blob: str
    path: str


def versions(path: Path) -> tuple[CommittedVersion, ...]:
    """Return every version that the file has had, oldest first, each with the content of its newest commit.

    The file on disk is the last one. Commits in which the file isn't a document with the same `$id` are skipped.
    Without git, or for a file that isn't in git, only the file on disk is returned. Raises NotFound where it is
    missing, InvalidArgument where it isn't a document.
    """
    raw = _read(path)
    try:
        name, version = _identity(raw)
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

    A version that isn't committed yet may be the file on disk. Raises NoHistory, NotFound (UNKNOWN_NAME), and
    InvalidArgument where the file isn't a document at the commit.
    """
    entries = _entries(path)
    commit = _commit(name, path)
    if commit:
        raw = _at_commit(path, commit, entries)
        if raw is None:
            raise NotFound(f"{path} isn't in {name}. Name a commit that has it.", reason="UNKNOWN_NAME")
        return CommittedVersion(_identity(raw)[1], raw, commit)
    return _carrying(name, path, entries)


def _carrying(name: str, path: Path, entries: list[_FileAtCommit]) -> CommittedVersion:
    known = _documents(path, entries, _id_of(path, entries))
    if path.is_file():
        raw = path.read_bytes()
        known += [CommittedVersion(version, raw, WORKING_TREE) for _, version in _identities(raw)]
    wanted = name.removeprefix("v")
    for committed in known:
        if committed.version == wanted:
            return committed
    if _git(path, "rev-parse", "--is-shallow-repository").strip() == b"true":
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


def _history(path: Path, name: str) -> list[CommittedVersion]:
    try:
        return _documents(path, _entries(path), name)
    except NoHistory:
        return []


def _documents(path: Path, entries: list[_FileAtCommit], name: str) -> list[CommittedVersion]:
    """Return the documents with the id `name` among the entries, in their order."""
    return [
        CommittedVersion(version, raw, entry.commit)
        for entry, raw in zip(entries, _blobs(path, [entry.blob for entry in entries]), strict=True)
        if raw is not None
        for found, version in _identities(raw)
        if found == name
    ]


def _id_of(path: Path, entries: list[_FileAtCommit]) -> str:
    """Return the `$id` of the newest document.

    Only versions with this id count: a file may have begun as a copy of another schema's.
    """
    newest = [path.read_bytes()] if path.is_file() else []
    for raw in (*newest, *_blobs(path, [entry.blob for entry in entries])):
        for name, _ in _identities(raw or b""):
            return name
    return ""


def _entries(path: Path) -> list[_FileAtCommit]:
    """Return the commits that changed the file, newest first and across renames. Raises NoHistory without any."""
    # --follow: across renames; -m: changes that only a merge made, too; --raw -z: hashes and unquoted paths.
    output = _git(path, "log", "--follow", "-m", "--raw", "-z", "--no-abbrev", "--format=%H", "--", path.name)
    entries = list(dict.fromkeys(_read_log(output.decode(errors="surrogateescape"))))
    if not entries:
        raise NoHistory(f"{path} isn't in git. Commit it first.", reason="NOT_IN_GIT")
    return entries


def _read_log(output: str) -> Iterator[_FileAtCommit]:
    """Parse `git log --raw -z --format=%H`: a commit's hash, then `:modes blobs STATUS` with one or two paths each."""
    commit = ""
    tokens = iter(output.split("\0"))
    for token in tokens:
        if re.fullmatch("[0-9a-f]{40,64}", token):
            commit = token
        elif token.lstrip("\n").startswith(":"):
            _, _, _, blob, status = token.split()
            path = next(tokens)
            if status[0] in "RC":  # a rename or copy: the old path comes first, then the new one
                path = next(tokens)
            if status != "D":
                yield _FileAtCommit(commit, blob, path)


def _commit(name: str, path: Path) -> str:
    """Return the full hash that a tag, branch or hash names; "" where there is no such commit."""
    if name.startswith("-") or "\0" in name:
        return ""
    try:
        output = _git(path, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except NoHistory:
        return ""
    return output.decode().strip()


def _at_commit(path: Path, commit: str, entries: list[_FileAtCommit]) -> bytes | None:
    """Return the file's content at a commit, by its present name or an earlier one; None where it isn't there."""
    places = [f"{commit}:./{path.name}", *(f"{commit}:{entry.path}" for entry in entries)]
    return next((raw for raw in _blobs(path, list(dict.fromkeys(places))) if raw is not None), None)


def _blobs(path: Path, names: list[str]) -> list[bytes | None]:
    """Return the contents of git objects by one `git cat-file --batch`; None for one that doesn't exist."""
    output = BytesIO(_git(path, "cat-file", "--batch", lines="".join(f"{name}\n" for name in names)))
    found: list[bytes | None] = []
    for _ in names:
        size = re.fullmatch(rb"\S+ blob ([0-9]+)\n", output.readline())
        found.append(output.read(int(size[1])) if size else None)
        output.read(1 if size else 0)
    return found


def _git(path: Path, *arguments: str, lines: str = "") -> bytes:
    """Run git in the file's directory and return its output. Raises NoHistory where it fails."""
    # Literal, because `*` and `:` in a file's name are special in a pathspec.
    command = ["git", "--literal-pathspecs", "-C", str(path.parent), *arguments]
    try:
        # No shell is involved, and names come after `--` or `--verify`, or on stdin: none can act as an option.
        done = subprocess.run(  # noqa: S603
            command, input=lines.encode(errors="surrogateescape"), capture_output=True, check=True, timeout=60
        )
    except FileNotFoundError:
        raise NoHistory("git isn't installed here, and versions are read from it.", reason="NO_GIT") from None
    except subprocess.TimeoutExpired:
        raise NoHistory("git gave no answer within a minute.", reason="GIT_FAILED") from None
    except subprocess.CalledProcessError as error:
        raise _failed(path, error.stderr.decode(errors="replace").strip()) from None
    return done.stdout


def _failed(path: Path, message: str) -> NoHistory:
    if "not a git repository" in message:
        return NoHistory(f"{path} isn't in a git repository. Run this in a clone.", reason="NOT_A_REPOSITORY")
    if "does not have any commits" in message:
        return NoHistory(f"{path} isn't in git. Commit it first.", reason="NOT_IN_GIT")
    return NoHistory(
        f"git can't tell of {path}: {message.splitlines()[0] if message else 'it failed'}", reason="GIT_FAILED"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} can't be read: {error.strerror}.", reason="NO_FILE") from None


def _identity(raw: bytes) -> tuple[str, str]:
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
        return [_identity(raw)]
    except InvalidArgument:
        return []
