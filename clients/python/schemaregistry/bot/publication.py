"""Find in git what is to be published: the versions of each document in their order, and where each comes from."""

import re
from collections.abc import Sequence
from typing import Final

from schemaregistry.bot.revisions import Revision, SchemaFile, VersionInHistory, history
from schemaregistry.document import parse_version
from schemaregistry.document.origin import Origin
from schemaregistry.errors import InvalidArgument
from schemaregistry.git import Repository
from schemaregistry.terminal import printable

MAX_PATH: Final = 512
"""Characters that the registry takes of an origin's path."""
PULL_REQUEST: Final = re.compile(
    r"\AMerge pull request #(?P<merge>\d+) from |\A[^\n]*\(#(?P<squash>\d+)\)\s*$"
    r"|^See merge request \S*!(?P<gitlab>\d+)\s*$",
    re.MULTILINE,
)
"""What GitHub and GitLab write into the message of a merge, and GitHub at the end of a squashed commit's first line."""


def versions_of(repository: Repository, file: SchemaFile, commit: str) -> Sequence[VersionInHistory]:
    """Return the versions that led to the file at `commit`, oldest first; the last one is the file itself.

    A version from which the history went back to a lower one was given up, and isn't among them.
    """
    found: list[VersionInHistory] = []
    for each in history(repository, file, commit):
        if not found or _precedes(each.version, found[-1].version):
            found.append(each)
    return found[::-1]


def _precedes(version: str, other: str) -> bool:
    try:
        return parse_version(version) < parse_version(other)
    except InvalidArgument:
        return False


def origin_of(
    repository: Repository, version: VersionInHistory, revision: Revision, name: str, pull_request: str
) -> Origin:
    """Return where a version comes from; without `pull_request` it is read from the merge that brought it."""
    if not pull_request:
        pull_request = pull_request_in(repository.merge_message(version.commit, revision.commit))
    return Origin(name, version.commit, origin_path(version.path), pull_request)


def origin_path(path: str) -> str:
    r"""Return a path in git as an origin can state it: at most 512 printable characters.

    Others are escapes, such as `\n` or `\xe9`, and in the place of the middle of a longer path is `…`.
    """
    # A path in git is bytes, which need not be UTF-8.
    shown = printable(path.encode(errors="surrogateescape").decode(errors="backslashreplace"))
    return shown if len(shown) <= MAX_PATH else f"{shown[: MAX_PATH // 2 - 1]}…{shown[-MAX_PATH // 2 :]}"


def pull_request_in(message: str) -> str:
    """Return the number of the pull request that a commit's message names, "" where it names none."""
    found = PULL_REQUEST.search(message)
    return next(filter(None, found.groups())) if found else ""
