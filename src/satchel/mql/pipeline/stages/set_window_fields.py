"""`$setWindowFields`: fields computed over windows of neighbouring documents."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import groupby
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation.hashable import hashable
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.field_path import split_path
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.accumulators import ACCUMULATORS
from satchel.mql.pipeline.documents import set_everywhere
from satchel.mql.pipeline.spill import MemoryMeter, SpilledRuns
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type, without_nulls
from satchel.mql.pipeline.window_functions import WINDOW_FUNCTIONS, Surroundings, WindowFunction
from satchel.mql.pipeline.window_functions.accumulators import NOT_IN_WINDOWS, parse_window_accumulator
from satchel.mql.pipeline.windows import Partition
from satchel.mql.sort import SortPattern, parse_sort, sort_documents
from satchel.mql.stable_api import check_operator
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name
from satchel.values.key_string import encode

_OPTIONAL: Final = ("partitionBy", "sortBy")

Outputs = list[tuple[tuple[str, ...], WindowFunction]]


class SetWindowFieldsStage(Stage):
    """Sorts its input into partitions, and sets the fields partition by partition.

    Args:
        operand: The operand as written.
        partition_by: Gives the partition of a document, or None for one of all.
        pattern: The order within partitions, or None.
        outputs: The window functions by the path of their field.
        context: The operation.
    """

    name = "$setWindowFields"

    def __init__(
        self,
        operand: Document,
        partition_by: Expression | None,
        pattern: SortPattern | None,
        outputs: Outputs,
        context: Context,
    ) -> None:
        self._operand = operand
        self._partition_by = partition_by
        self._pattern = pattern
        self._outputs = outputs
        self._context = context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents with the fields, in the order of partitions and within them."""
        for rows in self._partitions(documents):
            self._context.check_interrupt()
            partition = Partition(rows, self._pattern, self._context)
            columns = [(path, function.evaluate(partition)) for path, function in self._outputs]
            for row, document in enumerate(rows):
                for path, column in columns:
                    document = set_everywhere(document, path, column[row])  # noqa: PLW2901 - one document, field by field
                yield document

    def _partitions(self, documents: Iterator[Document]) -> Iterator[list[Document]]:
        """Yield the sorted rows of each partition, in the order of the partitions."""
        meter = MemoryMeter(self.name, self._context)
        runs: SpilledRuns[Document] = SpilledRuns(meter.make_store)
        held: list[Document] = []
        for document in documents:
            held.append(document)
            if meter.add(document):
                meter.require_spilling()
                runs.write(self._keyed(held))
                held = []
                meter.reset()
        if not runs:
            yield from self._partitions_in_memory(held)
            return
        merged = ((key, document) for key, document in runs.merged(self._keyed(held)))
        for _, rows in groupby(merged, key=lambda entry: self._partition_key(entry[1])):
            yield [document for _, document in rows]

    def _partitions_in_memory(self, documents: list[Document]) -> Iterator[list[Document]]:
        if self._pattern is not None:
            documents = sort_documents(documents, self._pattern)
        if self._partition_by is None:
            if documents:
                yield documents
            return
        collation = self._context.collation
        partitions: dict[Hashable, tuple[Field, list[Document]]] = {}
        for document in documents:
            value = self._partition_of(document)
            partitions.setdefault(hashable(value, collation), (value, []))[1].append(document)
        for _, rows in sorted(partitions.values(), key=lambda entry: encode(entry[0], collation)):
            yield rows

    def _partition_of(self, document: Document) -> BsonValue:
        assert self._partition_by is not None, "there are partitions"
        value = self._partition_by.evaluate(document, self._context.variables)
        if isinstance(value, list):
            raise _array_partition()
        return None if value is MISSING else value

    def _partition_key(self, document: Document) -> bytes:
        if self._partition_by is None:
            return b""
        return encode(self._partition_of(document), self._context.collation)

    def _keyed(self, documents: list[Document]) -> list[tuple[bytes, Document]]:
        pattern = self._pattern
        keyed = [
            (self._partition_key(document) + (b"" if pattern is None else pattern.key(document)), document)
            for document in documents
        ]
        return sorted(keyed, key=lambda entry: entry[0])

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand

    def dependencies(self) -> Dependencies:
        """Return what the partitions, the order and the functions read."""
        fields = frozenset().union(*(function.fields for _, function in self._outputs))
        if self._partition_by is not None:
            fields |= self._partition_by.fields
        if self._pattern is not None:
            fields |= {part.path for part in self._pattern.parts}
        return Dependencies(fields)

    def preserves(self, name: str) -> bool:
        """A filter on the field that partitions lets whole partitions through."""
        if self._partition_by is None or self._partition_by.path != (name,):
            return False
        return all(path[0] != name for path, _ in self._outputs)


def _array_partition() -> ServerError:
    return ServerError(ErrorCode.TypeMismatch, "An expression used to partition cannot evaluate to value of type array")


@STAGES.operator("$setWindowFields")
def parse_set_window_fields(operand: BsonValue, scope: Scope) -> SetWindowFieldsStage:
    """Set fields by window functions over partitions of the documents, in an order.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), 40414, 40415, 6307900 for a bad operand, and the errors of
            sort patterns, paths, expressions, windows and functions.

    Reference:
        MongoDB manual, "$setWindowFields (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"the $setWindowFields stage specification must be an object, found {type_name(operand)}",
        )
    operand = without_nulls(operand)
    check_names("$setWindowFields", operand, required=("output",), optional=_OPTIONAL)
    for name in ("output", "sortBy"):
        if name in operand:
            check_type(f"$setWindowFields.{name}", operand[name], "object")
    return window_stage(operand, scope.context)


def window_stage(operand: Document, context: Context) -> SetWindowFieldsStage:
    """Return the stage of a checked operand; for stages that are made of one.

    Raises:
        ServerError: As `parse_set_window_fields`.
    """
    sort = operand.get("sortBy")
    pattern = None if sort is None else parse_sort(sort, context) if sort else SortPattern((), context)
    outputs: Outputs = []
    output = operand["output"]
    for path, spec in output.items() if isinstance(output, dict) else ():
        function = _parse_function(path, spec, pattern, context)
        outputs.append((split_path(path), function))
    _check_conflicts([path for path, _ in outputs])
    return SetWindowFieldsStage(operand, _parse_partition(operand, context), pattern, outputs, context)


def _parse_partition(operand: Document, context: Context) -> Expression | None:
    if "partitionBy" not in operand:
        return None
    expression = parse_expression(operand["partitionBy"], context)
    if expression.is_constant:
        if isinstance(expression.value, list):
            raise _array_partition()
        return None
    return expression


def _parse_function(field: str, spec: BsonValue, pattern: SortPattern | None, context: Context) -> WindowFunction:
    if not isinstance(spec, dict):
        raise ServerError(ErrorCode.FailedToParse, f"The field '{field}' must be an object")
    name = ""
    for argument in spec:
        if argument.startswith("$"):
            if name:
                raise ServerError(ErrorCode.FailedToParse, "Cannot specify two functions in window function spec")
            name = argument
        elif argument != "window":
            raise ServerError(ErrorCode.FailedToParse, f"Window function found an unknown argument: {argument}")
    if not name:
        raise ServerError(ErrorCode.FailedToParse, "Expected a $-prefixed window function")
    check_operator(name, context)
    surroundings = Surroundings(name, context, pattern, spec.get("window", MISSING))
    if name in ACCUMULATORS and name not in NOT_IN_WINDOWS:
        return parse_window_accumulator(spec[name], surroundings)
    parse = WINDOW_FUNCTIONS.get(name)
    if parse is None:
        raise ServerError(ErrorCode.FailedToParse, f"Unrecognized window function, {name}")
    return parse(spec[name], surroundings)


def _check_conflicts(paths: list[tuple[str, ...]]) -> None:
    for path in paths:
        if any(path is not other and path == other[: len(path)] for other in paths):
            raise ServerError(6307900, "$setWindowFields 'output' specification contains two conflicting paths")
