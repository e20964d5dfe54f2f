"""Decides whether a formula has an instance: splits by type, then by case, then asks the type's theory.

EMPTY is a proof. For a formula met again inside its own search it rests on induction over the size of instances: were
there any instance of the formulas in question, a smallest one would contain a smaller one. Answers that lean on a
search still under way hold only within it, so they are not kept.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from schemaregistry.compat.array_instances import solve_array
from schemaregistry.compat.constant import TYPES, Constant, freeze, thaw
from schemaregistry.compat.formula import Formula, Space
from schemaregistry.compat.formula_evaluation import Holding
from schemaregistry.compat.number_instances import solve_number
from schemaregistry.compat.object_instances import needs_too_many, solve_object
from schemaregistry.compat.search_result import Found, No, SearchResult, Solving, first, tick
from schemaregistry.compat.string_instances import solve_string

NEVER: Final = 1 << 30

Known: TypeAlias = dict[Formula, None]
"""Formulas that hold, in the order they were met."""


class Solver:
    """One question's search; `deadline` is on the clock of `time.monotonic`."""

    def __init__(self, space: Space, deadline: float) -> None:
        self.space = space
        self._deadline = deadline
        self._kept: dict[tuple[Formula, str], SearchResult] = {}
        self._under_way: dict[tuple[Formula, str], int] = {}
        self._leans_on = NEVER
        self._holding = Holding(space)

    def tick(self) -> None:
        """Raise OutOfTime where the time given is over."""
        tick(self._deadline)

    def holds(self, formula: Formula, value: object) -> bool:
        """Evaluate."""
        return self._holding.holds(formula, value)

    def solve(self, formula: Formula) -> SearchResult:
        """Find an instance of any type, of the cheapest type first."""
        return first(self._solve_as(self.space.restrict(formula, kind), kind) for kind in TYPES)

    def solve_text(self, formula: Formula) -> SearchResult:
        """Find an instance among the strings."""
        return self._solve_as(self.space.restrict(formula, "string"), "string")

    def _solve_as(self, formula: Formula, kind: str) -> SearchResult:
        if formula is self.space.false:
            return No.EMPTY
        key = (formula, kind)
        if key in self._kept:
            return self._kept[key]
        if key in self._under_way:
            self._leans_on = min(self._leans_on, self._under_way[key])
            return No.EMPTY
        depth = self._under_way[key] = len(self._under_way)
        outer, self._leans_on = self._leans_on, NEVER
        try:
            answer = self._branch(kind, {}, [formula])
        finally:
            del self._under_way[key]
            leans_on, self._leans_on = self._leans_on, outer
        if isinstance(answer, Found) or leans_on >= depth:
            self._kept[key] = answer
        else:
            self._leans_on = min(outer, leans_on)
        return answer

    def _branch(self, kind: str, known: Known, todo: list[Formula]) -> SearchResult:
        """Decide the conjunction of what is known and what is to do."""
        self.tick()
        settled = self._propagate(kind, known, todo)
        if settled is None:
            return No.EMPTY
        literals = [part for part in settled if part.op not in ("and", "or")]
        listed = next((literal for literal in literals if literal.op == "in"), None)
        if listed is not None:
            return self._try_all(listed.args[0], settled)
        cases = [part for part in settled if part.op == "or"]
        if kind == "object" and needs_too_many(literals, cases):
            return No.EMPTY
        answer = self._theory(kind, literals)
        if answer is No.EMPTY:
            return answer  # fewer conditions have more instances: the cases can add none
        # An instance of the literals alone shows which cases matter: those it fails.
        failed = [case for case in cases if not isinstance(answer, Found) or not self.holds(case, answer.value)]
        if not failed:
            return answer
        case = min(failed, key=lambda one: len(one.args))
        return first(self._branch(kind, settled, [part]) for part in case.args)

    def _propagate(self, kind: str, known: Known, todo: list[Formula]) -> Known | None:
        """Take conjunctions apart, put in what references stand for, and strike out parts of cases that can't hold.

        None where a formula meets its negation, or a case has no part left.
        """
        known, todo = dict(known), list(todo)
        while todo:
            while todo:
                part = todo.pop()
                if part is self.space.false or part.negation in known:
                    return None
                if part is not self.space.true and part not in known:
                    known[part] = None
                    todo += part.args[::-1] if part.op == "and" else self._meaning(part, kind)
            for case in [part for part in known if part.op == "or"]:
                if any(part in known for part in case.args):
                    del known[case]
                    continue
                left = [part for part in case.args if part.negation not in known]
                if len(left) < len(case.args):
                    del known[case]
                    todo.append(self.space.either(*left))
        return known

    def _meaning(self, literal: Formula, kind: str) -> list[Formula]:
        """Give what a literal implies in other words: a reference's target; not being one of some containers."""
        if literal.op == "ref":
            return [self.space.restrict(self.space.targets[literal.args[0]], kind)]
        if literal.op == "not_ref":
            return [self.space.restrict(self.space.targets[literal.args[0]].negation, kind)]
        if literal.op == "not_in" and kind == "array":
            return [self._not_array(value) for _, value in literal.args[0]]
        if literal.op == "not_in" and kind == "object":
            return [self._not_object(dict(value)) for _, value in literal.args[0]]
        return []

    def _not_array(self, items: tuple[Constant, ...]) -> Formula:
        space = self.space
        longer = space.all_items(len(items), None, space.false).negation
        shorter = space.all_items(len(items) - 1, None, space.false) if items else space.false
        differ = (space.all_items(index, index + 1, space.is_in([item])).negation for index, item in enumerate(items))
        return space.either(longer, shorter, *differ)

    def _not_object(self, members: dict[str, Constant]) -> Formula:
        space = self.space
        names = space.is_in(("string", name) for name in members)
        other = space.all_keys(names.negation, space.false).negation
        missing = (space.has_key(name).negation for name in members)
        differ = (space.all_keys(space.key(name), space.is_in([member])).negation for name, member in members.items())
        return space.either(other, *missing, *differ)

    def _try_all(self, values: Iterable[Constant], conditions: Iterable[Formula]) -> SearchResult:
        """Evaluate everything on each of finitely many values: exact."""
        conditions = list(conditions)
        for constant in sorted(values, key=_size):
            self.tick()
            value = thaw(constant)
            if all(self.holds(condition, value) for condition in conditions):
                return Found(value)
        return No.EMPTY

    def _theory(self, kind: str, literals: list[Formula]) -> SearchResult:
        told = [literal for literal in literals if literal.op not in ("ref", "not_ref")]
        match kind:
            case "null":
                return self._try_all([freeze(None)], told)
            case "boolean":
                return self._try_all([freeze(False), freeze(True)], told)
            case "number":
                return solve_number(told)
            case "string":
                return solve_string(self, told)
            case "array":
                return solve_array(self, [literal for literal in told if literal.op != "not_in"])
            case _:
                return solve_object(self, [literal for literal in told if literal.op != "not_in"])


def _size(constant: Constant) -> tuple[int, str]:
    text = repr(thaw(constant))
    return len(text), text


_: type[Solving] = Solver
