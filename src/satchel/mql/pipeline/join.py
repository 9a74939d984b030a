"""Finding documents of another collection by equality, for `$lookup` and `$graphLookup`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from bson import Regex

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation.hashable import hashable
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.spill import MemoryMeter
from satchel.values.bson_types import MISSING, BsonValue, Document, Field
from satchel.values.namespace import Namespace
from satchel.values.path import element_values, split

_MOST_REMEMBERED: Final = 8
"""How many values a search may have to be remembered."""

_ENTRY_BYTES: Final = 200
"""About what a remembered search takes beside what it has found."""

_FIRST_TRY: Final = 100
_DOCUMENTS_PER_READ: Final = 6
"""About how many documents of a scan cost as much as one search by index."""


def joined_values(document: Document, parts: Sequence[str]) -> list[BsonValue]:
    """Return the values at a path of the near side of a join.

    Arrays on the way and at the end are gone through, numeric steps after the first name their elements; what is
    missing gives no value.
    """
    if len(parts) == 1:
        value = document.get(parts[0], MISSING)
        if value.__class__ is not list:
            return [] if value is MISSING else [value]
    values: list[BsonValue] = []
    _visit(document, parts, values)
    return values


def _visit(document: Document, parts: Sequence[str], values: list[BsonValue]) -> None:
    value: Field = document.get(parts[0], MISSING)
    rest = parts[1:]
    while rest and isinstance(value, list) and rest[0].isdecimal():
        position = int(rest[0])
        value = value[position] if position < len(value) else MISSING
        rest = rest[1:]
    if not rest:
        if isinstance(value, list):
            values.extend(value)
        elif value is not MISSING:
            values.append(value)
    elif isinstance(value, list):
        for member in value:
            if isinstance(member, dict):
                _visit(member, rest, values)
    elif isinstance(value, dict):
        _visit(value, rest, values)


def equality_filter(path: str, values: Sequence[BsonValue]) -> Document:
    """Return a filter for documents that have one of `values` at `path`; regular expressions are values too."""
    if len(values) == 1:
        return {path: {"$eq": values[0]}}
    if any(isinstance(value, Regex) for value in values):
        return {"$or": [{path: {"$eq": value}} for value in values]}
    return {path: {"$in": list(values)}}


def _refuse_operators(values: Sequence[BsonValue]) -> None:
    """Fail as MongoDB does, which puts the values into a filter's `$in`."""
    if any(isinstance(value, dict) and next(iter(value), "").startswith("$") for value in values):
        raise ServerError(ErrorCode.BadValue, "cannot nest $ under $in")


class ForeignCollection:
    """The far side of a join: its documents by the values of one field.

    Without an index on the field the first search reads the whole collection into a table, unless that takes too much
    memory. With one a search reads what it needs, and searches for few values are remembered; when there have been
    many, the table is tried nevertheless, up to as many documents as all those searches were worth.

    Args:
        source: The engine.
        namespace: The collection or view.
        path: The field.
        leading: Stages to run on the collection first.
        context: The operation.
        null_is_missing: Whether null is also the value of documents without the field; it always is of elements
            without the field beside others that have it.
    """

    def __init__(
        self,
        source: Source,
        namespace: Namespace,
        path: str,
        leading: Sequence[Document],
        context: Context,
        *,
        null_is_missing: bool,
    ) -> None:
        self._source = source
        self._namespace = namespace
        self._path = path
        self._parts = split(path)
        self._leading = leading
        self._context = context
        self._null_is_missing = null_is_missing
        self._exists = parse_filter({path: {"$exists": True}}, context).matches
        self._documents: list[Document] = []
        self._table: dict[Hashable, list[int]] | None = None
        self._remembered: dict[Hashable, list[Document]] = {}
        self._stored: dict[Hashable, list[bytes]] = {}
        self._meter = MemoryMeter("$lookup", context)
        self._reads = 0
        self._next_try = _FIRST_TRY
        self._reads_each_time = source.has_index(namespace, path)

    def find(self, values: Sequence[BsonValue]) -> list[Document]:
        """Return the documents that have one of `values`, each once, in the collection's order.

        Raises:
            ServerError: BadValue (2) for a document that begins like an operator, among several values.
        """
        if len(values) > 1 or not self._null_is_missing:
            _refuse_operators(values)
        if not self._null_is_missing and any(isinstance(value, Regex) for value in values):
            return list(self._read_in(values))
        if self._table is None:
            self._consider_table()
        if self._table is None:
            return self._remember(values) if len(values) <= _MOST_REMEMBERED else list(self._read(values))
        collation = self._context.collation
        positions = [self._table.get(hashable(value, collation), ()) for value in values]
        if len(positions) == 1:
            return [self._documents[position] for position in positions[0]]
        return [self._documents[position] for position in sorted(set().union(*positions))]

    def find_stored(self, value: BsonValue) -> list[bytes] | None:
        """Return the BSON of what `find` finds for one value; None where it does not read it by an index."""
        if self._table is not None or not self._reads_each_time or self._reads >= self._next_try or self._leading:
            return None
        key = hashable(value, self._context.collation)
        known = self._stored.get(key)
        if known is None:
            known = self._source.find_equal_stored(self._namespace, self._path, value, self._context)
            if known is None:
                return None
            self._reads += 1
            self._stored[key] = known
            if self._meter.add_bytes(sum(map(len, known)) + _ENTRY_BYTES):
                self._forget()
        return known

    def _forget(self) -> None:
        self._remembered.clear()
        self._stored.clear()
        self._meter.reset()

    def _remember(self, values: Sequence[BsonValue]) -> list[Document]:
        """Read, unless the same was read before; forget everything when it becomes too much."""
        collation = self._context.collation
        if len(values) == 1:
            key = hashable(values[0], collation)
        else:
            key = frozenset([hashable(value, collation) for value in values])
        known = self._remembered.get(key)
        if known is None:
            known = self._remembered[key] = list(self._read(values))
            self._meter.add(None)
            for document in known:
                if self._meter.add(document):
                    self._forget()
        return known

    def _consider_table(self) -> None:
        if not self._reads_each_time:
            self._build(None)
            self._reads_each_time = self._table is None
        elif self._reads >= self._next_try:
            self._next_try *= 10
            most = self._reads * _DOCUMENTS_PER_READ
            if self._leading or self._source.has_at_most(self._namespace, most):
                self._build(most)

    def _read(self, values: Sequence[BsonValue]) -> Iterator[Document]:
        self._reads += 1
        if len(values) == 1 and not self._leading and (self._null_is_missing or values[0] is not None):
            return iter(self._source.find_equal(self._namespace, self._path, values[0], self._context))
        if not self._null_is_missing:
            return self._read_in(values)
        match: Document = {"$match": equality_filter(self._path, values)}
        return self._source.read(self._namespace, [*self._leading, match], self._context)

    def _read_in(self, values: Sequence[BsonValue]) -> Iterator[Document]:
        """Read by `$in`, as `$graphLookup` does: strings match regular expressions, and null is not a missing field."""
        filter_: Document = {self._path: {"$in": list(values)}}
        if None in values:
            filter_ = {"$and": [filter_, {self._path: {"$exists": True}}]}
        return self._source.read(self._namespace, [*self._leading, {"$match": filter_}], self._context)

    def _build(self, most: int | None) -> None:
        """Read the collection into the table; give the table up when it takes more than `most` documents, or memory."""
        meter = MemoryMeter("$lookup", self._context)
        table: dict[Hashable, list[int]] = {}
        documents: list[Document] = []
        for document in self._source.read(self._namespace, list(self._leading), self._context):
            position = len(documents)
            if meter.add(document) or position == most:
                return
            documents.append(document)
            for key in self._keys(document):
                table.setdefault(key, []).append(position)
        self._table, self._documents = table, documents

    def _keys(self, document: Document) -> set[Hashable]:
        collation = self._context.collation
        keys: set[Hashable] = set()
        for value in element_values(document, self._parts):
            if value is not MISSING:
                keys.add(hashable(value, collation))
            elif self._null_is_missing or self._exists(document):
                keys.add(None)
        return keys
