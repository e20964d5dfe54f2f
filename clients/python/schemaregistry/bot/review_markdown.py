"""Write a review as the comment on a pull request, in GitHub's Markdown.

It is made from the review's JSON alone, which may come from a fork: nothing in it is markup, a mention or a link.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, TypeAlias

from schemaregistry.bot.markdown import block, code, sentence
from schemaregistry.bot.review import UNMENDABLE
from schemaregistry.document import Json
from schemaregistry.document.message_text import cut
from schemaregistry.terminal import json_text

MARK: Final = "<!-- schemaregistry: review -->"
"""The hidden text by which the comment is found again."""
MOST: Final = 65_536
"""Characters that GitHub takes in a comment; those beyond U+FFFF count twice here, to be sure."""
LABEL: Final = "schema-override"
_SHOWN: Final = 12
"""Changes, consumers or suggestions of one document that are shown."""
_VALUE: Final = 200
"""Characters of a value or name that are shown."""
_TEXT: Final = 1_200
"""Characters of a sentence that are shown."""
_BLOCK: Final = 3_000
"""Characters of a record, row or diff that are shown."""
_BUMPS: Final = ("patch", "minor", "major")

ReviewJson: TypeAlias = Mapping[str, Any]
"""A review as `review_json` writes it, and any part of it that is an object."""


def review_markdown(review: ReviewJson, *, most: int = MOST, rest: str = "") -> str:
    """Return the comment, of at most `most` characters.

    What doesn't fit is counted, and is in the review's JSON; `rest` is the address of a page that has it.
    """
    touched = [each for each in review["schemas"] if each["status"] != "unchanged"]
    ending = f"Judged {code(review['base'][:12])} … {code(review['head'][:12])}."
    where = f"[the whole review]({rest})" if rest else "the review's JSON"
    parts = [f"{MARK}\n{headline(review)}", *_blocked(review, most // 3), *_notes(review, most // 6)]
    left = most - length("\n\n".join(parts)) - length(ending) - len(rest) - 100
    for index, found in enumerate(touched):
        part = "\n\n".join(_schema(found))
        left -= length(part) + 2
        if left < 0:
            parts.append(f"**{len(touched) - index:,} more** {_noun(len(touched) - index)} in {where}.")
            break
        parts.append(part)
    return "\n\n".join([*parts, ending])


def length(text: str) -> int:
    """Return the length in UTF-16 units: at least as long as however GitHub counts characters."""
    return len(text.encode("utf-16-le")) // 2


def headline(review: ReviewJson) -> str:
    """Return the first line: the answer, the verdict, the risk, and the bump that the change takes."""
    needed = [each["required_bump"] for each in review["schemas"] if each["required_bump"]]
    bump = f", takes a **{max(needed, key=_BUMPS.index)}** version" if needed else ""
    return f"**{state(review)}: {review['verdict']}**, risk **{review['risk']}**{bump}"


def state(review: ReviewJson) -> str:
    """Return the answer in a word: Blocked, Overridden or Passes."""
    return "Blocked" if review["blocked"] else "Overridden" if review["blocked_because"] else "Passes"


def _noun(count: int) -> str:
    return "schema" if count == 1 else "schemas"


def _blocked(review: ReviewJson, most: int) -> Iterator[str]:
    blockers = review["blocked_because"]
    if not blockers:
        return
    # Those that still block come first: they must not be among the ones that aren't shown.
    yield _fitting([_blocker(each) for each in sorted(blockers, key=lambda each: "lifted_by" in each)], most)
    if review["overridden_by"]:
        yield f"Overridden by the code owner {_name(review['overridden_by'])}, by the label {code(LABEL)}."
    left = {each["reason"] for each in blockers if "lifted_by" not in each}
    if left and not left & UNMENDABLE:
        ways = ["a code owner of these files sets the label " + code(LABEL) + " after the last push"]
        if "CONSUMER_BREAKS" in left:
            ways.append("an owner of each consumer that breaks approves this commit")
        yield f"To let it through as it is, {', or '.join(ways)}."


def _fitting(lines: Sequence[str], most: int) -> str:
    """Return the lines of a list that fit into so many characters, and how many don't."""
    ends = accumulate(length(line) + 1 for line in lines)
    count = sum(1 for end in ends if end <= most)
    more = [f"- {len(lines) - count:,} more in the review's JSON"] if count < len(lines) else []
    return "\n".join([*lines[:count], *more])


def _blocker(blocker: ReviewJson) -> str:
    lifted = f" Let through by {_name(blocker['lifted_by'])}." if "lifted_by" in blocker else ""
    return f"- {_name(blocker['id'])} {blocker['reason']}: {_sentence(blocker['text'])}{lifted}"


def _notes(review: ReviewJson, most: int) -> Iterator[str]:
    if review["notes"]:
        yield _fitting([f"- note: {_name(each['path'])}: {_sentence(each['text'])}" for each in review["notes"]], most)


def _schema(found: ReviewJson) -> Iterator[str]:
    yield f"### {_name(found['id'] or found['path'])} {found['status']}{_versions(found)}"
    former = f", before {_name(found['former_path'])}" if "former_path" in found else ""
    yield f"{_name(found['path'])}{former}"
    if "problem" in found:
        problem = found["problem"]
        place = f" (at {_name(problem['pointer'])})" if problem["pointer"] else ""
        yield f"{_sentence(problem['message'])}{place}"
    if found["verdict"] is not None:
        yield from _verdict(found, found["verdict"])
    for each in found.get("suggestions", ())[:_SHOWN]:
        yield _sentence(each["text"])
        yield _block("\n".join(each["diff"]), "diff")
    if found["consumers"]:
        yield _consumers(found["consumers"])


def _versions(found: ReviewJson) -> str:
    before, after = found["from"], found["to"]
    if before and after and before != after:
        return f" {_name(before)} → {_name(after)}"
    return f" {_name(after or before)}" if after or before else ""


def _verdict(found: ReviewJson, verdict: ReviewJson) -> Iterator[str]:
    states = f"{verdict['verdict']}, risk {verdict['risk']}, takes a {verdict['required_bump']} version"
    changes = [_change(change) for change in verdict["changes"][:_SHOWN]]
    # With a single change its own line says it.
    message = "" if [each["reason"] for each in verdict["changes"]] == [verdict["message"]] else verdict["message"]
    yield f"**{states}**, states {found['stated_bump']}. {_sentence(message)}".rstrip()
    if "witness" in verdict:
        under, against = ("the old", "the new") if verdict["witness_valid_under"] == "old" else ("the new", "the old")
        yield f"This record is valid under {under} version and fails under {against} one:"
        yield _block(json_text(verdict["witness"], indent=2), "json")
    if found.get("row"):
        yield (
            "As a row of Arrow:" if "witness" in verdict else "In Arrow this value fits one version and not the other:"
        )
        yield _block(
            "\n".join(f"{each['column']}: {each['type']} = {json_text(each['value'])}" for each in found["row"])
        )
    if len(verdict["changes"]) > _SHOWN:
        changes.append(f"- {len(verdict['changes']) - _SHOWN:,} more in the review's JSON")
    if changes:
        yield "\n".join(changes)


def _change(change: ReviewJson) -> str:
    values = " → ".join(_value(change[side]) if side in change else "nothing" for side in ("old", "new"))
    return f"- {_name(change['pointer'] or '/')} {change['effect']}: {values}. {_sentence(change['reason'])}"


def _value(value: Json) -> str:
    return _name(value if isinstance(value, str) else json_text(value))


def _name(text: str) -> str:
    return code(cut(text, _VALUE))


def _sentence(text: str) -> str:
    return sentence(cut(text, _TEXT))


def _block(text: str, language: str = "") -> str:
    return block(cut(text, _BLOCK), language)


def _consumers(consumers: Sequence[ReviewJson]) -> str:
    states = {True: "**breaks**", False: "goes on", None: "can't be told"}
    # Those that break come first: they must not be among the ones that aren't shown.
    ordered = sorted(consumers, key=lambda each: (each["breaks"] is not True, each["breaks"] is False))
    lines = ["| who | team | language | | why |", "| --- | --- | --- | --- | --- |"]
    for each in ordered[:_SHOWN]:
        who = _name(each["name"]) + (" (seen, not declared)" if each["source"] == "observed" else "")
        cells = (who, _name(each["team"]), _name(each["language"]), states[each["breaks"]], _sentence(each["why"]))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    if len(ordered) > _SHOWN:
        lines.append(f"| {len(ordered) - _SHOWN:,} more | | | | |")
    return "\n".join(lines)
