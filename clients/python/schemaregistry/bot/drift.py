"""Compare the documents of a git revision with what the registry has: who is ahead, and what differs."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from schemaregistry.bot.revisions import Revision, SchemaFile, stated_fingerprint
from schemaregistry.document import Json, parse_version
from schemaregistry.errors import InvalidArgument
from schemaregistry.terminal import printable

State: TypeAlias = Literal["ahead", "behind", "different", "unknown_id", "broken", "state"]
"""`ahead` and `behind` are git's: a version that only git has, and one that only the registry has.

`state`: a version is deprecated or retracted in one of them, and not so in the other.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One version that differs between git and the registry, or that one of them lacks, and what to do."""

    id: str
    version: str
    state: State
    text: str


def differences(
    revision: Revision,
    registered: Mapping[str, Mapping[str, str]],
    earlier: Callable[[SchemaFile], Mapping[str, bytes]],
    retracted: Mapping[str, Collection[str]],
) -> Sequence[Difference]:
    """Return what differs, by id. `registered`: id → version → fingerprint; `retracted`: id → versions of the registry.

    `earlier` gives the versions that git's history has of a file, which are looked at only where the registry has more
    versions than the file itself.
    """
    return sorted(_differences(revision, registered, earlier, retracted), key=lambda found: (found.id, found.version))


def published_elsewhere(revision: Revision, origins: Mapping[str, str], repository: str) -> Sequence[str]:
    """Return the ids that the revision doesn't have and another repository than `repository` published last.

    `origins`: id → the repository of its last version, "" where that isn't known. None without `repository`.
    """
    in_git = revision.by_id()
    return [id for id, origin in origins.items() if id not in in_git and repository and origin not in {"", repository}]


def _differences(
    revision: Revision,
    registered: Mapping[str, Mapping[str, str]],
    earlier: Callable[[SchemaFile], Mapping[str, bytes]],
    retracted: Mapping[str, Collection[str]],
) -> Iterator[Difference]:
    in_git = revision.by_id()
    for file in revision.files:
        if not file.id or not file.version:
            yield Difference(file.id or file.path, "", "broken", f"{file.path} states no id and version.")
    for id, (file, *_) in in_git.items():
        if file.version:
            yield from _of_file(file, registered.get(id, {}), earlier, retracted.get(id, ()))
    for id in registered.keys() - in_git.keys():
        if set(registered[id]) <= set(retracted.get(id, ())):
            continue  # the schema was taken back
        text = f"The registry has {id}, and no file at this revision states that id: put the document into git."
        yield Difference(id, "", "unknown_id", text)


def _of_file(
    file: SchemaFile,
    there: Mapping[str, str],
    earlier: Callable[[SchemaFile], Mapping[str, bytes]],
    retracted: Collection[str],
) -> Iterator[Difference]:
    version = file.version.removeprefix("v")
    if version not in there:
        yield Difference(file.id, version, "ahead", f"{file.path}: {version} isn't published. Run `bot publish`.")
    elif stated_fingerprint(file.raw) != there[version]:
        text = f"{version} has other content in git than in the registry ({there[version]}). A version never changes."
        yield Difference(file.id, version, "different", text)
    # The content that the history has of an earlier version isn't compared: nobody can change it any more.
    others = [each for each in there if each != version]
    known = earlier(file) if others else {}
    for each in others:
        if each not in known:
            text = f"The registry has {each}, and git's history of {file.path} doesn't: fetch, or put it into git."
            yield Difference(file.id, each, "behind", text)
        elif each not in retracted and _is_higher(each, version):
            text = f"The registry has {each}, and {file.path} went back to {version}: retract {each}, or put it back."
            yield Difference(file.id, each, "behind", text)


def _is_higher(version: str, other: str) -> bool:
    try:
        return parse_version(version) > parse_version(other)
    except InvalidArgument:
        return False  # `other` is what a file states; that it isn't published is told


def drift_json(found: Sequence[Difference], commit: str) -> dict[str, Json]:
    """Return the differences as a JSON object."""
    return {"drift": bool(found), "rev": commit, "differences": [asdict(each) for each in found]}


def drift_text(found: Sequence[Difference], commit: str) -> str:
    """Return the differences as lines, one each."""
    lines = [
        printable(f"{each.state}: {each.id}{f' {each.version}' if each.version else ''}: {each.text}") for each in found
    ]
    return "\n".join(lines or [f"The registry has what git has at {commit[:12]}."])
