"""Ask the `git` command about a repository. Nothing is checked out, and no branch, tag or index is changed."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from schemaregistry.errors import Unavailable

SECONDS: Final = 60
"""Seconds that one call of git may take."""
_LINKS: Final = ("120000", "160000")
"""The modes of symbolic links and submodules (gitformat-index(5))."""
_ELSEWHERE: Final = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "IMPLICIT_WORK_TREE", "COMMON_DIR", "INDEX_FILE", "PREFIX", "NAMESPACE"),
        *("GRAFT_FILE", "SHALLOW_FILE", "REPLACE_REF_BASE"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
    )
)
"""Variables by which git would read another repository than the one that is named, or other paths (git(1)).

git sets some of them in hooks and aliases.
"""
_REMEDY: Final = re.compile("git config --global --add safe.directory .*")


class NoHistory(Unavailable):
    """Git can't answer: NO_GIT, NOT_A_REPOSITORY, NOT_TRUSTED, NOT_IN_GIT, HISTORY_CUT or GIT_FAILED."""


@dataclass(frozen=True, slots=True)
class FileAtCommit:
    """A file at one commit: its blob, and the path (from the top of the repository) that it had there."""

    commit: str
    blob: str
    path: str


class Repository:
    """The repository that has `directory` in it; relative paths start at `directory`.

    `about` is the path that error messages show, the directory by default.
    Every method raises NoHistory where git can't answer.
    """

    def __init__(self, directory: Path, about: Path | None = None) -> None:
        self.directory = directory
        self._about = about or directory
        self._replaced: dict[str, list[FileAtCommit]] = {}

    @classmethod
    def around(cls, directory: Path) -> "Repository":
        """Return the repository that `directory` is in, with paths from its top."""
        found = cls(directory)
        if found.is_bare():
            return found
        return cls(Path(found._text("rev-parse", "--show-toplevel").removesuffix("\n")))

    def commit(self, name: str) -> str:
        """Return the full hash of a tag, branch or commit; "" where no such name exists."""
        if name.startswith("-") or "\0" in name:
            return ""
        return self._or_nothing("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def staged(self) -> str:
        """Make a commit on HEAD of what is staged for the next commit, and return its hash; no branch leads to it.

        Before the first commit it is on one of no files. git removes it with other such objects in time, as it does
        with those of `git stash`.
        """
        tree = self.run("write-tree", variables=self._index()).decode().strip()
        parents = [each for each in (self.commit("HEAD"), self.commit("MERGE_HEAD")) if each]
        return self._commit_of(tree, parents or [self._commit_of(self.run("mktree").decode().strip(), [])])

    def _commit_of(self, tree: str, parents: Sequence[str]) -> str:
        # A commit has an author, also where none is configured.
        author = ("-c", "user.name=schemaregistry", "-c", "user.email=schemaregistry@localhost")
        words = ("commit-tree", tree, "-m", "What is staged", *(f"-p{parent}" for parent in parents))
        return self.run(*author, *words).decode().strip()

    def has_uncommitted(self, folder: str) -> bool:
        """Tell whether files below a folder (from the top) differ from HEAD or aren't in git; none in a bare one."""
        if self.is_bare():
            return False
        return bool(self.run("status", "--porcelain", "--untracked-files=all", "--", folder))

    def merge_base(self, one: str, other: str) -> str:
        """Return the newest common ancestor of two commits; "" where there is none in this clone."""
        return self._or_nothing("merge-base", one, other)

    def is_bare(self) -> bool:
        """Tell whether it has no files of its own beside git's."""
        return self.run("rev-parse", "--is-bare-repository").strip() == b"true"

    def is_shallow(self) -> bool:
        """Tell whether the history was cut off when it was cloned (`--depth`)."""
        return self.run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def files(self, commit: str, folder: str) -> tuple[dict[str, str], list[str]]:
        """Return the files at `folder` (from the top of the repository) or below it: path → blob.

        Links and submodules come apart, as paths: what they lead to isn't a file of this commit.
        """
        listed = self._text("ls-tree", "-r", "-z", "--full-tree", commit, *(["--", folder] if folder else []))
        files, links = {}, []
        for line in filter(None, listed.split("\0")):
            about, _, path = line.partition("\t")
            mode, _, blob = about.split()
            if mode in _LINKS:
                links.append(path)
            else:
                files[path] = blob
        return files, links

    def has_folder(self, commit: str, folder: str) -> bool:
        """Tell whether a commit has a folder, or a link or submodule in its place."""
        if not folder:
            return False
        listed = self._text("ls-tree", "-z", "--full-tree", commit, "--", folder)
        return listed.startswith(("040000", *_LINKS))

    def log(self, path: str, commit: str | None = None) -> list[FileAtCommit]:
        """Return the commits up to `commit` (or HEAD) that changed the file at `path`, newest first and across renames.

        Raises NoHistory (NOT_IN_GIT) where there is none.
        """
        # --follow: across renames; -m: changes that only a merge made, too; --raw -z: hashes and unquoted paths.
        # --date-order: a commit's date may be that of its parent or an earlier one, and its versions come first.
        words = ("log", "--date-order", "--follow", "-m", "--raw", "-z", "--no-abbrev", "--format=%H")
        tip = [commit] if commit else []
        entries = list(dict.fromkeys(_read_log(self._text(*words, *tip, "--", path))))
        if not entries:
            raise NoHistory(f"{self._about} isn't in git. Commit it first.", reason="NOT_IN_GIT")
        return entries

    def deleted(self, commit: str, folder: str) -> list[FileAtCommit]:
        """Return the files that commits up to `commit` deleted below a folder, newest first: each at a commit before.

        A file that was moved is among them.
        """
        # %P: the parents; a merge's own changes are left out.
        words = ("log", "--no-renames", "--diff-filter=D", "--raw", "-z", "--no-abbrev", "--format=%P", commit)
        found, parent = [], ""
        tokens = iter(self._text(*words, *(["--", folder] if folder else [])).split("\0"))
        for token in tokens:
            if token.lstrip("\n").startswith(":"):
                _, _, blob, _, _ = token.split()
                found.append(FileAtCommit(parent, blob, next(tokens)))
            elif token:
                parent = token.split()[0]
        return found

    def replaced(self, commit: str) -> list[FileAtCommit]:
        """Return the files that a commit changed or deleted, as each of its parents has them."""
        if commit not in self._replaced:
            parents = self._text("rev-list", "--parents", "-1", commit).split()[1:]
            words = ("diff-tree", "-r", "-z", "--no-renames", "--diff-filter=DM")
            # Each line of changes is `:modes blobs STATUS`, then the path.
            changes = ((each, self._text(*words, each, commit).split("\0")) for each in parents)
            self._replaced[commit] = [
                FileAtCommit(parent, about.split()[2], path)
                for parent, tokens in changes
                for about, path in zip(tokens[::2], tokens[1::2], strict=False)
                if about[1:7] not in _LINKS
            ]
        return self._replaced[commit]

    def merge_message(self, commit: str, tip: str) -> str:
        """Return the message of the commit that brought `commit` into the branch of `tip`: a merge, or itself.

        `tip` must have `commit` in its history.
        """
        between = f"{commit}..{tip}"
        later = set(self._text("rev-list", "--ancestry-path", between).split())
        line = self._text("rev-list", "--first-parent", "--parents", between).splitlines()
        first = next((each.split() for each in reversed(line) if each.split()[0] in later), [])
        # The child of a commit that the branch itself has says nothing of how the commit came there.
        brought = commit if not first or first[1] == commit else first[0]
        return self._text("log", "-1", "--format=%B", brought)

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the contents of objects, None for those that aren't there, by one `git cat-file --batch`."""
        if not names:
            return []
        output = BytesIO(self.run("cat-file", "--batch", lines="".join(f"{name}\n" for name in names)))
        found: list[bytes | None] = []
        for _ in names:
            size = re.fullmatch(rb"\S+ blob ([0-9]+)\n", output.readline())
            found.append(output.read(int(size[1])) if size else None)
            output.read(1 if size else 0)
        return found

    def run(self, *arguments: str, lines: str = "", variables: Mapping[str, str] | None = None) -> bytes:
        """Run git with `lines` as standard input and these variables set, and return its standard output."""
        # Literal, because `*` and `:` in a file's name are special in a pathspec.
        command = ["git", "--literal-pathspecs", "-C", str(self.directory), *arguments]
        try:
            # No shell is involved, and names come after `--` or `--verify`, or on stdin: none can act as an option.
            done = subprocess.run(  # noqa: S603
                command,
                input=lines.encode(errors="surrogateescape"),
                capture_output=True,
                check=True,
                timeout=SECONDS,
                env=_environment() | dict(variables or {}),
            )
        except FileNotFoundError:
            raise NoHistory("git isn't installed here, and versions are read from it.", reason="NO_GIT") from None
        except subprocess.TimeoutExpired:
            raise NoHistory("git gave no answer within a minute.", reason="GIT_FAILED") from None
        except subprocess.CalledProcessError as error:
            raise self._failed(error.stderr.decode(errors="replace").strip()) from None
        return done.stdout

    def _index(self) -> dict[str, str]:
        """Return the variable that names this repository's index within a hook; empty where there is none.

        `git commit FILE` and `git commit -a` stage in a file of their own beside it (githooks(5)).
        """
        name = os.environ.get("GIT_INDEX_FILE")
        folder = Path(self._text("rev-parse", "--absolute-git-dir").removesuffix("\n"))
        return (
            {"GIT_INDEX_FILE": str(Path(name).resolve())}
            if name and Path(name).resolve().is_relative_to(folder)
            else {}
        )

    def _or_nothing(self, *arguments: str) -> str:
        """Run git and return its one-word answer; "" where it has none."""
        try:
            return self.run(*arguments).decode().strip()
        except NoHistory as error:
            if error.reason != "GIT_FAILED":
                raise
            return ""

    def _text(self, *arguments: str) -> str:
        return self.run(*arguments).decode(errors="surrogateescape")

    def _failed(self, message: str) -> NoHistory:
        if "not a git repository" in message or "cannot change to" in message:
            return NoHistory(
                f"{self._about} isn't in a git repository. Run this in a clone.", reason="NOT_A_REPOSITORY"
            )
        if remedy := _REMEDY.search(message):
            return NoHistory(
                f"git doesn't read {self._about}, since another user owns it. If you trust it: {remedy[0]}",
                reason="NOT_TRUSTED",
            )
        if "does not have any commits" in message:
            return NoHistory(f"{self._about} isn't in git. Commit it first.", reason="NOT_IN_GIT")
        first = message.splitlines()[0] if message else "it failed"
        return NoHistory(f"git can't tell of {self._about}: {first}", reason="GIT_FAILED")


def _environment() -> dict[str, str]:
    """Return the environment for git: the named repository counts, and messages are in English for `_failed`."""
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    # In a hook that receives commits they are in a directory of their own until it is done (git-receive-pack(1)).
    if "GIT_QUARANTINE_PATH" not in kept:
        kept.pop("GIT_OBJECT_DIRECTORY", None)
    return kept | {"LC_ALL": "C"}


def _read_log(output: str) -> Iterator[FileAtCommit]:
    """Parse `git log --raw -z --format=%H`: a commit's hash, then `:modes blobs STATUS` with one or two paths each."""
    commit = ""
    tokens = iter(output.split("\0"))
    for token in tokens:
        if re.fullmatch("[0-9a-f]{40,64}", token):
            commit = token
        elif token.lstrip("\n").startswith(":"):
            _, mode, _, blob, status = token.split()
            path = next(tokens)
            if status[0] in "RC":  # a rename or copy: the old path comes first, then the new one
                path = next(tokens)
            if status != "D" and mode not in _LINKS:
                yield FileAtCommit(commit, blob, path)
