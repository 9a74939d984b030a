"""Entries of the change log made into change events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

from bson import Binary
from bson.datetime_ms import DatetimeMS

from satchel.engine.change_streams.tokens import ResumeToken, TokenKind
from satchel.engine.cluster_parameters import image_lifetime_seconds
from satchel.engine.cluster_time import timestamp_of
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace, is_system
from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.stages.change_stream import ChangeStreamSpec
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document

EXPANDED_KINDS: Final = frozenset({"create", "createIndexes", "dropIndexes", "modify"})
"""Events that only a stream with `showExpandedEvents` has."""

_INTERNAL_DATABASES: Final = frozenset({"admin", "config", "local"})


@dataclass(frozen=True)
class Scope:
    """What a stream watches.

    Attributes:
        database: The database; empty for the whole deployment.
        collection: The collection; empty for all of the database.
    """

    database: str = ""
    collection: str = ""

    @cached_property
    def _signs(self) -> tuple[bytes, ...]:
        """What the bytes of an entry hold, one or the other, that is an event here."""
        if not self.database:
            return (b"",)
        if not self.collection:
            return (_element("db", self.database),)
        return _element("coll", self.collection), _element("op", "dropDatabase")

    def may_concern(self, entry: bytes) -> bool:
        """Tell, without decoding it, whether an entry of the change log can be an event here."""
        return any(sign in entry for sign in self._signs)

    def concerns(self, entry: Document) -> bool:
        """Tell whether an entry of the change log is an event here."""
        database, collection = cast("str", entry["db"]), cast("str", entry.get("coll", ""))
        if is_system(collection):
            return False
        if not self.database:
            return database not in _INTERNAL_DATABASES
        if not self.collection:
            return database == self.database
        if entry["op"] == "dropDatabase":
            return database == self.database
        return (database, collection) == (self.database, self.collection) or self._is_target(entry)

    def _is_target(self, entry: Document) -> bool:
        """Tell whether another collection has taken the name of the one that is watched."""
        return entry["op"] == "rename" and entry["to"] == {"db": self.database, "coll": self.collection}

    def is_invalidated_by(self, entry: Document) -> bool:
        """Tell whether a stream ends behind the event of an entry."""
        kind = cast("str", entry["op"])
        if entry.get("view"):
            return False
        if self.collection:
            return kind in ("drop", "rename", "dropDatabase")
        return bool(self.database) and kind == "dropDatabase"


class EventMaker:
    """Makes events of entries, with what a stream has asked for.

    Args:
        spec: The options of the stream.
        slot: Where documents are looked up (`fullDocument: "updateLookup"`).
    """

    def __init__(self, spec: ChangeStreamSpec, slot: ReadSlot) -> None:
        self._spec = spec
        self._slot = slot

    def shows(self, entry: Document) -> bool:
        """Tell whether the stream has events of this kind."""
        return self._spec.show_expanded_events or not (entry["op"] in EXPANDED_KINDS or entry.get("view"))

    def event(self, position: int, entry: Document) -> Document:
        """Return the event of an entry.

        Raises:
            ServerError: NoMatchingDocument (47), when an image that is required is not there.
        """
        kind = cast("str", entry["op"])
        token = ResumeToken(position, TokenKind.EVENT, uuid=bytes(cast("Binary", entry.get("uuid", bytes(16)))))
        event: Document = {"_id": token.to_bson(), "operationType": kind, **self._times(position, entry)}
        if self._spec.show_expanded_events and "uuid" in entry:
            event["collectionUUID"] = entry["uuid"]
        event["ns"] = _namespace(entry)
        if kind == "rename":
            event["to"] = entry["to"]
        if "id" in entry:
            self._describe_document(event, kind, entry)
        elif self._spec.show_expanded_events and "description" in entry:
            event["operationDescription"] = entry["description"]
            if "stateBefore" in entry:
                event["stateBeforeChange"] = entry["stateBefore"]
        return event

    def invalidation(self, position: int, entry: Document) -> Document:
        """Return the event that ends a stream behind an entry's own."""
        token = ResumeToken(position, TokenKind.INVALIDATE, uuid=bytes(cast("Binary", entry.get("uuid", bytes(16)))))
        return {"_id": token.to_bson(), "operationType": "invalidate", **self._times(position, entry)}

    def _times(self, position: int, entry: Document) -> Document:
        first = first_of_transaction(position, entry)
        times: Document = {"clusterTime": timestamp_of(first), "wallTime": entry["wall"]}
        times.update({name: entry[name] for name in ("txnNumber", "lsid") if name in entry})
        return times

    def _describe_document(self, event: Document, kind: str, entry: Document) -> None:
        event["documentKey"] = {"_id": entry["id"]}
        if kind in ("insert", "replace"):
            event["fullDocument"] = entry["document"]
        elif kind == "update":
            description = cast("Document", entry["description"])
            shown = ("updatedFields", "removedFields", "truncatedArrays")
            event["updateDescription"] = (
                description if self._spec.show_expanded_events else {name: description[name] for name in shown}
            )
            if self._spec.full_document != "default":
                event["fullDocument"] = self._full_document(event, entry)
        if kind != "insert" and self._spec.full_document_before_change != "off":
            event["fullDocumentBeforeChange"] = self._image(
                self._kept(entry, "before"), event, self._spec.full_document_before_change, "pre-image"
            )

    def _full_document(self, event: Document, entry: Document) -> BsonValue:
        if self._spec.full_document == "updateLookup":
            return self._look_up(entry)
        return self._image(self._kept(entry, "after"), event, self._spec.full_document, "post-image")

    def _kept(self, entry: Document, image: str) -> BsonValue:
        """Return an image, or None when there is none (any more)."""
        lifetime = image_lifetime_seconds(self._slot.unit)
        if lifetime is not None and int(cast("DatetimeMS", entry["wall"])) + 1000 * lifetime < time.time_ns() // 10**6:
            return None
        return entry.get(image)

    def _image(self, found: BsonValue, event: Document, mode: str, what: str) -> BsonValue:
        if found is None and mode == "required":
            which = "update" if what == "post-image" else "update, delete and replace"
            shown = {name: event[name] for name in ("operationType", "ns", "clusterTime", "documentKey")}
            raise ServerError(
                ErrorCode.NoMatchingDocument,
                f"Change stream was configured to require a {what} for all {which} events, but the {what} was not "
                f"found for event: {shown}",
            )
        return found

    def _look_up(self, entry: Document) -> BsonValue:
        """Return the document as it is now, or None when it is gone."""
        unit = self._slot.unit
        collection = unit.catalog.get(Namespace(cast("str", entry["db"]), cast("str", entry["coll"])))
        if collection is None or collection.is_view:
            return None
        if self._spec.match_collection_uuid and Binary.from_uuid(collection.uuid) != entry["uuid"]:
            return None
        record = unit.reader.get_by_id(collection.table, key_string.encode(entry["id"], collection.collation))
        return None if record is None else decode_document(record[1])


def _element(name: str, value: str) -> bytes:
    return encode_document({name: value})[4:-1]


def first_of_transaction(position: int, entry: Document) -> int:
    """Return the position of the first change of a transaction: the cluster time of them all."""
    return position - int(cast("int", entry.get("step", 0)))


def _namespace(entry: Document) -> Document:
    namespace: Document = {"db": entry["db"]}
    if "coll" in entry:
        namespace["coll"] = entry["coll"]
    return namespace
