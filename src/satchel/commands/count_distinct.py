"""The count and distinct commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, cast

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import (
    collection,
    document,
    integer,
    non_negative,
    param,
    string,
    string_or_document,
)
from satchel.engine.aggregation import Aggregation
from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import FindRequest, parse_query, with_collation
from satchel.engine.namespaces import checked_namespace
from satchel.errors import ServerError
from satchel.mql.match import parse_filter
from satchel.values import key_string
from satchel.values.bson_types import MAX_DOCUMENT_SIZE_BYTES, MISSING, BsonValue, Document, decode_document
from satchel.values.path import Parts, leaf_values, split


@dataclass(frozen=True, slots=True, kw_only=True)
class CountParams(NoFields):
    """Fields of count."""

    count: str = param(collection)
    query: Document = param(document, default={})
    limit: int = param(integer, default=0)
    skip: int = param(non_negative, default=0)
    hint: str | Document | None = param(string_or_document, default=None)
    collation: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"fields", "encryptionInformation"})


@COMMANDS.command("count", CountParams)
def count(params: CountParams, invocation: Invocation) -> Reply:
    """Count the documents that match a filter."""
    namespace = checked_namespace(invocation.database, params.count)
    slot = ReadSlot()
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        filter_ = parse_filter(params.query, context)
        if entry is None:
            return {"n": 0}
        if entry.is_view:
            return {"n": _count_view(params, entry, invocation, slot)}
        limit = abs(params.limit) or None
        if not params.query and not params.hint:
            total = max(unit.reader.count(entry.table) - params.skip, 0)
            return {"n": total if limit is None else min(total, limit)}
        run = QueryRun(parse_query(filter_, context, hint=params.hint), context, params.skip, limit)
        return {"n": run.count(entry, slot)}


def _count_view(params: CountParams, view: CollectionEntry, invocation: Invocation, slot: ReadSlot) -> int:
    request = FindRequest(params.query, skip=params.skip, limit=abs(params.limit))
    aggregation = Aggregation(invocation.engine, invocation.operation, slot)
    pipeline = cast("list[BsonValue]", request.to_pipeline())
    return sum(1 for _ in aggregation.documents(view.namespace, pipeline, invocation.operation.context))


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctParams(NoFields):
    """Fields of distinct."""

    distinct: str = param(collection)
    key: str = param(string)
    query: Document = param(document, default={})
    collation: Document | None = param(document, default=None)
    hint: str | Document | None = param(string_or_document, default=None)


@COMMANDS.command("distinct", DistinctParams)
def distinct(params: DistinctParams, invocation: Invocation) -> Reply:
    """Return the different values of a field; of an array each element."""
    namespace = checked_namespace(invocation.database, params.distinct)
    path = split(params.key)
    if "\0" in params.key:
        raise ServerError(31032, "Distinct key cannot contain null bytes")
    slot = ReadSlot()
    found: dict[bytes, BsonValue] = {}
    size = 0
    with invocation.engine.read() as unit, slot.attached(unit):
        entry = unit.catalog.get(namespace)
        context = with_collation(invocation.operation.context, params.collation, entry)
        for document_ in _distinct_source(params, entry, invocation, slot):
            for value in _values_at(document_, path):
                key = key_string.encode(value, context.collation)
                if key not in found:
                    found[key] = value
                    size += len(key)
                    if size > MAX_DOCUMENT_SIZE_BYTES:
                        raise ServerError(17217, "distinct too big, 16mb cap")
    return {"values": [found[key] for key in sorted(found)]}


def _values_at(document_: Document, path: Parts) -> Iterator[BsonValue]:
    for value in leaf_values(document_, path):
        if isinstance(value, list):
            yield from value
        elif value is not MISSING:
            yield value


def _distinct_source(
    params: DistinctParams, entry: CollectionEntry | None, invocation: Invocation, slot: ReadSlot
) -> Iterable[Document]:
    context = invocation.operation.context
    filter_ = parse_filter(params.query, context)
    if entry is None:
        return []
    if entry.is_view:
        aggregation = Aggregation(invocation.engine, invocation.operation, slot)
        return map(decode_document, aggregation.documents(entry.namespace, [{"$match": params.query}], context))
    run = QueryRun(parse_query(filter_, context, hint=params.hint), context)
    return (match.document for match in run.matches(entry, slot))
