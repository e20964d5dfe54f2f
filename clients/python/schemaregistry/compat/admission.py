"""Admit a new version: it is greater than all of its line, and its bump is as large as its verdict requires.

Versions follow Semver 2.0.0, with two rules where Semver promises nothing. Below 1.0.0 the minor number counts as the
major one: 0.2.0 may break 0.1.0. Bumps are measured from the latest release of the line, if any, else from the latest
pre-release; `judged_history.py` has the lines and selects that version.
"""

from collections.abc import Collection, Sequence
from typing import Final

from semver import Version

from schemaregistry.compat.compatibility import check_history, in_order, undecided_history
from schemaregistry.compat.judged_history import judged_against, line_history
from schemaregistry.compat.verdict import Bump, Verdict
from schemaregistry.document.model import Document
from schemaregistry.errors import FailedPrecondition

RANK: Final[dict[Bump, int]] = {"patch": 0, "minor": 1, "major": 2}


class RefusedVersion(FailedPrecondition):
    """The version may not follow the earlier ones; `verdict` is the verdict on the change."""

    def __init__(self, message: str, *, reason: str, verdict: Verdict) -> None:
        super().__init__(message, reason=reason, pointer="/version")
        self.verdict = verdict


def admit(
    versions: Sequence[Document], new: Document, *, seconds: float = 1.0, taken: Collection[str] = ()
) -> Verdict | None:
    """Judge `new` within about `seconds` and return the verdict with which it may follow `versions`.

    `versions` may be in any order; without any, the result is None: an id may begin with any version. `taken` are the
    numbers of retracted versions, which no refusal advises.

    Raises RefusedVersion where the version isn't greater than all of its line (VERSION_NOT_GREATER), jumps over a major
    one (MAJOR_SKIPPED), or the bump is too small for the change (BUMP_TOO_SMALL).
    """
    if not versions:
        return None
    verdict = check_history(_followed(versions, new), new, seconds=seconds)
    enforce(versions, new, verdict, taken)
    return verdict


def admit_undecided(versions: Sequence[Document], new: Document, reason: str, taken: Collection[str] = ()) -> Verdict:
    """Admit `new` with the verdict "unknown", because judging was given up for `reason`.

    `versions` has at least one version. Raises RefusedVersion as `admit` does: an unknown verdict takes a major bump.
    """
    verdict = undecided_history(_followed(versions, new), new, reason)
    enforce(versions, new, verdict, taken)
    return verdict


def enforce(versions: Sequence[Document], new: Document, verdict: Verdict, taken: Collection[str] = ()) -> None:
    """Raise RefusedVersion where `new` breaks a rule, given the verdict on `new` after `versions`."""
    history = _followed(versions, new)
    latest = history[-1].version
    if new.version <= latest:
        whose = "the highest" if len(history) == len(versions) else "the highest of its line"
        raise RefusedVersion(
            f"Versions grow: {new.version} is not greater than {latest}, {whose}. "
            f"Take {least_version(versions, new, verdict.required_bump, taken)} or more.",
            reason="VERSION_NOT_GREATER",
            verdict=verdict,
        )
    base = _base(history)
    if skips_major(base, new.version):
        raise RefusedVersion(skipped_major(base, new.version), reason="MAJOR_SKIPPED", verdict=verdict)
    # Pre-releases promise nothing (docs/decisions/compatibility.md): 2.0.0-rc.2 may break 2.0.0-rc.1.
    if base.prerelease is None and RANK[bump(base, new.version)] < RANK[verdict.required_bump]:
        least = least_version(versions, new, verdict.required_bump, taken)
        raise RefusedVersion(
            f"{base} → {new.version} is too small a step: this change takes {least} or more "
            f"({verdict.required_bump}). {verdict.message}",
            reason="BUMP_TOO_SMALL",
            verdict=verdict,
        )


def _followed(versions: Sequence[Document], new: Document) -> Sequence[Document]:
    return line_history(in_order(versions), new.version)


def _base(history: Sequence[Document]) -> Version:
    """Return the version from which a bump is measured."""
    return judged_against(history, None)[0].version


def skips_major(old: Version, new: Version) -> bool:
    """Tell whether a step leaves out a major version: 1.4.0 → 3.0.0, and 0.4.0 → 2.0.0."""
    return new.major > old.major + 1


def skipped_major(old: Version, new: Version) -> str:
    """Return the sentence that refuses such a step."""
    following = old.bump_major()
    return (
        f"{old} → {new} jumps over a major version. Take {following}, the next one "
        f"({following.bump_patch()} where a retracted version has that number)."
    )


def bump(old: Version, new: Version) -> Bump:
    """Return which number grows from one version to a greater one; below 1.0.0 the minor number counts as major."""
    if new.major != old.major:
        return "major"
    if new.minor != old.minor:
        return "major" if old.major == 0 else "minor"
    return "minor" if old.major == 0 else "patch"


def least_version(versions: Sequence[Document], new: Document, required: Bump, taken: Collection[str] = ()) -> Version:
    """Return the smallest release that `new` could have after `versions` with the required bump.

    After 1.0.0 and 1.1.0-rc.1 that is 1.1.0 even for a patch: 1.0.1 would be less than 1.1.0-rc.1. What needs a major
    bump begins a line behind all others: after 1.0.0 and 2.0.0, a change that breaks 1.0.0 takes 3.0.0.
    Numbers that are `taken` are passed over.
    """
    least = _least_step(versions, new, required)
    while str(least) in taken:
        least = least.bump_patch()
    return least


def _least_step(versions: Sequence[Document], new: Document, required: Bump) -> Version:
    history = _followed(versions, new)
    if required == "major":
        history = in_order(versions)
        history = line_history(history, _stepped(_base(history), required))
    latest, base = history[-1].version, _base(history)
    if base.prerelease is None and (least := _stepped(base, required)) > latest:
        return least
    return latest.finalize_version()


def _stepped(base: Version, required: Bump) -> Version:
    if base.major == 0:  # the minor number is the major one here, so that patch is all that is left for the rest
        return base.bump_minor() if required == "major" else base.bump_patch()
    steps = {"major": base.bump_major, "minor": base.bump_minor, "patch": base.bump_patch}
    return steps[required]()
