"""Decide whether one document is compatible with another: a proof, a counterexample, or unknown with the reason."""

from schemaregistry.compat.admission import RefusedVersion, admit, admit_undecided
from schemaregistry.compat.compatibility import check, check_history, undecided, undecided_history
from schemaregistry.compat.decision import Decision, decide
from schemaregistry.compat.judged_history import judged_against, line_history, needed
from schemaregistry.compat.levels import is_transitive
from schemaregistry.compat.render import to_json
from schemaregistry.compat.verdict import ABSENT, Change, Outcome, Verdict, Witness

__all__ = [
    "ABSENT",
    "Change",
    "Decision",
    "Outcome",
    "RefusedVersion",
    "Verdict",
    "Witness",
    "admit",
    "admit_undecided",
    "check",
    "check_history",
    "decide",
    "is_transitive",
    "judged_against",
    "line_history",
    "needed",
    "to_json",
    "undecided",
    "undecided_history",
]
