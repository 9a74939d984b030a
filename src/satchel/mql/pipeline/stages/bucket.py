"""`$bucket`: groups by ranges that the user gives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.accumulators import Statement, parse_accumulator
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.stage import STAGES, Scope, Stage
from satchel.mql.pipeline.stages.group import GroupStage, check_field_name
from satchel.mql.pipeline.stages.sort import SortStage
from satchel.mql.sort import parse_sort
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name
from satchel.values.compare import compare, type_order
from satchel.values.key_string import encode


class BucketKey:
    """The lower boundary of the bucket that a value falls into, as a group key.

    Args:
        group_by: The expression as written.
        boundaries: The ascending boundaries.
        default: What stands for values outside all buckets; MISSING for an error.
        context: The operation.
    """

    def __init__(self, group_by: BsonValue, boundaries: list[BsonValue], default: BsonValue, context: Context) -> None:
        self._context = context
        self._expression = parse_expression(group_by, context)
        self._boundaries = boundaries
        self._keys = [encode(boundary, context.collation) for boundary in boundaries]
        self._default = default
        self.fields = self._expression.fields

    def check_constant(self) -> None:
        """Fail before any document when all of them would.

        Raises:
            ServerError: Location40069 for a constant outside all buckets, without a default.
        """
        if self._default is MISSING and self._expression.is_constant:
            number = bisect_right(self._keys, encode(self._expression.value, self._context.collation))
            if number in (0, len(self._keys)):
                raise ServerError(40069, "Cannot execute a switch statement where all the cases evaluate to false.")

    def columns(self, chunk: Chunk) -> tuple[Sequence[Hashable], Callable[[int], BsonValue]]:
        """Return the numbers of the documents' buckets, and how to get the `_id` of the one at a position.

        Raises:
            ServerError: Location40066 for a value outside all buckets, without a default.
        """
        collation = self._context.collation
        keys, last = self._keys, len(self._keys)
        found: list[int] = []
        for value in chunk.column(self._expression, self._context.variables):
            number = bisect_right(keys, encode(value, collation))
            if number in (0, last):
                if self._default is MISSING:
                    raise ServerError(
                        40066, "$switch could not find a matching branch for an input, and no default was specified."
                    )
                number = 0
            found.append(number)
        return found, lambda position: self._id(found[position])

    def _id(self, number: int) -> BsonValue:
        return self._boundaries[number - 1] if number else self._default


@STAGES.operator("$bucket")
def parse_bucket(operand: BsonValue, scope: Scope) -> Sequence[Stage]:
    """Group documents by ranges: a `$group` and a `$sort`.

    Raises:
        ServerError: Location40191 to 40202 for a bad operand, 40069 for a constant in no bucket, and the errors of
            expressions and accumulators; while running Location40066 for a value in no bucket.

    Reference:
        MongoDB manual, "$bucket (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(40201, f"Argument to $bucket stage must be an object, but found type: {type_name(operand)}.")
    context = scope.context
    boundaries: list[BsonValue] | None = None
    default: BsonValue = MISSING
    statements = {"count": parse_accumulator("count", {"$sum": 1}, context)}
    for name, value in operand.items():
        if name == "groupBy":
            _check_group_by(value)
        elif name == "boundaries":
            boundaries = _boundaries(value, context)
        elif name == "default":
            default = _constant(
                value,
                context,
                40195,
                f"The $bucket 'default' field must be a constant expression, but found: {value!r}.",
            )
        elif name == "output":
            statements = _output(value, context)
        else:
            raise ServerError(40197, f"Unrecognized option to $bucket: {name}.")
    if boundaries is None or "groupBy" not in operand:
        raise ServerError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
    _check_default(default, boundaries, context)
    key = BucketKey(operand["groupBy"], boundaries, default, context)
    key.check_constant()
    group = GroupStage(_group_spec(operand, boundaries), key, statements, context)
    return [group, SortStage(parse_sort({"_id": 1}, context), context)]


def is_grouping_expression(value: BsonValue) -> bool:
    """Tell whether `value` is a path or a document with an operator, as `groupBy` demands."""
    if isinstance(value, str):
        return value.startswith("$")
    return isinstance(value, dict) and next(iter(value), "").startswith("$")


def _check_group_by(value: BsonValue) -> None:
    if not is_grouping_expression(value):
        raise ServerError(
            40202,
            f"The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found: {value!r}.",
        )


def _boundaries(value: BsonValue, context: Context) -> list[BsonValue]:
    if not isinstance(value, list):
        raise ServerError(
            40200, f"The $bucket 'boundaries' field must be an array, but found type: {type_name(value)}."
        )
    boundaries = [
        _constant(
            member,
            context,
            40191,
            f"The $bucket 'boundaries' field must be an array of constant values, but found value: {member!r}.",
        )
        for member in value
    ]
    if len(boundaries) < 2:
        raise ServerError(
            40192,
            f"The $bucket 'boundaries' field must have at least 2 values, but found {len(boundaries)} value(s).",
        )
    for position, (lower, upper) in enumerate(pairwise(boundaries)):
        if type_order(lower) != type_order(upper):
            raise ServerError(
                40193,
                "All values in the the 'boundaries' option to $bucket must have the same type. Found conflicting types "
                f"{type_name(lower)} and {type_name(upper)}.",
            )
        if compare(lower, upper, context.collation) >= 0:
            raise ServerError(
                40194,
                f"The 'boundaries' option to $bucket must be sorted, but elements {position} and {position + 1} are "
                f"not in ascending order ({lower!r} is not less than {upper!r}).",
            )
    return boundaries


def _constant(value: BsonValue, context: Context, code: int, message: str) -> BsonValue:
    expression = parse_expression(value, context)
    if not expression.is_constant:
        raise ServerError(code, message)
    return expression.value


def _check_default(default: BsonValue, boundaries: list[BsonValue], context: Context) -> None:
    if default is MISSING or type_order(default) != type_order(boundaries[0]):
        return
    collation = context.collation
    if compare(default, boundaries[0], collation) >= 0 and compare(default, boundaries[-1], collation) < 0:
        raise ServerError(
            40199,
            "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest "
            "boundary.",
        )


def _output(value: BsonValue, context: Context) -> dict[str, Statement]:
    if not isinstance(value, dict):
        raise ServerError(40196, f"The $bucket 'output' field must be an object, but found type: {type_name(value)}.")
    for name in value:
        if name == "_id":
            raise ServerError(15948, "a group's _id may only be specified once")
        check_field_name(name)
    return {name: parse_accumulator(name, operand, context) for name, operand in value.items()}


def _group_spec(operand: Document, boundaries: list[BsonValue]) -> Document:
    """Return the `$group` that the stage stands for, as MongoDB's explain shows it."""
    group_by, output = operand["groupBy"], operand.get("output", {"count": {"$sum": 1}})
    branches = [
        {"case": {"$and": [{"$gte": [group_by, lower]}, {"$lt": [group_by, upper]}]}, "then": lower}
        for lower, upper in pairwise(boundaries)
    ]
    switch: Document = {"branches": branches}
    if "default" in operand:
        switch["default"] = operand["default"]
    return {"_id": {"$switch": switch}, **(output if isinstance(output, dict) else {})}
