"""Decide whether a formula has an instance: split it by JSON type, then by case, then search among that type's values.

EMPTY is a proof. A recursive schema leads a search back to its own formula: say that a `node` is an object that
requires a member `next`, which is a `node`. Inside its own search such a formula counts as EMPTY, by induction over the
size of instances: a smallest node would contain a smaller one, so there is none. An answer that relies on a search that
is still running is valid only within that search, so it is not cached.
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
"""The depth of an answer that depends on no open search; it is beyond the depth of every search."""

Known: TypeAlias = dict[Formula, None]
"""Formulas that must hold, in the order in which they were met (a dict serves as an ordered set)."""


class Solver:
    """The search for one question; `deadline` is on the clock of `time.monotonic`."""

    def __init__(self, space: Space, deadline: float) -> None:
        self.space = space
        self._deadline = deadline
        self._answers: dict[tuple[Formula, str], SearchResult] = {}
        self._under_way: dict[tuple[Formula, str], int] = {}
        self._depends_on = NEVER
        self._holding = Holding(space)

    def tick(self) -> None:
        """Raise OutOfTime where the time for the search is over."""
        tick(self._deadline)

    def holds(self, formula: Formula, value: object) -> bool:
        """Tell whether `value` satisfies `formula`."""
        return self._holding.holds(formula, value)

    def solve(self, formula: Formula) -> SearchResult:
        """Find an instance of any type, the cheapest types first. Raises OutOfTime after the deadline."""
        return first(self._solve_as(self.space.restrict(formula, kind), kind) for kind in TYPES)

    def solve_text(self, formula: Formula) -> SearchResult:
        """Find an instance among the strings. Raises OutOfTime after the deadline."""
        return self._solve_as(self.space.restrict(formula, "string"), "string")

    def _solve_as(self, formula: Formula, kind: str) -> SearchResult:
        if formula is self.space.false:
            return No.EMPTY
        key = (formula, kind)
        if key in self._answers:
            return self._answers[key]
        if key in self._under_way:  # met again inside its own search: the induction hypothesis
            self._depends_on = min(self._depends_on, self._under_way[key])
            return No.EMPTY
        depth = self._under_way[key] = len(self._under_way)
        outer, self._depends_on = self._depends_on, NEVER
        try:
            answer = self._branch(kind, {}, [formula])
        finally:
            del self._under_way[key]
            depends_on, self._depends_on = self._depends_on, outer
        # An instance is one whatever was assumed; EMPTY and UNKNOWN are final if they rely on no outer search.
        if isinstance(answer, Found) or depends_on >= depth:
            self._answers[key] = answer
        else:
            self._depends_on = min(outer, depends_on)
        return answer

    def _branch(self, kind: str, known: Known, todo: list[Formula]) -> SearchResult:
        """Decide the conjunction of `known` and `todo`."""
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
            return answer  # the literals alone have no instance, so with the cases added they have none either
        # Only the cases that an instance of the literals fails need to be split.
        failed = [case for case in cases if not isinstance(answer, Found) or not self.holds(case, answer.value)]
        if not failed:
            return answer
        # The case with the fewest alternatives makes the fewest branches.
        case = min(failed, key=lambda one: len(one.args))
        return first(self._branch(kind, settled, [part]) for part in case.args)

    def _propagate(self, kind: str, known: Known, todo: list[Formula]) -> Known | None:
        """Add `todo` to `known`: split conjunctions, expand references, and drop alternatives that can't hold.

        Returns None where a formula contradicts another, or a case has no alternative left. (Unit propagation.)
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
                    todo.append(self.space.any_of(*left))
        return known

    def _meaning(self, literal: Formula, kind: str) -> list[Formula]:
        """Return formulas that a literal is equivalent to: a reference's target, or how an array or object differs.

        Other literals, which the searches by type take as they come, have none.
        """
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
        return space.any_of(longer, shorter, *differ)

    def _not_object(self, members: dict[str, Constant]) -> Formula:
        space = self.space
        names = space.is_in(("string", name) for name in members)
        other = space.all_keys(names.negation, space.false).negation
        missing = (space.has_key(name).negation for name in members)
        differ = (space.all_keys(space.key(name), space.is_in([member])).negation for name, member in members.items())
        return space.any_of(other, *missing, *differ)

    def _try_all(self, values: Iterable[Constant], conditions: Iterable[Formula]) -> SearchResult:
        """Return the first of `values`, the shortest first, that satisfies all conditions; else EMPTY, a proof."""
        conditions = list(conditions)
        for constant in sorted(values, key=_size):
            self.tick()
            value = thaw(constant)
            if all(self.holds(condition, value) for condition in conditions):
                return Found(value)
        return No.EMPTY

    def _theory(self, kind: str, literals: list[Formula]) -> SearchResult:
        conditions_of_type = [literal for literal in literals if literal.op not in ("ref", "not_ref")]
        match kind:
            case "null":
                return self._try_all([freeze(None)], conditions_of_type)
            case "boolean":
                return self._try_all([freeze(False), freeze(True)], conditions_of_type)
            case "number":
                return solve_number(conditions_of_type)
            case "string":
                return solve_string(self, conditions_of_type)
            case "array":
                return solve_array(self, [literal for literal in conditions_of_type if literal.op != "not_in"])
            case _:
                return solve_object(self, [literal for literal in conditions_of_type if literal.op != "not_in"])


def _size(constant: Constant) -> tuple[int, str]:
    text = repr(thaw(constant))
    return len(text), text


_: type[Solving] = Solver  # mypy checks here that Solver has all that the protocol asks for
