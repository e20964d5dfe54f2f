"""Write a review as a check run: its conclusion, a summary, and an annotation at each line that it talks of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from schemaregistry.bot.github_api import Conclusion, GitHubApi, PostedCheck
from schemaregistry.bot.review_markdown import ReviewJson, review_markdown, state
from schemaregistry.document.message_text import cut
from schemaregistry.terminal import inert, printable

NAME: Final = "schema review"
AT_ONCE: Final = 50
"""Annotations of one request: the most that GitHub takes."""
_MOST: Final = 500
"""Annotations of a review; the comment and the review's JSON have the rest."""
_SUMMARY: Final = 65_535
"""Characters of a summary."""
_MESSAGE: Final = 4_000
_TITLE: Final = 200
_CONCLUSIONS: Final[dict[str, Conclusion]] = {"Blocked": "failure", "Overridden": "neutral", "Passes": "success"}
_OF_VERSION: Final = frozenset(
    {"PUBLISHED_VERSION_EDITED", "VERSION_LOWERED", "MAJOR_SKIPPED", "BUMP_TOO_SMALL", "HIGH_RISK"}
)
"""Reasons that are about the member `version`."""
_OF_FILES: Final = frozenset({"BROKEN_CONSUMER", "BROKEN_STATE"})
"""Reasons that are about a file beside the documents, whose path is their `id`."""

AnnotationLevel: TypeAlias = Literal["notice", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A message at one line of a file."""

    path: str
    level: AnnotationLevel
    title: str
    message: str
    line: int = 1
    column: int = 1
    end_column: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        return {
            "path": self.path,
            "start_line": self.line,
            "end_line": self.line,
            "start_column": self.column,
            "end_column": self.end_column,
            "annotation_level": self.level,
            # Plain text on GitHub's pages, which logs of its runners may repeat.
            "title": cut(inert(printable(self.title)), _TITLE),
            "message": cut(inert(printable(self.message)), _MESSAGE),
        }


def post_check(github: GitHubApi, review: ReviewJson, rest: str = "") -> PostedCheck:
    """Create the check run on the review's head; `rest` is the address of a page with the whole review."""
    found = [each.as_json() for each in annotations(review)]
    output: dict[str, Any] = {
        "title": f"{state(review)}: {review['verdict']}, risk {review['risk']}",
        "summary": review_markdown(review, most=_SUMMARY, rest=rest),
    }
    made = github.create_check(
        NAME, review["head"], _CONCLUSIONS[state(review)], {**output, "annotations": found[:AT_ONCE]}, rest
    )
    for start in range(AT_ONCE, len(found), AT_ONCE):
        github.add_to_check(made.id, {**output, "annotations": found[start : start + AT_ONCE]})
    return made


def annotations(review: ReviewJson) -> Sequence[Annotation]:
    """Return the annotations, at most _MOST, those of what blocks first."""
    found = [each for schema in review["schemas"] if schema["status"] != "removed" for each in _of(schema, review)]
    found += [
        Annotation(each["id"], "failure", each["reason"], each["text"])
        for each in review["blocked_because"]
        if each["reason"] in _OF_FILES
    ]
    ranks = ("failure", "warning", "notice")
    return sorted(found, key=lambda each: ranks.index(each.level))[:_MOST]


def _of(schema: ReviewJson, review: ReviewJson) -> Iterator[Annotation]:
    blockers = [each for each in review["blocked_because"] if each["id"] in (schema["id"], schema["path"])]
    worst: AnnotationLevel = "failure" if blockers and review["blocked"] else "warning"
    if "problem" in schema:
        problem = schema["problem"]
        yield _at(schema, problem["pointer"], worst, "BROKEN_DOCUMENT", problem["message"])
    if schema["verdict"] is None:
        return
    for blocker in blockers:
        if blocker["reason"] in _OF_VERSION:
            yield _at(schema, "/version", worst, blocker["reason"], blocker["text"])
    for change in schema["verdict"]["changes"]:
        breaks = change["effect"] in ("incompatible", "unknown")
        title = f"{change['effect']}: {change['pointer'] or '/'}"
        yield _at(schema, change["pointer"], worst if breaks else "notice", title, change["reason"])


def _at(schema: ReviewJson, pointer: str, level: AnnotationLevel, title: str, message: str) -> Annotation:
    return Annotation(schema["path"], level, title, message, **schema.get("places", {}).get(pointer, {}))
