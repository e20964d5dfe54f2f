"""The plan: a contract made ready to run, with places, types and arguments parsed once."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import pyarrow as pa

from schemaregistry.contract import CSV_PLAN_VERSION, PLAN_VERSION
from schemaregistry.data.arrow.types import JSON, DataType, arrow_schema, arrow_type, contract_type, is_json
from schemaregistry.data.engine.validator import Validator
from schemaregistry.document import Json
from schemaregistry.document.csv_dialect import csv_dialect
from schemaregistry.document.model import CsvDialect
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1 import contract_pb2

ROW: Final = 0
"""The index of the place of the row itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place where values stand: the row, a column, a member of an object, the items of a list.

    `name` is that of the column or member, None for the row and for items. `kind` is the Arrow type, None where any
    value is allowed. `column` is the top-level column around the place, None for the row.
    """

    index: int
    parent: int
    name: str | None
    kind: DataType
    null_is_value: bool
    column: str | None
    is_item: bool


@dataclass(frozen=True, slots=True)
class Guard:
    """Restricts a check to values for which a condition holds, or doesn't (`holds` false)."""

    condition: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One rule at one place; `argument` is what its kind needs, parsed."""

    kind: str
    place: int
    pointer: str
    rule: str
    expected: str
    guards: tuple[Guard, ...]
    argument: Any

    @property
    def refuses_null(self) -> bool:
        """Whether JSON's null fails the check, for the kinds that look at one value."""
        return (self.kind == "types" and "null" not in self.argument) or (
            self.kind == "values" and None not in self.argument
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the values at a place: it holds where all its checks pass."""

    place: int
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Plan:
    """A contract ready to run. `schema` is the Arrow schema of loaded rows.

    `whole_rows`: readers read every column of a file, also columns that no check looks at.
    """

    contract: contract_pb2.Contract
    places: tuple[Place, ...]
    checks: tuple[Check, ...]
    conditions: tuple[Condition, ...]
    validator: Validator
    schema: pa.Schema
    children: Mapping[int, tuple[Place, ...]] = field(default_factory=dict)
    whole_rows: bool = False

    @classmethod
    def of(cls, contract: contract_pb2.Contract) -> "Plan":
        """Parse a contract.

        Raises InvalidArgument: UNKNOWN_PLAN for a plan version or kind of check that this release doesn't know,
        BAD_CONTRACT for a damaged contract.
        """
        if contract.plan_version not in (PLAN_VERSION, CSV_PLAN_VERSION):
            known = f"{PLAN_VERSION} and {CSV_PLAN_VERSION}"
            raise _unknown(f"its format is {contract.plan_version or 'missing'}, this reader knows {known}")
        try:
            return cls._read(contract)
        except (LookupError, ValueError, TypeError, AttributeError, AssertionError, pa.ArrowException) as error:
            # Damage can show anywhere while the contract is parsed, so each of these errors means it.
            message = f"the contract is damaged ({type(error).__name__}): compile it anew, or fetch it again"
            raise InvalidArgument(message, reason="BAD_CONTRACT") from None

    @classmethod
    def _read(cls, contract: contract_pb2.Contract) -> "Plan":
        places = _places(contract)
        plan = cls(
            contract=contract,
            places=places,
            checks=tuple(map(_check, contract.checks)),
            conditions=tuple(Condition(item.place, tuple(map(_check, item.checks))) for item in contract.conditions),
            validator=Validator(json.loads(contract.schema_json), contract.residuals),
            schema=arrow_schema(contract),
            children=_children(places),
        )
        for index, condition in enumerate(plan.conditions):
            for check in condition.checks:
                # A condition may refer to earlier ones only, so evaluation can't run in a circle.
                plan._look_up(check, index)
        for check in plan.checks:
            plan._look_up(check, len(plan.conditions))
        for place in places[1:]:
            if place.kind is not None:
                # A missing `fits` check would otherwise show only at the first misfit.
                plan.fit_check(place.index)
        return plan

    def _look_up(self, check: Check, conditions: int) -> None:
        """Raise LookupError where a check refers to something that doesn't exist, or to a later condition."""
        chosen = check.argument if check.kind in ("any_of", "one_of", "not") else ()
        for index in (*chosen, *(guard.condition for guard in check.guards)):
            outer = self.conditions[:conditions][index].place
            place = check.place
            while place != outer:
                if place == ROW:
                    raise LookupError(index)
                place = self.places[place].parent
        _ = self.places[check.place], check.kind != "residual" or self.contract.residuals[check.argument]
        _ = check.kind != "unique_items" or self.children[check.place][0]

    @cached_property
    def csv(self) -> CsvDialect:
        """The contract's CSV dialect. Raises InvalidArgument (BAD_CSV) for an invalid one."""
        options = {field.name: value for field, value in self.contract.csv.ListFields()}
        return csv_dialect(options | {"null": list(options["null"])} if "null" in options else options, "x-csv")

    @cached_property
    def looks_at_extras(self) -> bool:
        """Whether columns without a place are read."""
        return self.whole_rows or any(
            check.place == ROW and check.kind in ("residual", "closed") for check in self.every_check()
        )

    @cached_property
    def has_decimals(self) -> bool:
        """Whether any place is of a decimal type, so that numbers have to be read exactly."""
        return any(place.kind is not None and pa.types.is_decimal(place.kind) for place in self.places)

    def every_check(self) -> Iterator[Check]:
        """Yield the checks, then those of conditions."""
        yield from self.checks
        for condition in self.conditions:
            yield from condition.checks

    @property
    def columns(self) -> tuple[Place, ...]:
        """The places of the contract's columns, in its order."""
        return self.places[1 : len(self.contract.columns) + 1]

    @cached_property
    def record_schema(self) -> pa.Schema:
        """The Arrow schema of JSON records: every member that the plan names; json where it has no type."""
        return pa.schema([(str(place.name), self._record_type(place)) for place in self.children[ROW]])

    def _record_type(self, place: Place) -> DataType:
        kind = place.kind
        if kind is None or is_json(kind) or not self.children[place.index]:
            return JSON if kind is None else kind
        if pa.types.is_struct(kind):
            return pa.struct([(str(child.name), self._record_type(child)) for child in self.children[place.index]])
        return pa.list_(self._record_type(self.children[place.index][0]))

    def path(self, place: int) -> str:
        """Return the prefix of a place's member names: empty for the row, `object.` or `list[].` within it."""
        steps = ""
        while place != ROW:
            found = self.places[place]
            steps = f"[]{steps}" if found.is_item else f".{found.name}{steps}"
            place = found.parent
        return f"{steps.removeprefix('.')}." if steps else ""

    def column(self, name: str) -> Place | None:
        """Return the place of a column, or of another member of the row; None for an unknown name."""
        return self._members.get(name)

    @cached_property
    def _members(self) -> dict[str | None, Place]:
        # Reversed, so that the first of equal names wins.
        return {place.name: place for place in reversed(self.children[ROW])}

    def rank(self, column: str | None, pointer: str, rule: str) -> tuple[int, int, str, str]:
        """Return a sort key for violations: columns in order, then undeclared columns, then rules on the whole row.

        Those of one column are sorted by check.
        """
        at = len(self._columns) + (column is None) if column not in self._columns else self._columns[column]
        return at, self._ranks.get((column, pointer, rule), len(self.checks)), column or "", pointer

    def expected(self, column: str | None, pointer: str, rule: str) -> str:
        """Return what a rule expects, in the words of its check; empty where no check has this rule."""
        at = self._ranks.get((column, pointer, rule), self._ranks.get((None, pointer, rule)))
        return "" if at is None else self.checks[at].expected

    @cached_property
    def _columns(self) -> dict[str | None, int]:
        return {column.field.name: index for index, column in enumerate(self.contract.columns)}

    @cached_property
    def _ranks(self) -> dict[tuple[str | None, str, str], int]:
        found: dict[tuple[str | None, str, str], int] = {}
        for index, check in enumerate(self.checks):
            found.setdefault((self.places[check.place].column, check.pointer, check.rule), index)
        return found

    def checks_at(self, place: int) -> Sequence[Check]:
        """Return the checks at a place, in their order."""
        return self._checks_at.get(place, ())

    @cached_property
    def _checks_at(self) -> dict[int, list[Check]]:
        found: dict[int, list[Check]] = {}
        for check in self.checks:
            found.setdefault(check.place, []).append(check)
        return found

    def fit_check(self, place: int) -> Check:
        """Return the `fits` check of a typed place."""
        return self._fits[place]

    @cached_property
    def _fits(self) -> dict[int, Check]:
        return {check.place: check for check in reversed(self.checks) if check.kind == "fits"}

    def refusing(self, place: int, kind: str) -> Check | None:
        """Return the first unconditional check at a place that forbids a JSON type; None: there is none."""
        allowed = {kind, "number"} if kind == "integer" else {kind, "integer"} if kind == "number" else {kind}
        for check in self.checks_at(place):
            if check.kind == "types" and not check.guards and not check.argument & allowed:
                return check
        return None


def _places(contract: contract_pb2.Contract) -> tuple[Place, ...]:
    places = [Place(ROW, ROW, None, None, null_is_value=False, column=None, is_item=False)]
    for index, message in enumerate(contract.places[1:], 1):
        parent = places[message.parent]
        name = None if message.HasField("item") else message.member
        places.append(
            Place(
                index=index,
                parent=parent.index,
                name=name,
                kind=_kind(contract, index, parent, name) if message.typed else None,
                null_is_value=message.null_is_value,
                column=parent.column or name,
                is_item=name is None,
            )
        )
    return tuple(places)


def _children(places: Sequence[Place]) -> dict[int, tuple[Place, ...]]:
    found: dict[int, list[Place]] = {place.index: [] for place in places}
    for place in places[1:]:
        found[place.parent].append(place)
    return {parent: tuple(children) for parent, children in found.items()}


def _kind(contract: contract_pb2.Contract, index: int, parent: Place, name: str | None) -> DataType:
    if parent.index == ROW:
        return contract_type(arrow_type(contract.columns[index - 1].field.type))
    assert parent.kind is not None
    inner = parent.kind.value_type if name is None else parent.kind.field(name).type
    return contract_type(inner)


def _check(message: contract_pb2.Check) -> Check:
    kind = message.WhichOneof("kind")
    if kind is None:
        raise _unknown(f"the check at {message.pointer} is of a kind that isn't known here")
    return Check(
        kind=kind,
        place=message.place,
        pointer=message.pointer,
        rule=message.rule,
        expected=message.expected,
        guards=tuple(Guard(guard.condition, guard.holds) for guard in message.guards),
        argument=_argument(kind, getattr(message, kind)),
    )


def _argument(kind: str, body: Any) -> Any:
    read = _ARGUMENTS.get(kind)
    return read(body) if read else None


def _type_names(body: contract_pb2.Types) -> frozenset[str]:
    return frozenset(contract_pb2.JsonType.Name(item).removeprefix("JSON_TYPE_").lower() for item in body.types)


def _limit(body: contract_pb2.Bound) -> Json:
    return read_scalar(body.limit)


def _count(body: contract_pb2.Count) -> int:
    return body.limit


def _divisor(number: Json) -> Fraction:
    """Return a divisor as exactly what the document writes. Raises ValueError unless it is above zero."""
    # Through the text: Fraction(0.01) would be the double's binary value, not a hundredth.
    divisor = Fraction(repr(number))
    if divisor <= 0:
        raise ValueError(number)
    return divisor


def _conditions(body: contract_pb2.Conditions) -> tuple[int, ...]:
    return tuple(body.conditions)


_ARGUMENTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fits": lambda body: body.arrow_pointer,
    "types": _type_names,
    "values": lambda body: tuple(map(read_scalar, body.json)),
    **dict.fromkeys(("minimum", "exclusive_minimum", "maximum", "exclusive_maximum"), _limit),
    "multiple_of": lambda body: _divisor(body.divisor),
    "multiple_of_decimal": lambda body: _divisor(read_scalar(body.divisor)),
    **dict.fromkeys(("min_length", "max_length", "min_items", "max_items"), _count),
    "pattern": lambda body: (body.ecma, body.re2),
    "format": lambda body: body.name,
    "closed": lambda body: frozenset(body.members),
    **dict.fromkeys(("any_of", "one_of", "not"), _conditions),
    "residual": lambda body: body.residual,
}


def read_scalar(text: str) -> Json:
    """Parse a scalar from canonical JSON; a number as an int, or as the nearest double."""
    return json.loads(text)


def _unknown(fault: str) -> InvalidArgument:
    return InvalidArgument(
        f"This contract can't be read here: {fault}. Update schemaregistry, or fetch the contract anew.",
        reason="UNKNOWN_PLAN",
    )
