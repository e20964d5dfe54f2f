"""Compatibility of two documents: a proof, a counterexample, or an honest unknown. Knows no files or networks."""

from schemaregistry.compat.admission import RefusedVersion, admit, enforce
from schemaregistry.compat.checking import check, check_history, undecided
from schemaregistry.compat.decision import Decision, decide
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
    "check",
    "check_history",
    "decide",
    "enforce",
    "to_json",
    "undecided",
]
