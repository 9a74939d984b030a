"""`$bucketAuto`: groups by ranges of about equal numbers of documents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bson import Decimal128

from satchel.errors import ServerError
from satchel.mql.accumulation import Accumulator
from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.accumulators import Statement, parse_accumulator
from satchel.mql.pipeline.granularity import Rounder, parse_granularity
from satchel.mql.pipeline.spill import MemoryMeter, SpilledRuns
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.pipeline.stages.bucket import is_grouping_expression
from satchel.mql.pipeline.stages.group import check_field_name
from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue, Document, Field, is_number, type_name
from satchel.values.compare import compare
from satchel.values.key_string import encode

Entry = tuple[Field, Document]
"""The value of `groupBy`, and the document."""


@dataclass(slots=True)
class _Bucket:
    minimum: Field
    maximum: Field
    states: list[Accumulator]


class BucketAutoStage(Stage):
    """Sorts its input by an expression, and cuts it up.

    Args:
        operand: The operand as written.
        statements: Its accumulators by field.
        rounder: Rounds boundaries, or None.
        buckets: How many buckets to make.
        context: The operation.
    """

    name = "$bucketAuto"

    def __init__(
        self,
        operand: Document,
        statements: dict[str, Statement],
        rounder: Rounder | None,
        buckets: int,
        context: Context,
    ) -> None:
        self._operand = operand
        self._expression = parse_expression(operand["groupBy"], context)
        self._statements = statements
        self._rounder = rounder
        self._buckets = buckets
        self._context = context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the buckets, from the lowest to the highest."""
        count, entries = self._sort(documents)
        if not count:
            return
        size = max(1, math.floor(count / self._buckets + 0.5))
        previous: _Bucket | None = None
        finished: _Bucket | None = None
        following: Entry | None = next(entries)
        for number in range(1, self._buckets + 1):
            if following is None:
                break
            bucket = self._start(following, previous)
            following = self._fill(bucket, entries, None if number == self._buckets else size - 1)
            following = self._close(bucket, entries, following)
            if finished is not None:
                yield self._document(finished)
            previous = finished = bucket
        if finished is not None:
            yield self._document(finished)

    def _sort(self, documents: Iterator[Document]) -> tuple[int, Iterator[Entry]]:
        """Return the number of documents, and the sorted entries."""
        evaluate, variables, collation = self._expression.evaluate, self._context.variables, self._context.collation
        meter = MemoryMeter(self.name, self._context)
        runs: SpilledRuns[Entry] = SpilledRuns(meter.make_store)
        held: list[tuple[bytes, Entry]] = []
        count = 0
        for document in documents:
            count += 1
            value = evaluate(document, variables)
            if value is MISSING and self._rounder is None:
                value = None
            held.append((encode(value, collation), (value, document)))
            if meter.add(document):
                meter.require_spilling()
                runs.write(sorted(held, key=lambda keyed: keyed[0]))
                held = []
                meter.reset()
        held.sort(key=lambda keyed: keyed[0])
        keyed = runs.merged(held) if runs else iter(held)
        return count, (entry for _, entry in keyed)

    def _start(self, first: Entry, previous: _Bucket | None) -> _Bucket:
        minimum = first[0]
        if self._rounder is not None:
            minimum = self._rounder.down(minimum) if previous is None else previous.maximum
        variables = self._context.variables
        states = [
            statement.create(
                MISSING if statement.initializer is None else statement.initializer.evaluate({}, variables)
            )
            for statement in self._statements.values()
        ]
        bucket = _Bucket(minimum, first[0], states)
        self._add(bucket, first)
        return bucket

    def _add(self, bucket: _Bucket, entry: Entry) -> None:
        value, document = entry
        bucket.maximum = value
        for state, statement in zip(bucket.states, self._statements.values(), strict=True):
            state.add(statement.evaluate(document, self._context.variables))

    def _fill(self, bucket: _Bucket, entries: Iterator[Entry], room: int | None) -> Entry | None:
        """Put `room` more entries into the bucket, all with None; return the one after them."""
        while room is None or room > 0:
            entry = next(entries, None)
            if entry is None:
                return None
            self._add(bucket, entry)
            room = None if room is None else room - 1
        return next(entries, None)

    def _close(self, bucket: _Bucket, entries: Iterator[Entry], following: Entry | None) -> Entry | None:
        """Set the upper boundary, put in what falls below it too, and return the entry after that."""
        collation = self._context.collation
        while following is not None and compare(following[0], bucket.maximum, collation) == 0:
            self._add(bucket, following)
            following = next(entries, None)
        if self._rounder is None:
            if following is not None:
                bucket.maximum = following[0]
            return following
        boundary = self._rounder.up(bucket.maximum)
        while following is not None and compare(boundary, following[0], collation) > 0:
            self._add(bucket, following)
            following = next(entries, None)
        bucket.maximum = boundary
        if following is not None and _is_zero(boundary):
            bucket.maximum = self._rounder.down(following[0])
        return following

    def _document(self, bucket: _Bucket) -> Document:
        boundaries = {"min": _present(bucket.minimum), "max": _present(bucket.maximum)}
        document: Document = {"_id": boundaries}
        for field, state in zip(self._statements, bucket.states, strict=True):
            document[field] = state.result()
        return document

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand

    @property
    def gathers(self) -> bool:
        """Buckets have no more of the documents than values."""
        return True

    def dependencies(self) -> Dependencies:
        """Return what the expression and the accumulators read."""
        fields = self._expression.fields.union(*(statement.fields for statement in self._statements.values()))
        return Dependencies(fields, is_exhaustive=True)


def _present(value: Field) -> BsonValue:
    return None if value is MISSING else value


def _is_zero(value: BsonValue) -> bool:
    return not (value.to_decimal() if isinstance(value, Decimal128) else value)


@STAGES.operator("$bucketAuto")
def parse_bucket_auto(operand: BsonValue, scope: Scope) -> BucketAutoStage:
    """Group documents into ranges of about the same number of documents.

    Raises:
        ServerError: Location40239 to 40246, 40257 and 40261 for a bad operand, and the errors of expressions and
            accumulators; while running Location40258 to 40260 for values that a granularity cannot round.

    Reference:
        MongoDB manual, "$bucketAuto (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(40240, f"The argument to $bucketAuto must be an object, but found type: {type_name(operand)}")
    context = scope.context
    buckets = 0
    rounder: Rounder | None = None
    statements: dict[str, Statement] = {}
    for name, value in operand.items():
        if name == "groupBy":
            _check_group_by(value)
        elif name == "buckets":
            buckets = _parse_buckets(value)
        elif name == "output":
            statements = _parse_output(value, context)
        elif name == "granularity":
            rounder = _parse_rounder(value)
        else:
            raise ServerError(40245, f"Unrecognized option to $bucketAuto: {name}")
    if not buckets or "groupBy" not in operand:
        raise ServerError(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified")
    if not statements:
        statements = {"count": parse_accumulator("count", {"$sum": 1}, context)}
    return BucketAutoStage(operand, statements, rounder, buckets, context)


def _check_group_by(value: BsonValue) -> None:
    if not is_grouping_expression(value):
        raise ServerError(
            40239,
            "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object, but found: "
            f"{value!r}",
        )


def _parse_buckets(value: BsonValue) -> int:
    if not is_number(value):
        raise ServerError(
            40241, f"The $bucketAuto 'buckets' field must be a numeric value, but found type: {type_name(value)}"
        )
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if not math.isfinite(number) or int(number) != number or not INT32_MIN <= number <= INT32_MAX:  # type: ignore
        raise ServerError(
            40242, f"The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found {value!r}"
        )
    if number <= 0:  # type: ignore[operator]
        raise ServerError(40243, f"The $bucketAuto 'buckets' field must be greater than 0, but found: {value!r}")
    return int(number)  # type: ignore[call-overload, no-any-return]


def _parse_output(value: BsonValue, context: Context) -> dict[str, Statement]:
    if not isinstance(value, dict):
        raise ServerError(
            40244, f"The $bucketAuto 'output' field must be an object, but found type: {type_name(value)}"
        )
    for name in value:
        check_field_name(name)
    return {name: parse_accumulator(name, operand, context) for name, operand in value.items()}


def _parse_rounder(value: BsonValue) -> Rounder:
    if not isinstance(value, str):
        raise ServerError(
            40261, f"The $bucketAuto 'granularity' field must be a string, but found type: {type_name(value)}"
        )
    return parse_granularity(value)
