"""Running pipelines on collections and views, and what their stages need of the collections around."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import cast

from bson.datetime_ms import DatetimeMS

from satchel.engine import stats
from satchel.engine.catalog import Catalog, CollectionEntry
from satchel.engine.current_op import current_operations
from satchel.engine.engine import Engine
from satchel.engine.execution.keys import stored_by_key
from satchel.engine.execution.query import QueryRun
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.find import parse_query
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.engine.planner.solution import CanonicalQuery
from satchel.engine.sessions import NOBODY, user_digest
from satchel.engine.units import WriteUnit
from satchel.engine.validators import validator_of
from satchel.engine.views import check_collation, resolve_view
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.engine.writes.documents import prepare_insert
from satchel.engine.writes.statements import UpdateStatement, WriteErrors, insert_documents, update_documents
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline import Leading, Pipeline, parse_pipeline
from satchel.mql.update import parse_update
from satchel.storage.interface import FULL_RANGE
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_result


@dataclass(frozen=True, slots=True)
class ParsedAggregation:
    """A pipeline on what it really reads: views are resolved."""

    pipeline: Pipeline
    namespace: Namespace
    entry: CollectionEntry | None
    leading: Leading | None

    def query(self, context: Context, hint: str | Document | None = None) -> CanonicalQuery:
        """Return the query of the pipeline's leading part."""
        leading = self.leading
        match = leading.match if leading is not None and leading.match is not None else parse_filter({}, context)
        query = parse_query(match, context, hint=hint)
        if leading is None:
            return query
        limit = None if leading.limit is None else leading.skip + leading.limit
        return replace(query, sort=leading.sort, limit=limit)

    def run(self, context: Context, hint: str | Document | None = None) -> QueryRun:
        """Return the run of the leading part."""
        leading = self.leading
        skip, limit = (leading.skip, leading.limit) if leading is not None else (0, None)
        return QueryRun(self.query(context, hint), context, skip, limit)


class Aggregation:
    """The engine as pipelines see it (`satchel.mql.pipeline.source.Source`), for one command and its cursor.

    Args:
        engine: The engine.
        operation: The command.
        slot: Where reads find their snapshot.
    """

    def __init__(self, engine: Engine, operation: Operation, slot: ReadSlot) -> None:
        self._engine = engine
        self._operation = operation
        self._slot = slot

    @property
    def _catalog(self) -> Catalog:
        return self._slot.unit.catalog

    @property
    def _write_unit(self) -> WriteUnit:
        unit = self._slot.unit
        assert isinstance(unit, WriteUnit), "$out and $merge run in a write transaction"
        return unit

    def parse(self, namespace: Namespace, specs: Sequence[BsonValue], context: Context) -> ParsedAggregation:
        """Parse a pipeline on a collection, a view, or (empty collection name) a database."""
        base, resolved = resolve_view(self._catalog, namespace, specs)
        check_collation(self._catalog.get(namespace), context.collation)
        pipeline = parse_pipeline(resolved, context, self, base)
        leading = pipeline.leading() if pipeline.reads_input else None
        return ParsedAggregation(pipeline, base, self._catalog.get(base), leading)

    def documents(
        self,
        namespace: Namespace,
        specs: Sequence[BsonValue],
        context: Context,
        hint: str | Document | None = None,
    ) -> Iterator[bytes]:
        """Run a pipeline and yield its documents as BSON; those that pass through untouched are not encoded anew."""
        parsed = self.parse(namespace, specs, context)
        return self.run_parsed(parsed, context, hint)

    def run_parsed(
        self, parsed: ParsedAggregation, context: Context, hint: str | Document | None = None
    ) -> Iterator[bytes]:
        """Run a parsed pipeline and yield its documents as BSON."""
        leading = parsed.leading
        if leading is not None and not leading.rest.stages:
            if parsed.entry is None:
                return iter(())
            return self._stored(parsed, parsed.entry, context, hint)
        if leading is not None and parsed.entry is not None and len(leading.rest.stages) == 1:
            (stage,) = leading.rest.stages
            if stage.takes_stored:
                return stage.run_stored(self._stored(parsed, parsed.entry, context, hint))
        return (encode_result(document) for document in self._run(parsed, context, hint))

    def _stored(
        self, parsed: ParsedAggregation, entry: CollectionEntry, context: Context, hint: str | Document | None
    ) -> Iterator[bytes]:
        """Yield what the leading part finds, as BSON."""
        run = parsed.run(context, hint)
        return run.stored(run.solve(entry, self._slot), entry, self._slot)

    def _run(
        self, parsed: ParsedAggregation, context: Context, hint: str | Document | None = None
    ) -> Iterator[Document]:
        if parsed.leading is None:
            return parsed.pipeline.run(iter(()))
        if parsed.entry is None:
            return parsed.leading.rest.run(iter(()))
        run = parsed.run(context, hint)
        if parsed.leading.fields == frozenset():  # only how many documents there are matters
            return parsed.leading.rest.run(repeat({}, run.count(parsed.entry, self._slot)))
        names = parsed.leading.grouped_fields
        if names is None:
            return parsed.leading.rest.run(run.documents(parsed.entry, self._slot))
        return parsed.leading.rest.run_chunks(run.chunks(parsed.entry, self._slot, names))

    def read(self, namespace: Namespace, pipeline: Sequence[Document], context: Context) -> Iterator[Document]:
        """Run a pipeline on a collection or view for a stage."""
        return self._run(self.parse(namespace, cast("Sequence[BsonValue]", pipeline), context), context)

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue, context: Context) -> Iterable[Document]:
        """Return the documents of a collection or view that `{path: {$eq: value}}` finds."""
        found = self.find_equal_stored(namespace, path, value, context)
        if found is None:
            return self.read(namespace, [{"$match": {path: {"$eq": value}}}], context)
        return map(decode_document, found)

    def find_equal_stored(
        self, namespace: Namespace, path: str, value: BsonValue, context: Context
    ) -> list[bytes] | None:
        """Return the same as BSON; None where it takes more than an index to find them."""
        unit = self._slot.unit
        entry = unit.catalog.get(namespace)
        return None if entry is None else stored_by_key(unit.reader, entry, path, value, context.collation)

    def has_at_most(self, namespace: Namespace, count: int) -> bool:
        """Tell whether a collection has no more documents than that; of a view that is not known, and True."""
        entry = self._catalog.get(namespace)
        if entry is None or entry.is_view:
            return True
        return self._slot.unit.reader.count_ids(entry.table, FULL_RANGE, count + 1) <= count

    def exists(self, namespace: Namespace) -> bool:
        """Tell whether there is a collection or view of this name."""
        return self._catalog.get(namespace) is not None

    def is_view(self, namespace: Namespace) -> bool:
        """Tell whether the name is a view's."""
        entry = self._catalog.get(namespace)
        return entry is not None and entry.is_view

    def has_index(self, namespace: Namespace, path: str) -> bool:
        """Tell whether an equality on `path` would use an index."""
        base, _ = resolve_view(self._catalog, namespace, [])
        entry = self._catalog.get(base)
        if entry is None:
            return False
        return any(
            index.paths[0] == path and not index.hidden and not index.sparse and index.partial_filter is None
            for index in entry.indexes
        )

    def has_unique_index(self, namespace: Namespace, paths: frozenset[str], *, sparse: bool = False) -> bool:
        """Tell whether a unique index, not partial and only if allowed sparse, has exactly these fields as its key."""
        if paths == {"_id"}:
            return True
        entry = self._catalog.get(namespace)
        return entry is not None and any(
            index.unique
            and (sparse or not index.sparse)
            and index.partial_filter is None
            and frozenset(index.paths) == paths
            for index in entry.indexes
        )

    def collection_stats(self, namespace: Namespace, spec: Document) -> Document:
        """Return the one document of `$collStats`."""
        return stats.coll_stats_stage(self._slot.unit, self._catalog.require(namespace), spec)

    def index_stats(self, namespace: Namespace) -> Iterable[Document]:
        """Return the documents of `$indexStats`."""
        entry = self._catalog.get(namespace)
        if entry is None:
            return []
        since = DatetimeMS(int(self._engine.started * 1000))
        return [
            {
                "name": index.name,
                "key": dict(index.key_pattern),
                "host": "satchel",
                "accesses": {"ops": self._engine.index_uses[entry.uuid, index.name], "since": since},
                "spec": index.spec,
            }
            for index in entry.indexes
        ]

    def plan_cache_stats(self, namespace: Namespace) -> Iterable[Document]:
        """Return the documents of `$planCacheStats`: where there is a choice it is made anew, so there are none."""
        self._catalog.require(namespace)
        return []

    def current_op(self, spec: Document) -> Iterable[Document]:
        """Return the documents of `$currentOp`."""
        return current_operations(self._engine, self._operation, spec)

    def sessions(self, spec: Document) -> Iterable[Document]:
        """Return the documents of `$listSessions` and `$listLocalSessions`."""
        own = self._operation.session
        users = cast("list[Document]", spec.get("users") or [])
        digests = {user_digest(f"{user['user']}@{user['db']}") for user in users}
        if not users:
            digests = {NOBODY if own is None else own.user}
        is_listed = (lambda _: True) if spec.get("allUsers") else (lambda session: session.user in digests)
        return self._engine.sessions.listing(is_listed)

    def replace_collection(
        self, namespace: Namespace, documents: Iterable[Document], options: Document, context: Context
    ) -> None:
        """Make `documents` the whole content of a collection: the work of `$out`."""
        if options:
            raise ServerError(ErrorCode.NotImplemented, "time series collections are not supported")
        unit = self._write_unit
        content = list(documents)
        with unit.writer.savepoint():
            entry = unit.ensure_collection(namespace)
            if entry.capped:
                raise ServerError(17152, f"namespace '{namespace}' is capped so it can't be used for $out")
            unit.clear(entry)
            self._insert_all(unit, entry, content)

    def _insert_all(self, unit: WriteUnit, entry: CollectionEntry, content: Sequence[Document]) -> None:
        validator = validator_of(entry, self._operation)
        prepared = [prepare_insert(document, entry.collation) for document in content]
        if validator is not None:
            for _, _, document in prepared:
                validator.check(document)
        CollectionWriter(unit, entry).insert(prepared)

    def insert(self, namespace: Namespace, documents: Sequence[Document], context: Context) -> None:
        """Insert documents for `$merge`."""
        errors = WriteErrors(ordered=True)
        insert_documents(self._write_unit, namespace, documents, self._operation, errors)
        if errors.errors:
            raise errors.errors[0][1]

    def update(
        self, namespace: Namespace, filter_: Document, update: Document | Sequence[Document], context: Context
    ) -> bool:
        """Update at most one document for `$merge` and tell whether one matched."""
        query = parse_query(parse_filter(filter_, context), context)
        parsed = parse_update(cast("Document", update), context)
        statement = UpdateStatement(QueryRun(query, context, limit=1), parsed)
        return bool(update_documents(self._write_unit, namespace, statement, self._operation).matched)
