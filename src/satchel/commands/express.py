"""The commonest writes, one plain document or statement each, past what other commands need.

They do what the commands do for the same, through the same functions. Where other rules might apply, and where
something fails, they leave no trace, and the command is to be run: it ends in the right error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from satchel.engine.catalog import CollectionEntry
from satchel.engine.execution.match import Match
from satchel.engine.execution.query import QueryRun
from satchel.engine.find import parse_query
from satchel.engine.namespaces import Namespace, is_system
from satchel.engine.operation import Operation
from satchel.engine.planner.lookup import first_record
from satchel.engine.units import WriteUnit
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.engine.writes.documents import prepare_insert
from satchel.engine.writes.statements import delete_matches, find_matches
from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.update import Update, parse_update
from satchel.storage.patience import before_handling, before_waiting
from satchel.values.bson_types import MISSING, PLAIN_CLASSES, Document, decode_document
from satchel.wire.service import Images

if TYPE_CHECKING:
    from satchel.commands.dispatch import Service


class _NotExpressError(Exception):
    """Other rules apply; the transaction is rolled back."""


class _Patience:
    """Ends a search that takes long: it is to be a command, which can be seen while it runs, and stopped."""

    def __init__(self) -> None:
        self._left = _MOST_CHECKS

    def __call__(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _NotExpressError


_FAILURES = (ServerError, RecursionError, _NotExpressError)
_NOTHING: Final = Images(None, None)
_MOST_CHECKS: Final = 8
"""How often a search may ask whether it is to end: some milliseconds."""

_MOST_KEPT: Final = 256
_MOST_KEPT_BYTES: Final = 1024
"""How many parsed updates are kept, and how long they may be as BSON."""


class ExpressWrites:
    """Writes for clients in this process.

    Args:
        service: Where the engine is.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._engine = service.engine
        self._operation = Operation("")
        """Stands for the operation of every such write: nobody sees or kills it, and it has no options."""
        self._met: set[int] = set()
        self._updates: dict[bytes, Update] = {}

    def insert(self, namespace: Namespace, bson: bytes) -> bool:
        """Insert one document; tell whether that has been done."""
        known = self._known(namespace)
        if known is None:
            return False
        try:
            with self._engine.write(self._operation) as unit:
                entry = _plain_entry(unit, known)
                CollectionWriter(unit, entry).insert_unguarded([prepare_insert(bson, entry.collation)])
        except _FAILURES:
            return False
        self._engine.opcounters["insert"] += 1
        return True

    def update(
        self, namespace: Namespace, filter_: Document, update: bytes, *, upsert: bool = False
    ) -> Document | None:
        """Update the first document that matches and return the reply; None when that has not been done."""
        images = self._change("update", namespace, filter_, update, upsert=upsert)
        if images is None:
            return None
        before, after = images
        return {"n": int(before is not None), "nModified": int(after is not before), "ok": 1.0, **self._service.times()}

    def delete(self, namespace: Namespace, filter_: Document) -> Document | None:
        """Delete the first document that matches and return the reply; None when that has not been done."""
        images = self._change("delete", namespace, filter_)
        if images is None:
            return None
        return {"n": int(images.before is not None), "ok": 1.0, **self._service.times()}

    def find_and_modify(self, namespace: Namespace, filter_: Document, update: bytes | None) -> Images | None:
        """Update or, without an update, delete the first document that matches, and return it before and after."""
        return self._change("findAndModify", namespace, filter_, update)

    def _change(
        self,
        command: str,
        namespace: Namespace,
        filter_: Document,
        update: bytes | None = None,
        *,
        upsert: bool = False,
    ) -> Images | None:
        known = self._known(namespace)
        if known is None:
            return None
        try:
            with self._engine.write(self._operation) as unit:
                entry = _plain_entry(unit, known)
                parsed = None if update is None else self._parsed(update, entry)
                match = _first_match(unit, entry, filter_)
                if upsert and (match is None or any(name[:1] == "$" for name in filter_)):
                    raise _NotExpressError  # a document is to be made, or the filter may be none for an upsert
                images = _NOTHING if match is None else _changed(unit, entry, match, parsed, filter_)
        except _FAILURES:
            return None
        self._engine.opcounters[command] += 1
        return images

    def _parsed(self, update: bytes, entry: CollectionEntry) -> Update:
        """Return an update, parsed; one that has come before is kept."""
        parsed = self._updates.get(update)
        if parsed is None:
            parsed = parse_update(decode_document(update), Context(collation=entry.collation))
            if hash(update) in self._met:
                self._keep(update, parsed)
            else:  # most come once: keeping them would cost more than parsing them
                _make_room(self._met)
                self._met.add(hash(update))
        return parsed

    def _keep(self, update: bytes, parsed: Update) -> None:
        # One with a `$` remembers something for each position that it has met.
        if parsed.is_constant and not parsed.needs_position and len(update) <= _MOST_KEPT_BYTES:
            _make_room(self._updates)
            self._updates[update] = parsed

    def _known(self, namespace: Namespace) -> CollectionEntry | None:
        """Return the collection as it was last seen, if it is worth while to begin."""
        catalog = self._engine.last_catalog
        entry = None if catalog is None else catalog.get(namespace)
        if entry is None or not _is_plain(entry) or self._service.activity.profiler.is_active:
            return None
        return entry


def _make_room(kept: set[int] | dict[bytes, Update]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _plain_entry(unit: WriteUnit, known: CollectionEntry) -> CollectionEntry:
    """Return the entry, as it is now, of a collection that has no rules of its own."""
    entry = unit.catalog.get(known.namespace)
    if entry is not known and (entry is None or not _is_plain(entry)):
        raise _NotExpressError
    return entry


@lru_cache(maxsize=1024)
def _is_plain(entry: CollectionEntry) -> bool:
    is_special = entry.is_view or entry.capped or is_system(entry.namespace.collection)
    return not is_special and not entry.options.get("validator")


def _first_match(unit: WriteUnit, entry: CollectionEntry, filter_: Document) -> Match | None:
    if len(filter_) == 1:
        ((path, value),) = filter_.items()
        if value.__class__ in PLAIN_CLASSES and path[:1] != "$":
            record = first_record(unit.reader, entry, path, value)
            if record is None:
                return None
            if record is not MISSING:
                before_handling(len(record[1]))
                return Match(*record, None)
    before_waiting()
    context = Context(collation=entry.collation, check_interrupt=_Patience())
    run = QueryRun(parse_query(parse_filter(filter_, context), context), context, limit=1)
    return next(iter(find_matches(unit, entry, run)), None)


def _changed(unit: WriteUnit, entry: CollectionEntry, match: Match, update: Update | None, filter_: Document) -> Images:
    """Update or delete a document that was found."""
    if update is None:
        delete_matches(unit, entry, [match])
        return Images(match.bson, None)
    old = match.document
    position = (
        parse_filter(filter_, Context(collation=entry.collation)).position(old) if update.needs_position else None
    )
    new = update.apply(old, position=position)
    if new is old:
        return Images(match.bson, match.bson)
    return Images(match.bson, CollectionWriter(unit, entry).replace_unguarded(match.rid, old, new, update))
