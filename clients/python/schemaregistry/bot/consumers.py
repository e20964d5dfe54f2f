"""Read who consumes which schemas: the YAML files of `schemas/consumers/`, held to `consumer.schema.json`."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

import jsonschema_rs

from schemaregistry.bot.review import Blocker, ConsumerImpact, Published, ReviewNote, SchemaReview
from schemaregistry.bot.revisions import ChangedRevisions
from schemaregistry.bot.strict_yaml import read_yaml
from schemaregistry.compat.consumer_impact import Impact, Reading
from schemaregistry.compat.version_range import VersionRange, parse_range
from schemaregistry.document import Document, Json
from schemaregistry.document.message_text import meant, shown
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument, with_place

FOLDER: Final = "consumers"
SCHEMA: Final[dict[str, Json]] = json.loads(files(__package__).joinpath("consumer.schema.json").read_text("utf-8"))
_VALIDATOR: Final = jsonschema_rs.Draft7Validator(SCHEMA)


@dataclass(frozen=True, slots=True)
class Read:
    """One schema that a consumer reads, in which versions, and how."""

    id: str
    versions: VersionRange
    reading: Reading


@dataclass(frozen=True, slots=True)
class Consumer:
    """One consumer, as its file at `path` declares it. `contact` is whom to ask: a login, a team or an address.

    `identities` are the names of its certificates, by which the registry's observed readers are told to be this one.
    """

    path: str
    name: str
    team: str
    contact: str
    language: str
    reads: tuple[Read, ...]
    identities: frozenset[str] = frozenset()


def declared(base: Mapping[str, bytes], head: Mapping[str, bytes]) -> tuple[Sequence[Consumer], Sequence[Blocker]]:
    """Return the consumers to judge a change by, and the faults of the consumer files at its head.

    `base` and `head` map paths to bytes. A declaration counts as it is at the base, so that a pull request can't delete
    the declaration of a consumer that it breaks; those that the head adds count, too, and so does each schema that it
    adds to one. A file that was moved is known by the consumer's name.
    """
    before, now = stated(base), stated(head)
    blockers = list(_faults(head))
    found = {each.name: each for each in reversed(before)}
    # A name that another file has now hasn't gone to this one.
    at_base = {each.path: each for each in before if each.name not in {other.name for other in now}}
    names: dict[str, str] = {}
    for consumer in now:
        if consumer.name in names:
            text = f"{consumer.path} and {names[consumer.name]} both declare {consumer.name}. Give one another name."
            blockers.append(Blocker(consumer.path, "BROKEN_CONSUMER", text))
            continue
        names[consumer.name] = consumer.path
        old = found.get(consumer.name) or at_base.get(consumer.path)
        if old is None:
            found[consumer.name] = consumer
        else:
            found[old.name] = _with_added(old, consumer)
    return sorted(found.values(), key=lambda each: each.path), blockers


def stated(files: Mapping[str, bytes]) -> Sequence[Consumer]:
    """Return the declarations of one revision that can be read, by their paths."""
    found = []
    for path in sorted(files):
        with suppress(InvalidArgument):
            found.append(read_consumer(path, files[path]))
    return found


def _faults(files: Mapping[str, bytes]) -> Iterator[Blocker]:
    for path in sorted(files):
        try:
            read_consumer(path, files[path])
        except InvalidArgument as error:
            yield Blocker(path, "BROKEN_CONSUMER", with_place(error.message, error.pointer))


def _with_added(old: Consumer, new: Consumer) -> Consumer:
    """Return a consumer as the base declares it, with the schemas and identities that the head adds."""
    known = {each.id for each in old.reads}
    added = tuple(each for each in new.reads if each.id not in known)
    return replace(old, reads=(*old.reads, *added), identities=old.identities | new.identities)


def read_consumer(path: str, raw: bytes) -> Consumer:
    """Read one file; raises InvalidArgument (BAD_CONSUMER)."""
    try:
        value = read_yaml(raw)
    except InvalidArgument as error:
        raise _bad(path, error.message) from None
    for fault in _VALIDATOR.iter_errors(value):
        raise _bad(path, f"{fault.message}. See consumer.schema.json.", pointer(fault.instance_path))
    reads = []
    for index, each in enumerate(value["reads"]):
        try:
            versions = parse_range(each.get("versions", "*"))
        except InvalidArgument as error:
            raise _bad(path, error.message, f"/reads/{index}/versions") from None
        fields = each.get("fields", "all")
        reading = Reading(
            value["language"],
            each.get("how", "by_name"),
            each.get("direction", "forward"),
            None if fields == "all" or "*" in fields else frozenset(fields),
        )
        reads.append(Read(each["schema"], versions, reading))
    return Consumer(
        path,
        value["name"],
        value["team"],
        value["contact"],
        value["language"],
        tuple(reads),
        frozenset(value.get("identity", ())),
    )


def slips(
    consumers: Iterable[Consumer],
    change: ChangedRevisions,
    parse: Callable[[bytes], Document],
    published: Published | None = None,
) -> Iterator[ReviewNote]:
    """Yield a note for each schema and each field that a consumer reads and nobody has: probably a slip.

    Such a declaration is never judged. Fields are looked for in the versions at the base and the head that the consumer
    reads; those of other versions aren't known here. A schema that only the registry has (`published`) is one, too.
    """
    sides = change.base.by_id(), change.head.by_id()
    files = {id: [file for side in sides for file in side.get(id, ())] for id in sorted({*sides[0], *sides[1]})}
    parsed = cache(lambda name: _sound(parse, (file.raw for file in files[name])))
    for consumer in consumers:
        for each in consumer.reads:
            if each.id in files:
                slip = _unknown_fields(each, parsed(each.id)) if each.reading.fields else ()
                yield from (ReviewNote(consumer.path, text) for text in slip)
            elif published is None or not published(each.id):
                yield ReviewNote(consumer.path, f"There is no schema {each.id}.{meant(each.id, files)}")


def _unknown_fields(read: Read, documents: Iterable[Document]) -> Iterator[str]:
    """Yield a sentence for each field that no version has which the consumer reads, where there is one."""
    within = [document for document in documents if read.versions.holds(document.version)]
    names = sorted({name for document in within for name in _names(document)})
    for field in sorted(read.reading.fields or ()) if within else ():
        if field not in names:
            yield f"{read.id} has no field {shown(field)}.{_hint(field, names)}"


def _sound(parse: Callable[[bytes], Document], raws: Iterable[bytes]) -> list[Document]:
    found = []
    for raw in dict.fromkeys(raws):
        with suppress(InvalidArgument):  # reported as a broken document, where the change touches it
            found.append(parse(raw))
    return found


def _names(document: Document) -> Iterator[str]:
    yield from (column.name for column in document.arrow)
    yield from document.schema.get("properties", ())


def _hint(field: str, names: Sequence[str]) -> str:
    outer = field.split(".", maxsplit=1)[0]
    return f" Write {outer}: its members count with it." if outer in names else meant(field, names)


def impacts(
    consumers: Sequence[Consumer], found: SchemaReview, judge: Callable[[Document, Document, Reading], Impact]
) -> tuple[ConsumerImpact, ...]:
    """Judge every consumer that reads the version before the change; the others are left out.

    Whether the readers of a removed schema break can't be told: the registry goes on serving its versions.
    """
    if found.status == "removed":
        why = f"It reads {found.id}, which is removed: there will be no newer version."
        return tuple(
            _impact(consumer, each, Impact(None, why))
            for consumer in consumers
            for each in consumer.reads
            if each.id == found.id
        )
    old, new = found.old_document, found.document
    if old is None or new is None or found.verdict is None:
        return ()
    return tuple(
        _impact(consumer, each, judge(old, new, each.reading))
        for consumer in consumers
        for each in consumer.reads
        if each.id == found.id and each.versions.holds(old.version)
    )


def _impact(consumer: Consumer, read: Read, impact: Impact) -> ConsumerImpact:
    fields = tuple(sorted(read.reading.fields)) if read.reading.fields is not None else ("*",)
    return ConsumerImpact(
        name=consumer.name,
        team=consumer.team,
        language=consumer.language,
        reads=fields,
        direction=read.reading.direction,
        breaks=impact.breaks,
        why=impact.why,
    )


def _bad(path: str, message: str, place: str = "") -> InvalidArgument:
    return InvalidArgument(f"{path}: {message}", reason="BAD_CONSUMER", pointer=place or None)
