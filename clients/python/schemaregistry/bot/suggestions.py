"""Suggest edits of a document that make a blocked change pass; each is judged before it is shown."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import unified_diff
from typing import Final, TypeAlias

from schemaregistry.bot.review import ConsumerImpact, Judge, SchemaReview, Suggestion, step
from schemaregistry.compat import Verdict
from schemaregistry.compat.admission import RANK, least_version
from schemaregistry.document import Document, Json, loads
from schemaregistry.document.json_edit import as_text, inserted, removed, replaced, text_at
from schemaregistry.errors import InvalidArgument

_LONG_LINE: Final = 240
_NAMES: Final = 8
"""Fields that a suggestion puts back: a change of more is no slip."""

DeclaredImpacts: TypeAlias = Callable[[SchemaReview], Sequence[ConsumerImpact]]


@dataclass(frozen=True, slots=True)
class Suggester:
    """Finds the edits: the nearest compatible change that `judge` proves, and the version that the change needs."""

    judge: Judge
    impacts: DeclaredImpacts
    seconds: float = 1.0

    def __call__(self, found: SchemaReview) -> Sequence[Suggestion]:
        """Return the edits, the nearest compatible change first; none for a document that is broken."""
        compatible = next(self._compatible(found), None)
        return [each for each in (compatible, larger_version(found)) if each is not None]

    def _compatible(self, found: SchemaReview) -> Iterator[Suggestion]:
        new, old = found.document, found.old_document
        if new is None or old is None or found.verdict is None:
            return
        for words, edited in _candidates(old, new, found.verdict):
            # An edit that can't be made, or makes no document, is no suggestion.
            with suppress(KeyError, InvalidArgument):
                text = self._proven(found, edited())
                if text:
                    yield Suggestion(words, diff(new.raw.decode(), text))

    def _proven(self, found: SchemaReview, text: str) -> str:
        """Return the text, with a larger version where it takes one, if nothing blocks it any more; else ""."""
        for raw in (text, ""):
            document = self.judge.parse((raw or text).encode())
            verdict = self.judge.check(found.judged_against, document, None, self.seconds)
            if verdict.outcome.value != "compatible" or verdict.risk == "high":
                return ""
            least = least_version(found.history, document, verdict.required_bump)
            if not raw or _is_enough(found, document, verdict):
                break
            text = replaced(text, "/version", as_text(str(least)))
        impacts = self.impacts(replace(found, document=document, verdict=verdict))
        return "" if any(each.breaks for each in impacts) else text


def _is_enough(found: SchemaReview, document: Document, verdict: Verdict) -> bool:
    base = next(each.version for each in found.judged_against if str(each.version) == verdict.old_version)
    stated = step(base, document.version)
    if stated in ("none", "lowered"):
        return False
    return RANK[stated if stated in ("major", "minor") else "patch"] >= RANK[verdict.required_bump]


def _candidates(old: Document, new: Document, verdict: Verdict) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield what to say and how to edit the document, the edit that keeps most of the change first."""
    old_text, new_text = old.raw.decode(), new.raw.decode()
    names = _names(old, new, verdict)
    if not 0 < len(names) <= _NAMES:
        return
    before, after = _Sides.of(old), _Sides.of(new)
    shown = ", ".join(f"`{name}`" for name in names)
    kept = [name for name in names if name in before.names]
    added = [name for name in names if name not in before.names]
    changed = [name for name in kept if name in after.names]

    def mended(*, beside: bool) -> str:
        text = new_text
        for name in added:
            text = _optional(text, name)
        for name in kept:
            if beside and name in changed:
                text = _beside(text, name)
            text = _as_before(text, old_text, name)
        return text

    if changed:
        yield f"Keep {shown} as before, and add the new form beside it:", lambda: mended(beside=True)
        yield f"Keep {shown} as before:", lambda: mended(beside=False)
    elif kept:
        yield f"Keep {shown}, and say in the description what is deprecated:", lambda: mended(beside=False)
    else:
        yield f"Make {shown} optional:", lambda: mended(beside=False)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The names of a document's members and columns."""

    names: frozenset[str]

    @classmethod
    def of(cls, document: Document) -> "_Sides":
        columns = () if document.arrow_derived else (column.name for column in document.arrow)
        return cls(frozenset((*document.schema.get("properties", {}), *columns)))


def _names(old: Document, new: Document, verdict: Verdict) -> list[str]:
    """Return the members and columns that break readers; none where a change isn't about a single one."""
    found: dict[str, None] = {}
    for change in verdict.changes:
        if change.effect not in ("incompatible", "unknown"):
            continue
        name = _name(change.pointer, change.kind, change.new if isinstance(change.new, str) else change.old, old, new)
        if not name:
            return []
        found[name] = None
    return list(found)


def _name(pointer: str, kind: str, value: Json, old: Document, new: Document) -> str:
    if pointer == "/required":
        return value if isinstance(value, str) else ""
    if match := re.match(r"/properties/([^/]+)", pointer):
        return match[1].replace("~1", "/").replace("~0", "~")
    if match := re.match(r"/arrow/fields/(\d+)", pointer):
        columns = (old if kind.endswith("field_removed") else new).arrow
        return columns[int(match[1])].name if int(match[1]) < len(columns) else ""
    return ""


def _optional(text: str, name: str) -> str:
    """Take a member out of `required`, and let its column be null."""
    text = _required(text, name, wanted=False)
    at = _column(text, name)
    if at is not None and loads(text.encode())["arrow"]["fields"][at].get("nullable") is False:
        text = removed(text, f"/arrow/fields/{at}/nullable")
    return text


def _as_before(text: str, old_text: str, name: str) -> str:
    """Give a member and its column the form, and the place in `required`, that they had."""
    old, new = loads(old_text.encode()), loads(text.encode())
    pointer = f"/properties/{name.replace('~', '~0').replace('/', '~1')}"
    if name in old.get("properties", {}):
        form = text_at(old_text, pointer)
        there = name in new.get("properties", {})
        text = replaced(text, pointer, form) if there else inserted(text, "/properties", form, name=name)
    text = _required(text, name, wanted=name in old.get("required", ()))
    before, at = _column(old_text, name), _column(text, name)
    if before is not None and at is None:
        return inserted(text, "/arrow/fields", text_at(old_text, f"/arrow/fields/{before}"), at=before)
    return (
        text if before is None else replaced(text, f"/arrow/fields/{at}", text_at(old_text, f"/arrow/fields/{before}"))
    )


def _beside(text: str, name: str) -> str:
    """Add a copy of a member and its column, under another name, as the last ones; it isn't required."""
    value = loads(text.encode())
    at = _column(text, name)
    kind = value["arrow"]["fields"][at]["type"]["name"] if at is not None else "new"
    other = f"{name}_{kind}"
    if other in value.get("properties", {}) or _column(text, other) is not None:
        raise KeyError(other)
    if name in value.get("properties", {}):
        text = inserted(text, "/properties", as_text(value["properties"][name]), name=other)
    if at is not None:
        column = {**value["arrow"]["fields"][at], "name": other}
        column.pop("nullable", None)
        text = inserted(text, "/arrow/fields", as_text(column))
    return text


def _required(text: str, name: str, *, wanted: bool) -> str:
    value = loads(text.encode())
    names = value.get("required", [])
    if wanted and name not in names:
        if "required" not in value:
            return inserted(text, "", as_text([name]), name="required")
        return inserted(text, "/required", as_text(name))
    return removed(text, f"/required/{names.index(name)}") if not wanted and name in names else text


def _column(text: str, name: str) -> int | None:
    fields = loads(text.encode()).get("arrow", {}).get("fields", ())
    return next((index for index, each in enumerate(fields) if each["name"] == name), None)


def larger_version(found: SchemaReview) -> Suggestion | None:
    """Return the edit of `version` by which the change is a large enough step; None where it is one already."""
    new, least = found.document, found.least
    if new is None or least is None or found.stated_bump == "major":
        return None
    if new.version >= least and found.stated_bump not in ("none", "lowered"):
        return None
    text = new.raw.decode()
    words = "With this version the step is large enough, and readers choose when they take it:"
    return Suggestion(words, diff(text, replaced(text, "/version", as_text(str(least)))))


def diff(old: str, new: str) -> tuple[str, ...]:
    """Return the lines that differ, with two around them, as a unified diff without the names of files.

    Documents on few long lines, in which no difference could be seen, are compared as they would be with a line for
    each member.
    """
    if max(map(len, old.splitlines()), default=0) > _LONG_LINE:
        old, new = (json.dumps(loads(text.encode()), indent=2, ensure_ascii=False) for text in (old, new))
    return tuple(unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm=""))[2:]
