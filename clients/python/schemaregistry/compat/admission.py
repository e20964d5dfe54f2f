"""The rules of writing: a new version is greater than all before it, and its bump is as large as its verdict requires.

Semver 2.0.0, with two choices where it leaves one. In 0.x the minor number stands for the major one: 0.2.0 may break
0.1.0. Pre-releases promise nothing: a step is counted from the newest version that `judged_against` names.
"""

from collections.abc import Sequence
from typing import Final

from semver import Version

from schemaregistry.compat.compatibility import check_history, in_order, undecided_history
from schemaregistry.compat.judged_history import judged_against
from schemaregistry.compat.verdict import Bump, Verdict
from schemaregistry.document.model import Document
from schemaregistry.errors import FailedPrecondition

RANK: Final[dict[Bump, int]] = {"patch": 0, "minor": 1, "major": 2}


class RefusedVersion(FailedPrecondition):
    """The version may not follow those that are there; `verdict` says what the change is."""

    def __init__(self, message: str, *, reason: str, verdict: Verdict) -> None:
        super().__init__(message, reason=reason, pointer="/version")
        self.verdict = verdict


def admit(versions: Sequence[Document], new: Document, *, seconds: float = 1.0) -> Verdict | None:
    """Give the verdict with which `new` may follow `versions`, in any order; None for a first version.

    Raises RefusedVersion: VERSION_NOT_GREATER, or BUMP_TOO_SMALL.
    """
    if not versions:
        return None
    verdict = check_history(versions, new, seconds=seconds)
    enforce(versions, new, verdict)
    return verdict


def admit_undecided(versions: Sequence[Document], new: Document, reason: str) -> Verdict:
    """As `admit` after `versions`, one or more, where the verdict was not waited for, for `reason`."""
    verdict = undecided_history(versions, new, reason)
    enforce(versions, new, verdict)
    return verdict


def enforce(versions: Sequence[Document], new: Document, verdict: Verdict) -> None:
    """Apply the rules to a verdict that is there already; raises RefusedVersion."""
    latest = max(document.version for document in versions)
    if new.version <= latest:
        raise RefusedVersion(
            f"Versions grow: {new.version} is not greater than {latest}, the latest. "
            f"Take {_least(versions, verdict.required_bump)} or more.",
            reason="VERSION_NOT_GREATER",
            verdict=verdict,
        )
    base = _base(versions)
    if base.prerelease is None and RANK[bump(base, new.version)] < RANK[verdict.required_bump]:
        raise RefusedVersion(
            f"{base} → {new.version} is too small a step: this change takes "
            f"{_least(versions, verdict.required_bump)} or more ({verdict.required_bump}). {verdict.message}",
            reason="BUMP_TOO_SMALL",
            verdict=verdict,
        )


def _base(versions: Sequence[Document]) -> Version:
    """The version from which a step is counted."""
    return judged_against(in_order(versions), None)[0].version


def bump(old: Version, new: Version) -> Bump:
    """Name the step from one version to a greater one; below 1.0.0 a minor step is a major one."""
    if new.major != old.major:
        return "major"
    if new.minor != old.minor:
        return "major" if old.major == 0 else "minor"
    return "minor" if old.major == 0 else "patch"


def _least(versions: Sequence[Document], required: Bump) -> Version:
    """The smallest release that is greater than all of `versions` and as large a step as is required.

    After 1.0.0 and 1.1.0-rc.1 a patch takes 1.1.0: it is greater than its own pre-release.
    """
    latest, base = max(document.version for document in versions), _base(versions)
    if base.prerelease is None and (least := _stepped(base, required)) > latest:
        return least
    return latest.finalize_version()


def _stepped(base: Version, required: Bump) -> Version:
    if base.major == 0:
        return base.bump_minor() if required == "major" else base.bump_patch()
    steps = {"major": base.bump_major, "minor": base.bump_minor, "patch": base.bump_patch}
    return steps[required]()
