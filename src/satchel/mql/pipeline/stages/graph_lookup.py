"""`$graphLookup`: all documents that can be reached over references."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from bson import Decimal128, Int64

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation.hashable import hashable
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.field_path import split_path
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.documents import set_path
from satchel.mql.pipeline.join import ForeignCollection, joined_values
from satchel.mql.pipeline.spill import MemoryMeter
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.values.bson_types import INT64_MAX, MISSING, BsonValue, Document, Field, is_number, type_name
from satchel.values.namespace import Namespace

_REQUIRED: Final = ("as", "startWith", "connectFromField", "connectToField")
_OPTIONAL: Final = ("from", "maxDepth", "depthField", "restrictSearchWithMatch")
_PATHS: Final = ("as", "connectFromField", "connectToField", "depthField")


@dataclass(frozen=True, slots=True)
class GraphLookupSpec:
    """The operand of `$graphLookup`, parsed.

    Attributes:
        operand: As the user wrote it.
        namespace: The collection to search.
        as_parts: The path of the array.
        start_with: Gives the values to begin with.
        from_parts: The field whose values lead on.
        to_field: The field that they are looked for in.
        max_depth: How many steps to go beyond the first, or None for all.
        depth_parts: The path that takes the number of steps, or None.
        restriction: A filter on what is visited, or None.
    """

    operand: Document
    namespace: Namespace
    as_parts: tuple[str, ...]
    start_with: Expression
    from_parts: tuple[str, ...]
    to_field: str
    max_depth: int | None
    depth_parts: tuple[str, ...] | None
    restriction: Document | None


class GraphLookupStage(Stage):
    """Searches a graph breadth first, once for each document of its input."""

    name = "$graphLookup"

    def __init__(self, spec: GraphLookupSpec, scope: Scope) -> None:
        self._spec = spec
        self._scope = scope
        self._context = scope.context

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents with the arrays of what they reach."""
        spec = self._spec
        leading: list[Document] = [] if spec.restriction is None else [{"$match": spec.restriction}]
        foreign = ForeignCollection(
            self._scope.require_source(self.name),
            spec.namespace,
            spec.to_field,
            leading,
            self._context,
            null_is_missing=False,
        )
        for document in documents:
            yield set_path(document, spec.as_parts, self._search(document, foreign))

    def _search(self, document: Document, foreign: ForeignCollection) -> list[Document]:
        """Return what can be reached; every document is visited once, so cycles end."""
        spec, collation = self._spec, self._context.collation
        meter = MemoryMeter(self.name, self._context)
        visited: dict[Hashable, Document] = {}
        frontier = self._start(document)
        asked: set[Hashable] = set()
        depth = 0
        while frontier and (spec.max_depth is None or depth <= spec.max_depth):
            following: dict[Hashable, BsonValue] = {}
            for found in foreign.find(list(frontier.values())):
                key = hashable(_id_of(found, spec.namespace), None)
                if key in visited:
                    continue
                visited[key] = self._with_depth(found, depth)
                if meter.add(found):
                    raise ServerError(40099, "$graphLookup reached maximum memory consumption")
                for value in joined_values(found, spec.from_parts):
                    following.setdefault(hashable(value, collation), value)
            asked |= frontier.keys()
            frontier = {key: value for key, value in following.items() if key not in asked}
            depth += 1
        return list(visited.values())

    def _start(self, document: Document) -> dict[Hashable, BsonValue]:
        value = self._spec.start_with.evaluate(document, self._context.variables)
        values: list[Field] = value if isinstance(value, list) else [value]
        return {hashable(member, self._context.collation): member for member in values if member is not MISSING}

    def _with_depth(self, document: Document, depth: int) -> Document:
        parts = self._spec.depth_parts
        return document if parts is None else set_path(document, parts, Int64(depth))

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._spec.operand

    def dependencies(self) -> Dependencies:
        """Return what the start reads."""
        return Dependencies(self._spec.start_with.fields)

    def preserves(self, name: str) -> bool:
        """All fields but that of the array stay as they are."""
        return name != self._spec.as_parts[0]


def _id_of(document: Document, namespace: Namespace) -> BsonValue:
    if "_id" not in document:
        raise ServerError(
            40271,
            f"Documents in the '{namespace}' namespace must contain an _id for de-duplication in $graphLookup",
        )
    return document["_id"]


@STAGES.operator("$graphLookup")
def parse_graph_lookup(operand: BsonValue, scope: Scope) -> GraphLookupStage:
    """Search a collection for all that is connected, directly or over other documents.

    Raises:
        ServerError: FailedToParse (9), InvalidNamespace (73), Location12109300 and 12109307 to 12109312 for a bad
            operand, and the errors of paths, expressions and filters; while running 40099 when too much memory is
            needed, 40271 for a document without `_id`.

    Reference:
        MongoDB manual, "$graphLookup (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"the $graphLookup stage specification must be an object, but found {type_name(operand)}",
        )
    namespace = _namespace(operand, scope)
    _check(operand)
    depth_field, restriction = operand.get("depthField"), operand.get("restrictSearchWithMatch")
    spec = GraphLookupSpec(
        operand=operand,
        namespace=namespace,
        as_parts=split_path(str(operand["as"])),
        start_with=parse_expression(operand["startWith"], scope.context),
        from_parts=split_path(str(operand["connectFromField"])),
        to_field=".".join(split_path(str(operand["connectToField"]))),
        max_depth=_max_depth(operand["maxDepth"]) if "maxDepth" in operand else None,
        depth_parts=split_path(depth_field) if isinstance(depth_field, str) else None,
        restriction=_restriction(restriction, scope.context) if isinstance(restriction, dict) else None,
    )
    return GraphLookupStage(spec, scope)


def _namespace(operand: Document, scope: Scope) -> Namespace:
    if "from" not in operand:
        raise ServerError(
            ErrorCode.FailedToParse, f"missing 'from' option to $graphLookup stage specification: {operand!r}"
        )
    collection = operand["from"]
    if not isinstance(collection, str):
        raise ServerError(
            ErrorCode.FailedToParse, f"$graphLookup 'from' field must be a string, but found {type_name(collection)}"
        )
    if not collection:
        raise ServerError(ErrorCode.InvalidNamespace, f"invalid $graphLookup namespace: {scope.namespace.database}")
    return Namespace(scope.namespace.database, collection)


def _check(operand: Document) -> None:
    for name, value in operand.items():
        if name not in _REQUIRED and name not in _OPTIONAL:
            raise ServerError(
                12109312, f"unknown argument to $graphLookup: BSON field '$graphLookup.{name}' is an unknown field."
            )
        if name in _PATHS and not isinstance(value, str):
            raise ServerError(12109311, f"$graphLookup '{name}' field must be a string, but found {type_name(value)}")
        if name == "restrictSearchWithMatch" and not isinstance(value, dict):
            raise ServerError(
                12109310, f"$graphLookup 'restrictSearchWithMatch' must be an object, but found {type_name(value)}"
            )
    missing = [f"'{name}'" for name in _REQUIRED if name not in operand]
    if missing:
        raise ServerError(12109300, f"$graphLookup is missing required field(s): {', '.join(missing)}")


def _max_depth(value: BsonValue) -> int:
    if not is_number(value):
        raise ServerError(12109307, f"$graphLookup 'maxDepth' must be numeric, but found type: {type_name(value)}")
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if not math.isfinite(number) or int(number) != number or abs(number) > INT64_MAX:  # type: ignore
        raise ServerError(
            12109309, f"$graphLookup 'maxDepth' must be an integer representable as a long long, but found: {value!r}"
        )
    if number < 0:  # type: ignore[operator]
        raise ServerError(12109308, f"$graphLookup 'maxDepth' must be nonnegative, but found: {value!r}")
    return int(number)  # type: ignore[call-overload, no-any-return]


def _restriction(filter_: Document, context: Context) -> Document:
    try:
        parse_filter(filter_, context)
    except ServerError as error:
        raise ServerError(
            error.code,
            f"Failed to parse 'restrictSearchWithMatch' option to $graphLookup :: caused by :: {error.message}",
        ) from error
    return filter_
