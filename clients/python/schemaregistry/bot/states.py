"""States of versions as git has them: the YAML files of `schemas/states/`, held to `state.schema.json`.

`states_of` reads them at a commit, `apply` gives the registry's versions these states, `differing` compares the two.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import jsonschema_rs

from schemaregistry.bot.review import Blocker, ReviewNote
from schemaregistry.bot.revisions import yaml_files
from schemaregistry.document import Json, parse_version
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.version_state import (
    ACTIVE,
    VersionState,
    check_state,
    read_sunset,
    state_facts,
    state_notice,
)
from schemaregistry.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    with_place,
)
from schemaregistry.git import Repository

if TYPE_CHECKING:
    from schemaregistry.client import Client
    from schemaregistry.v1.registry_pb2 import SchemaVersion

FOLDER: Final = "states"
SCHEMA: Final[dict[str, Json]] = json.loads(files(__package__).joinpath("state.schema.json").read_text("utf-8"))
_VALIDATOR: Final = jsonschema_rs.Draft7Validator({**SCHEMA["definitions"]["state"]})
"""Of one state: errors of the whole schema's `oneOf` name no place."""
_REFUSALS: Final = (InvalidArgument, NotFound, AlreadyExists, FailedPrecondition, PermissionDenied)
"""A publisher that is no operator may not set states, and goes on with the documents."""


@dataclass(frozen=True, slots=True)
class StatedState:
    """The state that the file at `path` states for one version."""

    path: str
    id: str
    version: str
    state: VersionState


@dataclass(frozen=True, slots=True)
class StatesInGit:
    """Every state that a commit states, in the order of the files, and what is wrong with them."""

    stated: tuple[StatedState, ...] = ()
    faults: tuple[Blocker, ...] = ()

    def retracted(self, id: str) -> Collection[str]:
        """The versions of an id that are stated to be retracted."""
        return {each.version for each in self.stated if each.id == id and each.state.name == "retracted"}


@dataclass(frozen=True, slots=True)
class StateOutcome:
    """What became of one stated state, in a word or two, and why.

    `result` is `set`, `already so`, `would be set`, `no such version` or `refused`; `forbidden`: for want of rights.
    """

    result: str
    stated: StatedState
    message: str = ""
    revision: int | None = None
    forbidden: bool = False

    @property
    def refused(self) -> bool:
        return self.result in ("refused", "no such version")

    @property
    def line(self) -> str:
        """The outcome in a line."""
        why = f": {self.message}" if self.message else ""
        return f"{self.stated.id} {self.stated.version} {self.stated.state.name}: {self.result}{why}"

    def to_json(self) -> dict[str, Json]:
        """Return the outcome as a JSON object."""
        facts = {"file": self.stated.path, "result": self.result, "id": self.stated.id, "version": self.stated.version}
        return facts | state_facts(self.stated.state) | {"message": self.message, "revision": self.revision}


def states_of(repository: Repository, commit: str, folder: str) -> StatesInGit:
    """Read the states of a commit; `folder` is that of the schemas, from the top of the repository."""
    stated: dict[tuple[str, str], StatedState] = {}
    faults = []
    for path, raw in yaml_files(repository, commit, f"{folder}/{FOLDER}" if folder else FOLDER).items():
        try:
            found = read_states(path, raw)
        except InvalidArgument as error:
            faults.append(Blocker(path, "BROKEN_STATE", with_place(error.message, error.pointer)))
            continue
        for each in found:
            known = stated.setdefault((each.id, each.version), each)
            if known is not each:
                text = f"{known.path} and {path} both state the state of {each.id} {each.version}. Leave it to one."
                faults.append(Blocker(path, "BROKEN_STATE", text))
    return StatesInGit(tuple(stated.values()), tuple(faults))


def read_states(path: str, raw: bytes) -> tuple[StatedState, ...]:
    """Read one file; raises InvalidArgument (BAD_STATE_FILE)."""
    # Only here: without such files PyYAML isn't needed.
    from schemaregistry.bot.strict_yaml import read_yaml  # noqa: PLC0415

    try:
        value = read_yaml(raw)
    except InvalidArgument as error:
        raise _bad(path, error.message) from None
    several = isinstance(value, list)
    found = []
    for index, each in enumerate(value if several else [value]):
        for fault in _VALIDATOR.iter_errors(each):
            place = pointer([*([index] if several else []), *fault.instance_path])
            raise _bad(path, f"{fault.message}. See state.schema.json.", place)
        try:
            version = str(parse_version(each["version"].removeprefix("v")))
            sunset = read_sunset(each["sunset"]) if "sunset" in each else None
            state = check_state(each["state"], each["reason"], sunset)
        except InvalidArgument as error:
            raise _bad(path, error.message, f"/{index}" if several else "") from None
        found.append(StatedState(path, each["id"], version, state))
    return tuple(found)


def apply(client: "Client", states: StatesInGit, *, dry_run: bool = False) -> Iterator[StateOutcome]:
    """Give each version the state that git states, where the registry has another; yield what became of each.

    It can be run again at any time. Versions that git says nothing of stay as they are. A change that someone else
    makes at the same time is not overwritten: that state is refused, with a sentence that says so. Raises RegistryError
    where the registry can't be asked.
    """
    there: dict[str, Mapping[str, SchemaVersion]] = {}
    for stated in states.stated:
        if stated.id not in there:
            there[stated.id] = _versions(client, stated.id)
        found = there[stated.id].get(stated.version)
        if found is None:
            message = "the registry has no such version: publish it first, or mend the file"
            yield StateOutcome("no such version", stated, message)
        else:
            yield _applied(client, stated, found, dry_run=dry_run)


def _applied(client: "Client", stated: StatedState, found: "SchemaVersion", *, dry_run: bool) -> StateOutcome:
    # Only here: a review without a registry needs no gRPC.
    from schemaregistry.client.calls import state_of  # noqa: PLC0415

    if state_of(found) == stated.state:
        return StateOutcome("already so", stated, revision=found.state_revision)
    if dry_run:
        return StateOutcome("would be set", stated)
    try:
        done = client.set_state(stated.id, stated.version, stated.state, expected_revision=found.state_revision)
    except _REFUSALS as error:
        forbidden = isinstance(error, PermissionDenied)
        return StateOutcome("refused", stated, with_place(error.message, error.pointer), forbidden=forbidden)
    return StateOutcome("set" if done.changed else "already so", stated, revision=done.revision)


def _versions(client: "Client", id: str) -> "Mapping[str, SchemaVersion]":
    try:
        return {each.version: each for each in client.list_versions(id)}
    except NotFound:
        return {}


def state_notes(before: StatesInGit, after: StatesInGit) -> Iterator[ReviewNote]:
    """Yield a line for each state that a change adds, changes or no longer states."""
    was = {(each.id, each.version): each for each in before.stated}
    now = {(each.id, each.version): each for each in after.stated}
    for key, stated in now.items():
        former = was[key].state if key in was else ACTIVE
        if stated.state != former:
            notice = state_notice(stated.id, stated.version, stated.state)
            told = notice or f"{stated.id} {stated.version} is active again: {stated.state.reason.rstrip('.')}."
            yield ReviewNote(stated.path, f"{told} (It was {former.name}.)" if key in was else told)
    for key in was.keys() - now.keys():
        each = was[key]
        text = (
            f"{each.id} {each.version} is no longer stated to be {each.state.name}. The registry's version stays as it "
            "is: state `active` to change it."
        )
        yield ReviewNote(each.path, text)


def differing(states: StatesInGit, there: Mapping[str, Mapping[str, VersionState]]) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the version and a sentence for each version whose state differs; `there`: id → version → state."""
    stated = {(each.id, each.version): each.state for each in states.stated}
    for (id, version), state in stated.items():
        found = there.get(id, {}).get(version)
        if found is None:
            yield id, version, f"git states that {id} {version} is {state.name}, and the registry has no such version."
        elif found != state:
            yield (
                id,
                version,
                f"git states that {id} {version} is {_shown(state)}; in the registry it is {_shown(found)}.",
            )
    for id, versions in there.items():
        for version, found in versions.items():
            if found.name != "active" and (id, version) not in stated:
                text = f"In the registry {id} {version} is {_shown(found)}; git states nothing: put it into {FOLDER}/."
                yield id, version, text


def _shown(state: VersionState) -> str:
    facts = state_facts(state)
    sunset = f", sunset {facts['sunset']}" if facts["sunset"] else ""
    return f"{state.name} ({state.reason}{sunset})" if state.reason else state.name


def _bad(path: str, message: str, place: str = "") -> InvalidArgument:
    return InvalidArgument(f"{path}: {message}", reason="BAD_STATE_FILE", pointer=place or None)
