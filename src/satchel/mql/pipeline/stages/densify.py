"""`$densify`: documents for the numbers or dates that are missing in a field."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation.hashable import hashable
from satchel.mql.context import Context
from satchel.mql.expressions.date_arithmetic import TimeUnit, add_to_date, parse_time_unit
from satchel.mql.expressions.expression import NO_VARIABLES
from satchel.mql.expressions.field_path import root_path, split_path
from satchel.mql.expressions.timezone import UTC_ZONE
from satchel.mql.pipeline.documents import get_path, set_path
from satchel.mql.pipeline.stage import STAGES, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type, without_nulls, wrong_type
from satchel.mql.pipeline.stages.sort import SortStage
from satchel.mql.pipeline.windows import whole_number
from satchel.mql.sort import SortPart, SortPattern
from satchel.values import numbers
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, is_number, type_name
from satchel.values.compare import compare
from satchel.values.numbers import Number, is_bson_number

MAX_GENERATED_DOCUMENTS: Final = 500_000


@dataclass(frozen=True, slots=True)
class DensifyRange:
    """Which values there should be.

    Attributes:
        step: The distance between them.
        unit: The unit of the distance of dates, or None for numbers.
        bounds: `"full"`, `"partition"`, or the first value and the one that is not reached.
    """

    step: Number
    unit: TimeUnit | None
    bounds: str | tuple[Field, Field]

    def next(self, value: Field) -> Field:
        """Return the value one step on."""
        if isinstance(value, DatetimeMS) and self.unit is not None:
            return DatetimeMS(add_to_date(int(value), self.unit, whole_number(self.step) or 0, UTC_ZONE))
        return numbers.add(value, self.step)  # type: ignore[arg-type]

    def check(self, value: Field) -> None:
        """Check the type of a value that was found.

        Raises:
            ServerError: Location5733201 for neither number nor date, 6053600 for one that does not go with the step.
        """
        if isinstance(value, DatetimeMS):
            if self.unit is None:
                raise ServerError(
                    6053600, "Encountered date densify value in collection when step does not have a date unit."
                )
        elif not is_number(value):
            raise ServerError(5733201, "Densify field type must be numeric or a date")
        elif self.unit is not None:
            raise ServerError(6053600, "Encountered numeric densify value in collection when step has a date unit.")


@dataclass(slots=True)
class _Partition:
    """How far one partition has been filled.

    Attributes:
        values: Its fields, as they came up first.
        next: The next value that it should have.
    """

    values: tuple[Field, ...]
    next: Field


class DensifyStage(Stage):
    """Adds documents between those of its sorted input.

    Args:
        operand: The operand as written.
        field_parts: The field's path.
        partition_paths: The paths of the fields that partition.
        range_: Which values there should be.
        context: The operation.
    """

    name = "$densify"

    def __init__(
        self,
        operand: Document,
        field_parts: tuple[str, ...],
        partition_paths: Sequence[tuple[str, ...]],
        range_: DensifyRange,
        context: Context,
    ) -> None:
        self._operand = operand
        self._field = field_parts
        self._paths = tuple(partition_paths)
        self._readers = [root_path(path).evaluate for path in partition_paths]
        self._range = range_
        self._context = context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents, and what is missing between them."""
        for generated, document in enumerate(self._densified(documents)):
            if generated % 1024 == 0:
                self._context.check_interrupt()
            yield document

    def _densified(self, documents: Iterator[Document]) -> Iterator[Document]:
        bounds = self._range.bounds
        least, limit = bounds if isinstance(bounds, tuple) else (MISSING, MISSING)
        greatest: Field = MISSING
        partitions: dict[Hashable, _Partition] = {}
        counter = _Counter()
        if not self._paths and least is not MISSING:
            partitions[()] = _Partition((), least)
        for document in documents:
            value = get_path(document, self._field)
            if value is MISSING or value is None:
                yield document
                continue
            self._range.check(value)
            if bounds == "full" and least is MISSING:
                least = value
            greatest = value
            start = value if bounds == "partition" else least
            fields = tuple(read(document, NO_VARIABLES) for read in self._readers)
            partition = self._partition(fields, partitions, start)
            yield from counter.counted(self._fill(partition, fields, value, limit))
            if compare(partition.next, value) == 0:
                partition.next = self._range.next(partition.next)
            yield document
        for partition in partitions.values():
            yield from counter.counted(self._finish(partition, greatest, limit))

    def _partition(self, values: tuple[Field, ...], partitions: dict[Hashable, _Partition], start: Field) -> _Partition:
        key = tuple(hashable(value, self._context.collation) for value in values)
        if key not in partitions:
            partitions[key] = _Partition(values, start)
        return partitions[key]

    def _fill(self, partition: _Partition, fields: tuple[Field, ...], value: Field, limit: Field) -> Iterator[Document]:
        """Yield what is missing up to `value`, short of `limit`."""
        stop = value if limit is MISSING or compare(value, limit) < 0 else limit
        while compare(partition.next, stop) < 0:
            yield self._generated(fields, partition.next)
            partition.next = self._range.next(partition.next)

    def _finish(self, partition: _Partition, greatest: Field, limit: Field) -> Iterator[Document]:
        """Yield what is missing at the end."""
        if limit is not MISSING:
            yield from self._fill(partition, partition.values, limit, limit)
        elif self._range.bounds == "full":
            while compare(partition.next, greatest) <= 0:
                yield self._generated(partition.values, partition.next)
                partition.next = self._range.next(partition.next)

    def _generated(self, fields: tuple[Field, ...], value: Field) -> Document:
        document: Document = {}
        for path, field in zip(self._paths, fields, strict=True):
            document = set_path(document, path, field)
        return set_path(document, self._field, value)

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand


class _Counter:
    """Ends the stage when it makes too many documents."""

    def __init__(self) -> None:
        self._count = 0

    def counted(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield `documents`, counting them."""
        for document in documents:
            self._count += 1
            if self._count > MAX_GENERATED_DOCUMENTS:
                raise ServerError(
                    5897900,
                    f"Generated {self._count} documents in $densify, which is over the limit of "
                    f"{MAX_GENERATED_DOCUMENTS}.",
                )
            yield document


@STAGES.operator("$densify")
def parse_densify(operand: BsonValue, scope: Scope) -> Sequence[Stage]:
    """Add documents so that a field has every value of a range: a `$sort` and the stage itself.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), 40414, 40415, Location5733401 to 5733410, 5876900, 5946800,
            5946802, 6586400 and 8993000 for a bad operand; while running 5733201, 6053600, 5897900.

    Reference:
        MongoDB manual, "$densify (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse, f"The $densify stage specification must be an object, found {type_name(operand)}"
        )
    operand = without_nulls(operand)
    check_names("$densify", operand, required=("field", "range"), optional=("partitionByFields",))
    check_type("$densify.field", operand["field"], "string")
    paths = _partition_paths(operand)
    spec = operand["range"]
    check_type("$densify.range", spec, "object")
    range_ = _parse_range(spec if isinstance(spec, dict) else {}, has_partitions=bool(paths))
    field = str(operand["field"])
    parts = split_path(field)
    for path in paths:
        if path == parts:
            raise ServerError(
                8993000, f"partitionByFields '{field}' cannot include field '{field}' that is being densified."
            )
    names = [] if range_.bounds == "full" else [".".join(path) for path in paths]
    order = SortPattern(tuple(SortPart(name, descending=False) for name in [*names, field]), scope.context)
    return [
        SortStage(order, scope.context),
        DensifyStage(operand, parts, paths, range_, scope.context),
    ]


def _partition_paths(operand: Document) -> list[tuple[str, ...]]:
    fields = operand.get("partitionByFields", [])
    check_type("$densify.partitionByFields", fields, "array")
    paths = []
    for position, field in enumerate(fields if isinstance(fields, list) else []):
        check_type(f"$densify.partitionByFields.{position}", field, "string")
        if not field:
            raise ServerError(9554500, "partitionByFields cannot contain an empty string")
        paths.append(split_path(str(field)))
    return paths


def _parse_range(spec: Document, *, has_partitions: bool) -> DensifyRange:
    spec = {name: value for name, value in spec.items() if value is not None or name == "bounds"}
    check_names("$densify.range", spec, required=("bounds", "step"), optional=("unit",))
    step = spec["step"]
    if not is_bson_number(step):
        raise wrong_type("$densify.range.step", step, "'[long, int, decimal, double]'")
    if not numbers.to_double(step) > 0:
        raise ServerError(5733401, "The step parameter in a range statement must be a strictly positive numeric value")
    unit: TimeUnit | None = None
    if "unit" in spec:
        check_type("$densify.range.unit", spec["unit"], "string")
        unit = parse_time_unit(str(spec["unit"]))
        if whole_number(step) is None:
            raise ServerError(
                6586400,
                "The step parameter in a range statement must be a whole number when densifying a date range",
            )
    return DensifyRange(step, unit, _parse_bounds(spec["bounds"], step, unit, has_partitions=has_partitions))


def _parse_bounds(
    bounds: BsonValue, step: Number, unit: TimeUnit | None, *, has_partitions: bool
) -> str | tuple[Field, Field]:
    if isinstance(bounds, str):
        if bounds not in ("full", "partition"):
            raise ServerError(5946802, "Bounds string must either be 'full' or 'partition'")
        if bounds == "partition" and not has_partitions:
            raise ServerError(
                5733408,
                "One cannot specify the bounds as 'partition' without specifying a non-empty array of "
                "partitionByFields. You may have meant to specify 'full' bounds.",
            )
        return bounds
    if not isinstance(bounds, list):
        raise ServerError(
            5733404,
            "The bounds in a range statement must be the string 'full', 'partition', or an ascending array of two "
            "numbers or two dates",
        )
    if len(bounds) != 2:
        raise ServerError(5733403, "A bounding array in a range statement must have exactly two elements")
    lower, upper = bounds
    _check_explicit_bounds(lower, upper, step, unit)
    return lower, upper


def _check_explicit_bounds(lower: BsonValue, upper: BsonValue, step: Number, unit: TimeUnit | None) -> None:
    are_dates = [isinstance(bound, DatetimeMS) for bound in (lower, upper)]
    if not are_dates[0] and not is_number(lower):
        raise ServerError(5946800, "Explicit bounds must be numeric or dates")
    if compare(lower, upper) > 0:
        raise ServerError(5733402, "A bounding array must be an ascending array of either two dates or two numbers")
    if are_dates[0] != are_dates[1] or not (are_dates[1] or is_number(upper)):
        raise ServerError(5733406, "A bounding array must contain either both dates or both numeric types")
    if are_dates[0]:
        if unit is None:
            raise ServerError(5733410, "A bounding array of dates must specify a unit")
        return
    if unit is not None:
        raise ServerError(5733409, "Numeric bounds may not have unit parameter")
    if not type_name(lower) == type_name(upper) == type_name(step):
        raise ServerError(5876900, "Upper bound, lower bound, and step must all have the same type")
