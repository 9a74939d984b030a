"""The count and distinct commands."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar, cast

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    collection,
    document,
    non_negative,
    param,
    string,
    string_or_document,
    takes_null,
    whole_number,
)
from satchel.commands.rights import on_collection
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, parse_query, with_collation
from satchel.engine.namespaces import checked_namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.grouping import hashable_column
from satchel.mql.pipeline.rewrites import before_positions
from satchel.values import key_string
from satchel.values.bson_types import (
    INT64_MIN,
    MAX_DOCUMENT_SIZE_BYTES,
    MISSING,
    BsonValue,
    Document,
    Missing,
    decode_document,
)
from satchel.values.collation import Collation
from satchel.values.numbers import is_bson_number


@takes_null
def _limit(name: str, value: BsonValue) -> int:
    """Take how many documents are counted at most; a negative number means the same as the positive one."""
    if not is_bson_number(value):
        raise ServerError(ErrorCode.BadValue, "limit value is not a valid number")
    number = whole_number(name, value)
    if number == INT64_MIN:
        raise ServerError(ErrorCode.BadValue, "limit value for count cannot be min long")
    return abs(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountParams(NoFields):
    """Fields of count."""

    count: str = param(collection)
    query: Document = param(document, default={})
    limit: int = param(_limit, default=0)
    skip: int = param(non_negative, default=0)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"fields", "encryptionInformation"})
    UNSTABLE: ClassVar[frozenset[str]] = frozenset({"fields"})

    @property
    def counts_all(self) -> bool:
        """Whether every document counts, so that the collection's own number is the answer."""
        return not self.query and not self.hint

    def request(self) -> FindRequest:
        """Return the find whose documents are counted."""
        return FindRequest(self.query, hint=self.hint, skip=self.skip, limit=self.limit)

    def run(self, context: Context) -> QueryRun:
        """Return the query whose documents are counted."""
        query = parse_query(parse_filter(self.query, context), context, hint=self.hint)
        return QueryRun(query, context, self.skip, self.limit or None)


@COMMANDS.command("count", CountParams, access=on_collection("find"))
def count(params: CountParams, invocation: Invocation) -> Reply:
    """Count the documents that match a filter."""
    namespace = checked_namespace(invocation.database, params.count)
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        run = params.run(context)
        if entry is None:
            return {"n": 0}
        if entry.is_view:
            return {"n": _count_view(params, entry, invocation, slot)}
        if params.counts_all:
            total = max(unit.reader.count(entry.table) - params.skip, 0)
            return {"n": min(total, params.limit) if params.limit else total}
        return {"n": run.count(entry, slot)}


def _count_view(params: CountParams, view: CollectionEntry, invocation: Invocation, slot: ReadSlot) -> int:
    aggregation = Aggregation(invocation.engine, invocation.operation, slot)
    context = invocation.operation.context
    return sum(1 for _ in aggregation.documents(view.namespace, params.request().to_pipeline(), context, params.hint))


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctParams(NoFields):
    """Fields of distinct."""

    distinct: str = param(collection)
    key: str = param(string)
    query: Document = param(document, default={})
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)

    def run(self, context: Context) -> QueryRun:
        """Return the query whose documents are looked at."""
        return QueryRun(parse_query(parse_filter(self.query, context), context, hint=self.hint), context)


@COMMANDS.command("distinct", DistinctParams, access=on_collection("find"))
def distinct(params: DistinctParams, invocation: Invocation) -> Reply:
    """Return the different values of a field; of an array each element."""
    namespace = checked_namespace(invocation.database, params.distinct)
    path = params.key.split(".")
    if "\0" in params.key:
        raise ServerError(31032, "Distinct key cannot contain null bytes")
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        values = _different(
            (_values_of(chunk, path) for chunk in _distinct_source(params, entry, invocation, slot)), context.collation
        )
    at = invocation.operation.at_cluster_time
    snapshot: Document = {} if at is None else {"atClusterTime": at}
    return {"values": values, **snapshot}


def _different(columns: Iterable[Sequence[BsonValue]], collation: Collation | None) -> list[BsonValue]:
    """Return the values that differ, in order; of equal ones the first.

    Raises:
        ServerError: Location17217 when they are too many to fit a document.
    """
    met: set[Hashable] = set()
    found: dict[bytes, BsonValue] = {}
    size = 0
    for values in columns:
        keys = hashable_column(list(values), collation)
        first = dict(zip(reversed(keys), reversed(values), strict=True))
        for key in first.keys() - met:
            met.add(key)
            encoded = key_string.encode(first[key], collation)
            found[encoded] = first[key]
            size += len(encoded)
            if size > MAX_DOCUMENT_SIZE_BYTES:
                raise ServerError(17217, "distinct too big, 16mb cap")
    return [found[key] for key in sorted(found)]


def _values_of(chunk: Chunk, path: Sequence[str]) -> Sequence[BsonValue]:
    """Return what a path leads to in some documents."""
    columns, whole = chunk.columns or {}, ".".join(path)
    column, rest = (columns[whole], ()) if whole in columns else (chunk.field(path[0]), path[1:])
    if not rest:
        classes = set(map(type, column))
        if classes == {list}:
            return list(chain.from_iterable(cast("list[list[BsonValue]]", column)))
        if classes.isdisjoint((list, Missing)):
            return column
    return [found for value in column if value is not MISSING for found in _values_at(value, rest)]


def _values_at(value: BsonValue, path: Sequence[str]) -> Iterator[BsonValue]:
    """Yield what a path leads to, and of an array its elements.

    In an array, a step of digits means a position and nothing else, unlike in a filter.
    """
    if not path:
        yield from value if isinstance(value, list) else (value,)
    elif isinstance(value, dict):
        if path[0] in value:
            yield from _values_at(value[path[0]], path[1:])
    elif isinstance(value, list):
        if path[0].isascii() and path[0].isdigit():
            yield from _at_position(value, path)
        else:
            for element in value:
                if isinstance(element, dict):
                    yield from _values_at(element, path)


def _at_position(array: list[BsonValue], path: Sequence[str]) -> Iterator[BsonValue]:
    position = int(path[0])
    if position < len(array) and path[0] == str(position):
        yield from _values_at(array[position], path[1:])


def _distinct_source(
    params: DistinctParams, entry: CollectionEntry | None, invocation: Invocation, slot: ReadSlot
) -> Iterable[Chunk]:
    context = invocation.operation.context
    run = params.run(context)
    if entry is None:
        return []
    if entry.is_view:
        aggregation = Aggregation(invocation.engine, invocation.operation, slot)
        pipeline: list[BsonValue] = [{"$match": params.query}]
        documents = aggregation.documents(entry.namespace, pipeline, context, params.hint)
        return (Chunk([decode_document(each)]) for each in documents)
    return run.chunks(entry, slot, frozenset({before_positions(params.key)}))
