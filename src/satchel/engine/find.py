"""Reading a collection or view: find's options put together into one stream of BSON documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from operator import attrgetter
from typing import Final

from bson import Int64

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match, matching
from satchel.engine.execution.query import QueryRun, part_of
from satchel.engine.execution.scans import check_alive, collection_scan, scan, stored_documents
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.indexes.keys import key_generator
from satchel.engine.planner import shapes
from satchel.engine.planner.planner import finds_few
from satchel.engine.planner.solution import CanonicalQuery, IxScan
from satchel.engine.views import check_collation
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions import command_variables
from satchel.mql.match import MatchExpression, parse_filter
from satchel.mql.projection import Projection, parse_projection
from satchel.mql.sort import natural_order, parse_sort
from satchel.storage.interface import JudgedRecord
from satchel.storage.patience import before_handling
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document, encode_result
from satchel.values.collation import parse_collation


@dataclass(frozen=True, slots=True)
class FindRequest:
    """What a find asks for, as it came.

    Attributes:
        limit: 0 means all.
    """

    filter: Document = field(default_factory=dict)
    projection: Document = field(default_factory=dict)
    sort: Document = field(default_factory=dict)
    hint: str | Document | None = None
    skip: int = 0
    limit: int = 0
    minimum: Document | None = None
    maximum: Document | None = None
    return_key: bool = False
    show_record_id: bool = False

    def to_pipeline(self) -> list[BsonValue]:
        """Return the pipeline that gives the same documents; a view is read with it (and `pipeline_hint`)."""
        stages: list[BsonValue] = []
        if self.filter:
            stages.append({"$match": self.filter})
        if self.sort and natural_order(self.sort) is None:
            stages.append({"$sort": self.sort})
        if self.skip:
            stages.append({"$skip": Int64(self.skip)})
        if self.limit:
            stages.append({"$limit": Int64(self.limit)})
        if self.projection:
            stages.append({"$project": self.projection})
        return stages

    @property
    def is_plain(self) -> bool:
        """Whether nothing but a filter, an order, fields, and a part of what is found is asked for."""
        return not (
            self.hint or self.return_key or self.show_record_id or self.minimum is not None or self.maximum is not None
        )

    @property
    def pipeline_hint(self) -> str | Document | None:
        """The hint of that pipeline: a sort in natural order becomes one."""
        natural = natural_order(self.sort)
        return self.hint if natural is None else {"$natural": natural}


def with_collation(context: Context, spec: Document | None, entry: CollectionEntry | None) -> Context:
    """Give an operation its collation: its own, or the collection's.

    Raises:
        ServerError: OptionNotSupportedOnView (167) when it is not the view's.
    """
    if spec is not None:
        context.collation = parse_collation(spec)
        check_collation(entry, context.collation)
    elif entry is not None:
        context.collation = entry.collation
    return context


def with_variables(context: Context, let: Mapping[str, BsonValue] | None) -> Context:
    """Evaluate the variables of a command's `let`, each in sight of those before it."""
    context.variables = command_variables(let or {}, context)
    return context


def parse_query(
    filter_: MatchExpression, context: Context, sort: Document | None = None, hint: str | Document | None = None
) -> CanonicalQuery:
    """Put a filter, an order and a hint together."""
    natural = natural_order(sort) or natural_order(hint) or 0
    return CanonicalQuery(
        filter_,
        sort=parse_sort(sort, context) if sort and not natural_order(sort) else None,
        natural=natural,
        hint=None if natural_order(hint) else hint or None,
        collation=context.collation,
    )


@dataclass(frozen=True, slots=True)
class PreparedFind:
    """A find, parsed."""

    run: QueryRun
    projection: Projection | None
    request: FindRequest
    asked: shapes.Asked | None = None

    def documents(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[bytes]:
        """Yield the result, as BSON."""
        solution = self.run.solve(entry, slot)
        if self.asked is not None:
            shapes.remember(*self.asked, solution)
        if self.request.return_key:
            matches = self.run.run(solution, entry, slot)
            return _keys_of(matches, solution.access if isinstance(solution.access, IxScan) else None)
        if self.projection is None and not self.request.show_record_id:
            return self.run.stored(solution, entry, slot)
        return map(self._project, self.run.run(solution, entry, slot))

    def _project(self, match: Match) -> bytes:
        document = match.document
        if self.projection is not None:
            position = self.run.query.filter.position(document) if self.projection.needs_position else None
            document = self.projection.apply(document, position)
        if self.request.show_record_id:
            document = {**document, "$recordId": Int64(match.rid)}
        return encode_result(document)

    def tail(self, entry: CollectionEntry, slot: ReadSlot) -> Iterator[bytes | None]:
        """Yield the result, None at its end so far, and then what comes after it, without ever ending.

        Raises:
            ServerError: CappedPositionLost (136), when the last document that was read has made room for newer ones.
        """
        after: int | None = None
        skip, left = self.run.skip, self.run.limit
        while True:
            check_alive(entry, slot)
            if after is not None and slot.unit.reader.get(entry.table, after) is None:
                raise ServerError(
                    ErrorCode.CappedPositionLost,
                    f"CollectionScan died due to position in capped collection being deleted. Last seen record id: "
                    f"RecordId({after})",
                )
            for rid, bson, _ in collection_scan(entry, slot, after=after):
                after = rid
                document = decode_document(bson)
                if self.run.query.filter.matches(document):
                    if skip:
                        skip -= 1
                        continue
                    yield self._project(Match(rid, bson, document))
                    left = None if left is None else left - 1
                    if left == 0:
                        return
            yield None


def find_documents(request: FindRequest, context: Context, entry: CollectionEntry, slot: ReadSlot) -> Iterator[bytes]:
    """Yield the result of a find in a collection, with its collation, as BSON.

    Raises:
        ServerError: What is wrong with the filter, projection, sort or bounds.
    """
    if not request.is_plain or context.collation != entry.collation:
        return prepare_find(request, context).documents(entry, slot)
    slot.watch(context.check_interrupt)
    asked = shapes.question(entry, request.filter, request.sort)
    plan = None if asked is None else shapes.known_plan(*asked)
    known = None if plan is None else documents_by_known_plan(plan, request, entry, slot)
    if known is not None:
        return known
    return replace(prepare_find(request, context), asked=asked).documents(entry, slot)


def documents_by_known_plan(
    plan: shapes.KnownPlan, request: FindRequest, entry: CollectionEntry, slot: ReadSlot
) -> Iterator[bytes] | None:
    """Yield the result of a plain find in a collection whose plan is known.

    Returns:
        None when there is more in the projection than names, or so much in the plan's range that the storage had better
        be told of the filter.

    Raises:
        ServerError: What is wrong with the projection.
    """
    if plan.is_exact:
        found = stored_documents(plan.access, entry, slot)
    elif finds_few(plan.access, entry, slot.unit.reader):
        context = Context(collation=entry.collation)
        residual = parse_filter(request.filter, context)
        records = map(_at_once, scan(plan.access, entry, slot))
        found = map(_BSON, matching(records, residual, context))
    else:
        return None
    found = part_of(found, request.skip, request.limit or None)
    if not request.projection:
        return found
    if any(value.__class__ is not int and value.__class__ is not bool for value in request.projection.values()):
        return None
    flags = tuple([(name, bool(value)) for name, value in request.projection.items()])
    if any("$" in name for name, _ in flags):
        return None
    return map(partial(_projected, _projection_of(flags)), found)


def _projected(projection: Projection, bson: bytes) -> bytes:
    before_handling(len(bson))
    return encode_result(projection.apply(decode_document(bson)))


def _at_once(record: JudgedRecord) -> JudgedRecord:
    before_handling(len(record[1]))
    return record


_BSON: Final = attrgetter("bson")


@lru_cache(maxsize=256)
def _projection_of(flags: tuple[tuple[str, bool], ...]) -> Projection:
    """Return a projection that only includes or excludes: its operation's circumstances do not matter."""
    return parse_projection(dict(flags), Context())


def prepare_find(request: FindRequest, context: Context) -> PreparedFind:
    """Parse a find.

    Raises:
        ServerError: What is wrong with its filter, projection, sort or bounds.
    """
    filter_ = parse_filter(request.filter, context)
    query = parse_query(filter_, context, request.sort, request.hint)
    end = request.skip + request.limit if request.limit else None
    query = CanonicalQuery(
        filter_, query.sort, query.natural, query.hint, request.minimum, request.maximum, query.collation, end
    )
    projection = parse_projection(request.projection, context, filter_) if request.projection else None
    return PreparedFind(QueryRun(query, context, request.skip, request.limit or None), projection, request)


def _keys_of(matches: Iterator[Match], access: IxScan | None) -> Iterator[bytes]:
    """Yield the index keys of documents (`returnKey`): empty documents when no index was used."""
    for match in matches:
        if access is None:
            yield encode_document({})
            continue
        if access.index.is_id:
            yield encode_document({"_id": match.document["_id"]})
            continue
        generator = key_generator(access.index)
        document = match.document
        yield encode_document(generator.key_value(document, generator.keys(document)[0]))
