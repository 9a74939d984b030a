"""Short cut = command: the same calls on a client that takes short cuts and on one that goes PyMongo's way.

Compared are results, exceptions with all that they say, and what the calls have left in the caller's own objects.
"""

from __future__ import annotations

import copy
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pymongo
import pytest
from bson import Binary, CodecOptions, Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.binary import UuidRepresentation
from bson.codec_options import TypeCodec, TypeRegistry
from bson.errors import BSONError, InvalidDocument
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from pymongo import InsertOne, ReadPreference, ReturnDocument, UpdateOne, WriteConcern
from pymongo.collation import Collation
from pymongo.errors import AutoReconnect, CursorNotFound, PyMongoError
from pymongo.message import _GetMore
from pymongo.monitoring import CommandListener, CommandStartedEvent
from pymongo.read_concern import ReadConcern
from pymongo.synchronous.collection import Collection

from satchel import MongoClient
from satchel.driver.direct import DirectConnection, Reply
from satchel.wire.messages import Request

Call = Callable[[Collection[Any]], object]


class Listener(CommandListener):
    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


DIRECT_COMMANDS: list[str] = []


EXPRESS = ("find_equal", "find_first", "insert_one", "insert_many", "update_one", "delete_one", "find_and_modify")


def _noted_call(name: str, call: Callable[..., object]) -> Callable[..., object]:
    def noted(*args: object) -> object:
        result = call(*args)
        DIRECT_COMMANDS.append(name)
        return result

    return noted


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoClient[Any]]:
    """A client that takes short cuts; the names of the commands that did are in DIRECT_COMMANDS."""
    send = DirectConnection._send

    def noted(self: DirectConnection, request: Request) -> Reply:
        DIRECT_COMMANDS.append(next(iter(request.command)))
        return send(self, request)

    monkeypatch.setattr(DirectConnection, "_send", noted)
    for name in EXPRESS:
        monkeypatch.setattr(DirectConnection, name, _noted_call(name, getattr(DirectConnection, name)))
    DIRECT_COMMANDS.clear()
    with MongoClient(":memory:") as client:
        yield client


@pytest.fixture
def indirect() -> Iterator[MongoClient[Any]]:
    """A client that goes PyMongo's way, as somebody listens."""
    with MongoClient(":memory:", event_listeners=[Listener()]) as client:
        yield client


def ids(start: int) -> ObjectId:
    return ObjectId(f"{start:024x}")


def fill(collection: Collection[Any]) -> None:
    database = collection.database
    database.drop_collection("c")
    database["c"].insert_many(
        [
            {
                "_id": ids(i),
                "n": i,
                "name": f"Name {i}",
                "tags": ["a", i % 3],
                "at": datetime(2024, 1, 1 + i),
                "d": {"x": i},
            }
            for i in range(20)
        ]
    )
    database["c"].create_index("n", unique=True)
    database["c"].create_index([("name", 1)])


def plain(value: object) -> object:
    """Return what can be compared: cursors as lists, results as what they hold, without times."""
    if isinstance(value, dict):
        volatile = ("$clusterTime", "operationTime")
        return {name: plain(inner) for name, inner in value.items() if name not in volatile}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "raw_result"):
        return type(value).__name__, plain(value.raw_result), value.acknowledged
    if hasattr(value, "inserted_ids"):
        return type(value).__name__, value.inserted_ids, value.acknowledged
    if hasattr(value, "inserted_id"):
        return type(value).__name__, value.inserted_id, value.acknowledged
    if hasattr(value, "bulk_api_result"):
        return type(value).__name__, plain(value.bulk_api_result)
    if isinstance(value, RawBSONDocument):
        return value.raw
    if hasattr(value, "to_list"):
        return [plain(each) for each in value]
    return value


def outcome(call: Call, collection: Collection[Any]) -> tuple[object, ...]:
    try:
        result = plain(call(collection))
    except PyMongoError as error:
        return (
            type(error),
            str(error).partition(", full error")[0],
            getattr(error, "code", None),
            plain(getattr(error, "details", None)),
            getattr(error, "_error_labels", None),
        )
    except (BSONError, TypeError, ValueError) as error:
        # How large a message is depends on the session that it names.
        return type(error), re.sub(r"\(\d+ bytes\)", "", str(error))
    return type(result), repr(result), result


def state(collection: Collection[Any]) -> list[object]:
    options: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
    return [plain(document) for document in collection.database["c"].with_options(options).find().sort("_id", 1)]


class Point:
    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x

    def __hash__(self) -> int:
        return hash(self.x)

    def __repr__(self) -> str:
        return f"Point({self.x})"


class PointCodec(TypeCodec):
    python_type = Point
    bson_type = Binary

    def transform_python(self, value: Point) -> Binary:
        return Binary(bytes([value.x]), 128)

    def transform_bson(self, value: Binary) -> Point | Binary:
        return Point(value[0]) if value.subtype == 128 else value


class DecimalCodec(TypeCodec):
    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


UNENCODABLE = object()
REGISTRY = TypeRegistry([DecimalCodec()])
STANDARD: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

READS: dict[str, Call] = {
    "find_one_by_id": lambda c: c.find_one({"_id": ids(3)}),
    "find_one_bare_id": lambda c: c.find_one(ids(3)),
    "find_one_none": lambda c: c.find_one({"_id": ids(99)}),
    "find_one_all": lambda c: c.find_one(),
    "find_one_all_empty": lambda c: c.find_one({}),
    "find_one_first_id": lambda c: c.find_one(projection={"_id": 1}, session=None),
    "find_one_first_id_empty": lambda c: c.find_one({}, projection={"_id": True}),
    "find_one_first_id_positional": lambda c: c.find_one({}, {"_id": 1}),
    "find_one_first_without_id": lambda c: c.find_one(projection={"_id": 0}),
    "find_one_first_id_double": lambda c: c.find_one(projection={"_id": 1.0}),
    "find_one_first_id_list": lambda c: c.find_one(projection=["_id"]),
    "find_one_first_no_projection": lambda c: c.find_one(projection={}),
    "find_one_first_other": lambda c: c.find_one(projection={"n": 1}),
    "find_one_first_id_value": lambda c: c.find_one(projection={"_id": "x"}),
    "find_one_first_skip": lambda c: c.find_one(projection={"_id": 1}, skip=2),
    "find_one_first_none": lambda c: c.database["missing"].find_one(projection={"_id": 1}),
    "find_one_first_class": lambda c: c.with_options(CodecOptions(document_class=SON)).find_one(projection={"_id": 1}),
    "find_one_first_raw": lambda c: c.with_options(CodecOptions(document_class=RawBSONDocument)).find_one(),
    "find_one_first_emptied": lambda c: emptied(c).find_one(projection={"_id": 1}),
    "find_one_first_of_several": lambda c: emptied(c, {"_id": 5, "a": 1}, {"_id": 3, "a": 2}).find_one(
        projection={"_id": 1}
    ),
    "find_one_first_document_id": lambda c: emptied(c, {"a": 1, "_id": {"b": 1, "_id": 2}}).find_one(
        projection={"_id": 1}
    ),
    "find_one_first_in_capped": lambda c: capped(c).find_one(projection={"_id": 1}),
    "find_one_first_in_view": lambda c: view(c).find_one(projection={"_id": 1}),
    "find_one_not_a_filter": lambda c: c.find_one([], projection={"_id": 1}),
    "find_one_indexed_eq": lambda c: c.find_one({"n": {"$eq": 7}}),
    "find_one_indexed_string": lambda c: c.find_one({"name": "Name 7"}),
    "find_one_indexed_none": lambda c: c.find_one({"name": "Name 77"}),
    "find_one_indexed_bool": lambda c: c.find_one({"n": True}),
    "find_one_indexed_array": lambda c: indexed(c, [("tags", -1)], lambda: c.find_one({"tags": 2})),
    "find_one_indexed_twice": lambda c: indexed(c, [("n", 1), ("name", 1)], lambda: c.find_one({"n": 7})),
    "find_one_indexed_compound": lambda c: indexed(c, [("d", 1), ("n", 1)], lambda: c.find_one({"d": "x"})),
    "find_one_indexed_inside": lambda c: indexed(c, [("d.x", 1)], lambda: c.find_one({"d.x": 7})),
    "find_one_indexed_sparse": lambda c: indexed(c, [("at", 1)], lambda: c.find_one({"at": 7}), sparse=True),
    "find_one_indexed_partial": lambda c: indexed(
        c, [("d.x", 1)], lambda: c.find_one({"d.x": 7}), partialFilterExpression={"n": {"$gt": 9}}
    ),
    "find_one_indexed_collation": lambda c: indexed(
        c, [("z", 1)], lambda: c.find_one({"z": "A"}), collation={"locale": "en", "strength": 1}
    ),
    "find_one_wildcard": lambda c: indexed(c, [("$**", 1)], lambda: c.find_one({"d.x": 7})),
    "find_one_hashed": lambda c: indexed(c, [("d.x", "hashed")], lambda: c.find_one({"d.x": 7})),
    "find_one_indexed": lambda c: c.find_one({"n": 7}),
    "find_one_int64": lambda c: c.find_one({"n": Int64(7)}),
    "find_one_double": lambda c: c.find_one({"n": 7.0}),
    "find_one_null": lambda c: c.find_one({"n": None}),
    "find_one_array": lambda c: c.find_one({"tags": ["a", 1]}),
    "find_one_document": lambda c: c.find_one({"d": {"x": 3}}),
    "find_one_dotted": lambda c: c.find_one({"d.x": 3}),
    "find_one_regex": lambda c: c.find_one({"name": Regex("^Name 1")}),
    "find_one_projection": lambda c: c.find_one({"n": 3}, {"n": 1, "_id": 0}),
    "find_one_projection_list": lambda c: c.find_one({"n": 3}, ["name"]),
    "find_one_sorted": lambda c: c.find_one({"tags": "a"}, sort=[("n", -1)], skip=2),
    "find_one_collation": lambda c: c.find_one({"name": "NAME 3"}, collation=Collation("en", strength=2)),
    "find_one_hint": lambda c: c.find_one({"n": 3}, hint="n_1"),
    "find_one_bad_hint": lambda c: c.find_one({"n": 3}, hint="nothing"),
    "find_one_let": lambda c: c.find_one({"$expr": {"$eq": ["$n", "$$want"]}}, let={"want": 5}),
    "find_one_comment": lambda c: c.find_one({"n": 3}, comment="why"),
    "find_one_max_time": lambda c: c.find_one({"n": 3}, max_time_ms=10_000),
    "find_one_bad_operator": lambda c: c.find_one({"n": {"$bad": 1}}),
    "find_one_bad_filter": lambda c: c.find_one({"$bad": 1}),
    "find_one_nul": lambda c: c.find_one({"a\0b": 1}),
    "find_one_surrogate": lambda c: c.find_one({"name": "\ud800"}),
    "find_one_unencodable": lambda c: c.find_one({"n": UNENCODABLE}),
    "find_one_uuid_unspecified": lambda c: c.find_one({"n": uuid.UUID(int=1)}),
    "find_one_uuid": lambda c: c.with_options(STANDARD).find_one({"n": uuid.UUID(int=1)}),
    "find_one_list_filter": lambda c: c.find_one([("n", 3)]),
    "find_one_raw_filter": lambda c: c.find_one(RawBSONDocument(b"\x0c\0\0\0\x10n\0\x03\0\0\0\0")),
    "find_one_son": lambda c: c.find_one(SON([("n", 3)])),
    "find_one_tz_aware": lambda c: c.with_options(CodecOptions(tz_aware=True)).find_one({"n": 3}),
    "find_one_aware_filter": lambda c: c.find_one({"at": datetime(2024, 1, 4, tzinfo=UTC)}),
    "find_one_microseconds": lambda c: c.find_one({"at": datetime(2024, 1, 4, microsecond=999)}),
    "find_one_class": lambda c: c.with_options(CodecOptions(document_class=SON)).find_one({"n": 3}),
    "find_one_raw": lambda c: c.with_options(CodecOptions(document_class=RawBSONDocument)).find_one({"n": 3}),
    "find_one_secondary": lambda c: c.with_options(read_preference=ReadPreference.SECONDARY_PREFERRED).find_one(
        {"n": 3}
    ),
    "find_one_majority": lambda c: c.with_options(read_concern=ReadConcern("majority")).find_one({"n": 3}),
    "find_one_bad_concern": lambda c: c.with_options(read_concern=ReadConcern("bad")).find_one({"n": 3}),
    "find": lambda c: c.find(),
    "find_skip_bool": lambda c: c.find({"n": 3}, skip=True),
    "find_limit_bool": lambda c: c.find({"n": {"$gte": "a"}}, limit=True),
    "find_batch_bool": lambda c: c.find({"n": 3}, batch_size=True),
    "find_one_skip_bool": lambda c: c.find_one({"n": 3}, skip=True),
    "find_batches": lambda c: c.find({"n": {"$gte": 2}}, batch_size=3).sort("n", -1),
    "find_limit": lambda c: c.find().sort("n", 1).limit(5).skip(3),
    "find_negative_skip": lambda c: [c.find({"n": 3}, skip=skip).to_list() for skip in (0, 1, -1)],
    "find_bool_skip": lambda c: [c.find({"n": 3}, skip=skip).to_list() for skip in (0, True)],
    "find_bool_limit": lambda c: [c.find({"n": 3}, limit=limit).to_list() for limit in (1, True)],
    "find_bool_batch_size": lambda c: [c.find({"n": 3}, batch_size=size).to_list() for size in (1, True)],
    "find_negative_limit": lambda c: c.find().sort("n", 1).limit(-4).batch_size(2),
    "find_slice": lambda c: c.find().sort("n", 1)[2:5],
    "find_index": lambda c: c.find().sort("n", 1)[2],
    "find_to_list": lambda c: c.find().sort("n", 1).to_list(3),
    "find_rewound": lambda c: rewound(c.find().sort("n", 1)),
    "find_where_min": lambda c: c.find().min([("n", 3)]).max([("n", 6)]).hint([("n", 1)]),
    "find_min_unhinted": lambda c: c.find().min([("n", 3)]),
    "find_return_key": lambda c: c.find({"n": 3}, return_key=True),
    "find_record_id": lambda c: c.find({"n": 3}, show_record_id=True),
    "find_tailable": lambda c: c.find(cursor_type=pymongo.CursorType.TAILABLE),
    "find_missing_collection": lambda c: c.database["missing"].find(),
    "find_raw_batches": lambda c: list(c.find_raw_batches({"n": {"$lt": 3}})),
    "find_distinct": lambda c: c.find({"n": {"$lt": 3}}).distinct("name"),
    "find_closed": lambda c: closed(c.find(batch_size=2)),
    "count": lambda c: c.count_documents({"n": {"$gt": 3}}),
    "count_all": lambda c: c.count_documents({}),
    "count_limited": lambda c: c.count_documents({}, skip=3, limit=5),
    "count_hint": lambda c: c.count_documents({"n": {"$gt": 3}}, hint=[("n", 1)]),
    "count_collation": lambda c: c.count_documents({"name": "NAME 3"}, collation=Collation("en", strength=2)),
    "count_none": lambda c: c.database["missing"].count_documents({}),
    "count_bad": lambda c: c.count_documents({"$bad": 1}),
    "estimated": lambda c: c.estimated_document_count(),
    "estimated_none": lambda c: c.database["missing"].estimated_document_count(),
    "distinct": lambda c: c.distinct("tags"),
    "distinct_filter": lambda c: c.distinct("tags", {"n": {"$lt": 2}}),
    "distinct_bad": lambda c: c.distinct("tags", {"$bad": 2}),
    "aggregate": lambda c: c.aggregate([{"$match": {"n": {"$lt": 5}}}, {"$sort": {"n": -1}}]),
    "aggregate_batches": lambda c: c.aggregate([{"$sort": {"n": -1}}], batchSize=3),
    "aggregate_let": lambda c: c.aggregate([{"$match": {"$expr": {"$eq": ["$n", "$$x"]}}}], let={"x": 3}),
    "aggregate_collation": lambda c: c.aggregate(
        [{"$match": {"name": "NAME 3"}}], collation=Collation("en", strength=2)
    ),
    "aggregate_bad": lambda c: c.aggregate([{"$bad": 1}]),
    "aggregate_not_a_list": lambda c: c.aggregate({"$match": {}}),
    "aggregate_raw_batches": lambda c: list(c.aggregate_raw_batches([{"$match": {"n": 3}}])),
    "aggregate_explain": lambda c: type(c.aggregate([], explain=True)),
    "explain": lambda c: c.find({"n": 3}).explain()["queryPlanner"]["winningPlan"],
    "indexes": lambda c: c.list_indexes(),
    "index_information": lambda c: c.index_information(),
    "collections": lambda c: c.database.list_collection_names(),
    "command": lambda c: c.database.command("count", "c")["n"],
    "bad_command": lambda c: c.database.command("nothing"),
    "cursor_command": lambda c: c.database.cursor_command("find", "c", sort={"n": 1}, batchSize=2),
    "session": lambda c: in_session(c, lambda session: c.find_one({"n": 3}, session=session)),
    "session_cursor": lambda c: in_session(c, lambda session: c.find({}, session=session, batch_size=2).to_list()),
    "timeout": lambda c: within_timeout(lambda: c.find_one({"n": 3})),
    "timeout_cursor": lambda c: within_timeout(lambda: c.find(batch_size=2).to_list()),
}

WRITES: dict[str, Call] = {
    "insert_one": lambda c: c.insert_one({"_id": 1, "a": 1}),
    "insert_one_id_last": lambda c: c.insert_one({"a": 1, "_id": 1}),
    "insert_one_nested_id": lambda c: c.insert_one({"_id": 1, "a": {"b": 1, "_id": 2}}),
    "insert_one_types": lambda c: c.insert_one(
        {
            "_id": 1,
            "i": 2**40,
            "f": 1.5,
            "t": Timestamp(1, 1),
            "at": datetime(2024, 1, 1, microsecond=1999),
            "b": b"x",
            "l": [None],
        }
    ),
    "insert_one_son": lambda c: c.insert_one(SON([("_id", 1), ("b", 1)])),
    "insert_one_raw": lambda c: c.insert_one(RawBSONDocument(b"\x0e\0\0\0\x10_id\0\x01\0\0\0\0")),
    "insert_one_duplicate": lambda c: c.insert_one({"_id": ids(3)}),
    "insert_one_duplicate_index": lambda c: c.insert_one({"_id": 5, "n": 3, "at": datetime(2024, 1, 1)}),
    "insert_one_bad_id": lambda c: c.insert_one({"_id": [1]}),
    "insert_one_dollar": lambda c: c.insert_one({"_id": 1, "$a": 1}),
    "insert_one_not_a_document": lambda c: c.insert_one([1]),
    "insert_one_unencodable": lambda c: c.insert_one({"_id": 1, "a": UNENCODABLE}),
    "insert_one_too_large": lambda c: c.insert_one({"_id": 1, "a": b"x" * (17 << 20)}),
    "insert_one_slightly_too_large": lambda c: c.insert_one({"_id": 1, "a": b"x" * (16 << 20)}),
    "insert_one_uuid": lambda c: c.with_options(STANDARD).insert_one({"_id": uuid.UUID(int=7)}),
    "insert_one_custom": lambda c: c.with_options(CodecOptions(type_registry=REGISTRY)).insert_one(
        {"_id": Decimal("1.5")}
    ),
    "insert_one_point": lambda c: c.with_options(CodecOptions(type_registry=TypeRegistry([PointCodec()]))).insert_one(
        {"_id": 1, "p": Point(3)}
    ),
    "insert_one_bypass": lambda c: c.insert_one({"_id": 1}, bypass_document_validation=True),
    "insert_one_comment": lambda c: c.insert_one({"_id": 1}, comment={"why": 1}),
    "insert_one_unacknowledged": lambda c: c.with_options(write_concern=WriteConcern(0)).insert_one({"_id": 1}),
    "insert_one_journaled": lambda c: c.with_options(write_concern=WriteConcern(j=True)).insert_one({"_id": 1}),
    "insert_one_w2": lambda c: c.with_options(write_concern=WriteConcern(2)).insert_one({"_id": 1}),
    "insert_one_new_collection": lambda c: c.database["new"].insert_one({"_id": 1}),
    "insert_one_bad_namespace": lambda c: c.database["system.views2"].insert_one({"_id": 1}),
    "insert_one_session": lambda c: in_session(c, lambda session: c.insert_one({"_id": 1}, session=session)),
    "insert_one_capped": lambda c: capped(c).insert_one({"_id": 9}).inserted_id,
    "insert_one_view": lambda c: c.database.create_collection("v", viewOn="c", pipeline=[]).insert_one({"_id": 9}),
    "insert_one_valid": lambda c: validated(c).insert_one({"_id": 9, "a": 1}),
    "insert_one_invalid": lambda c: validated(c).insert_one({"_id": 9, "a": "x"}),
    "update_one_invalid": lambda c: validated(c).update_one({"a": 1}, {"$set": {"a": "x"}}),
    "insert_many": lambda c: c.insert_many([{"_id": 1}, {"_id": 2}]),
    "insert_many_tuple": lambda c: c.insert_many(({"_id": 1}, {"_id": 2})),
    "insert_many_generator": lambda c: c.insert_many({"_id": i} for i in range(3)),
    "insert_many_empty": lambda c: c.insert_many([]),
    "insert_many_bad": lambda c: c.insert_many([{"_id": 1}, 2]),
    "insert_many_ordered_error": lambda c: c.insert_many([{"_id": 1}, {"_id": 1, "x": 1}, {"_id": 2}]),
    "insert_many_unordered_error": lambda c: c.insert_many([{"_id": 1}, {"_id": 1, "x": 1}, {"_id": 2}], ordered=False),
    "insert_many_unique": lambda c: c.insert_many(
        [{"_id": 1, "n": 100}, {"_id": 2, "n": 3}, {"_id": 3, "n": 4}], ordered=False
    ),
    "update_one": lambda c: c.update_one({"_id": ids(3)}, {"$set": {"a": 1}}),
    "update_one_same": lambda c: c.update_one({"_id": ids(3)}, {"$set": {"n": 3}}),
    "update_one_none": lambda c: c.update_one({"_id": 99}, {"$set": {"n": 3}}),
    "update_one_inc": lambda c: c.update_one({"n": 4}, {"$inc": {"d.x": 2.5}, "$push": {"tags": "z"}}),
    "update_one_duplicate": lambda c: c.update_one({"n": 4}, {"$set": {"n": 5}}),
    "update_one_bad_operator": lambda c: c.update_one({"n": 4}, {"$bad": {"n": 5}}),
    "update_one_id": lambda c: c.update_one({"n": 4}, {"$set": {"_id": 5}}),
    "update_one_replacement": lambda c: c.update_one({"n": 4}, {"a": 5}),
    "update_one_empty": lambda c: c.update_one({"n": 4}, {}),
    "update_one_pipeline": lambda c: c.update_one({"n": 4}, [{"$set": {"m": {"$add": ["$n", 1]}}}]),
    "update_one_let": lambda c: c.update_one({"n": 4}, [{"$set": {"m": "$$x"}}], let={"x": 3}),
    "update_one_array_filters": lambda c: c.update_one(
        {"n": 4}, {"$set": {"tags.$[t]": 0}}, array_filters=[{"t": "a"}]
    ),
    "update_one_upsert": lambda c: c.update_one({"_id": 77}, {"$set": {"a": 1}}, upsert=True),
    "update_one_upsert_not_bool": lambda c: c.update_one({"_id": 77}, {"$set": {"a": 1}}, upsert=1),
    "update_one_collation": lambda c: c.update_one(
        {"name": "NAME 3"}, {"$set": {"a": 1}}, collation={"locale": "en", "strength": 2}
    ),
    "update_one_hint": lambda c: c.update_one({"n": 3}, {"$set": {"a": 1}}, hint=[("n", 1)]),
    "update_one_bad_hint": lambda c: c.update_one({"n": 3}, {"$set": {"a": 1}}, hint="nothing"),
    "update_one_sort": lambda c: c.update_one({"tags": "a"}, {"$set": {"z": 1}}, sort={"n": -1}),
    "update_one_unacknowledged": lambda c: c.with_options(write_concern=WriteConcern(0)).update_one(
        {"n": 1}, {"$set": {"z": 1}}
    ),
    "update_many": lambda c: c.update_many({"n": {"$lt": 4}}, {"$set": {"z": 1}}),
    "update_many_error": lambda c: c.update_many({}, {"$set": {"n": 1}}),
    "update_many_upsert": lambda c: c.update_many({"_id": "x"}, {"$set": {"z": 1}}, upsert=True),
    "replace_one": lambda c: c.replace_one({"_id": ids(3)}, {"a": 1}),
    "replace_one_id_last": lambda c: c.replace_one({"_id": ids(3)}, {"a": 1, "_id": ids(3)}),
    "replace_one_upsert": lambda c: c.replace_one({"_id": 77}, {"a": 1}, upsert=True),
    "replace_one_operators": lambda c: c.replace_one({"_id": ids(3)}, {"$set": {"a": 1}}),
    "replace_one_other_id": lambda c: c.replace_one({"_id": ids(3)}, {"_id": 9}),
    "delete_one": lambda c: c.delete_one({"_id": ids(3)}),
    "delete_one_none": lambda c: c.delete_one({"_id": 99}),
    "delete_one_hint": lambda c: c.delete_one({"n": 3}, hint="n_1"),
    "delete_one_collation": lambda c: c.delete_one({"name": "NAME 3"}, collation=Collation("en", strength=2)),
    "delete_one_let": lambda c: c.delete_one({"$expr": {"$eq": ["$n", "$$x"]}}, let={"x": 4}),
    "delete_one_bad": lambda c: c.delete_one({"$bad": 1}),
    "delete_one_not_a_mapping": lambda c: c.delete_one([1]),
    "delete_many": lambda c: c.delete_many({"n": {"$gte": 5}}),
    "find_one_and_update": lambda c: c.find_one_and_update({"n": 3}, {"$inc": {"n": 100}}),
    "find_one_and_update_after": lambda c: c.find_one_and_update(
        {"n": 3}, {"$inc": {"n": 100}}, {"n": 1}, return_document=ReturnDocument.AFTER
    ),
    "find_one_and_update_none": lambda c: c.find_one_and_update({"n": 333}, {"$inc": {"n": 100}}),
    "find_one_and_update_duplicate": lambda c: c.find_one_and_update({"n": 3}, {"$set": {"n": 4}}),
    "find_one_and_replace": lambda c: c.find_one_and_replace({"n": 3}, {"x": 1}, sort=[("n", -1)], upsert=True),
    "find_one_and_delete": lambda c: c.find_one_and_delete({"tags": "a"}, sort=[("n", -1)]),
    "bulk_write": lambda c: c.bulk_write([InsertOne({"_id": 1}), UpdateOne({"n": 3}, {"$set": {"z": 1}})]),
    "bulk_write_error": lambda c: c.bulk_write([InsertOne({"_id": 1}), InsertOne({"_id": 1})]),
    "create_index": lambda c: c.create_index([("z", 1)], sparse=True),
    "create_index_conflict": lambda c: c.create_index([("tags", 1)], unique=True),
    "drop_index": lambda c: c.drop_index("n_1"),
    "out": lambda c: c.aggregate([{"$match": {"n": 3}}, {"$out": "other"}]),
    "timeout": lambda c: within_timeout(lambda: c.insert_one({"_id": 1})),
}


def rewound(cursor: Any) -> list[object]:
    return [next(cursor), *cursor.rewind().to_list()]


def closed(cursor: Any) -> tuple[object, ...]:
    first = next(cursor)
    was_alive = cursor.alive, bool(cursor.cursor_id), cursor.retrieved
    cursor.close()
    return first, was_alive, cursor.alive


def in_session(collection: Collection[Any], call: Callable[[Any], object]) -> object:
    with collection.database.client.start_session() as session:
        return plain(call(session))


def capped(collection: Collection[Any]) -> Collection[Any]:
    made = collection.database.create_collection("small", capped=True, size=4096, max=2)
    made.insert_many([{"_id": i} for i in range(2)])
    made.insert_one({"_id": 2})
    assert [each["_id"] for each in made.find()] == [1, 2]
    return made


def emptied(collection: Collection[Any], *documents: dict[str, Any]) -> Collection[Any]:
    made = collection.database["emptied"]
    made.insert_one({})
    made.delete_many({})
    for document in documents:
        made.insert_one(document)
    return made


def view(collection: Collection[Any]) -> Collection[Any]:
    collection.database.drop_collection("backwards")
    return collection.database.create_collection("backwards", viewOn="c", pipeline=[{"$sort": {"n": -1}}])


def validated(collection: Collection[Any]) -> Collection[Any]:
    made = collection.database.create_collection("strict", validator={"a": {"$type": "int"}})
    made.insert_one({"_id": 1, "a": 1})
    return made


def indexed(collection: Collection[Any], keys: Any, call: Callable[[], object], **options: Any) -> object:
    name = collection.create_index(keys, **options)
    try:
        return call()
    finally:
        collection.drop_index(name)


def within_timeout(call: Callable[[], object]) -> object:
    with pymongo.timeout(30):
        return plain(call())


@pytest.fixture
def both(direct: MongoClient[Any], indirect: MongoClient[Any]) -> list[Collection[Any]]:
    for client in (direct, indirect):
        fill(client.shop.c)
    DIRECT_COMMANDS.clear()
    return [direct.shop.c, indirect.shop.c]


def test_reads(both: list[Collection[Any]]) -> None:
    differing = {}
    for name, call in [*READS.items(), *READS.items()]:  # a plan may be known the second time
        short, long = (outcome(call, collection) for collection in both)
        if short != long:
            differing[name] = short, long
    assert not differing


@pytest.mark.parametrize("name", WRITES)
def test_writes(both: list[Collection[Any]], name: str) -> None:
    short, long = (outcome(WRITES[name], collection) for collection in both)
    assert short == long
    assert state(both[0]) == state(both[1])
    assert both[0].database.list_collection_names() == both[1].database.list_collection_names()


OBJECTS: dict[str, tuple[Callable[[Collection[Any], Any], object], object]] = {
    "insert_one": (lambda c, given: c.insert_one(given), {"a": 1, "b": {"c": [1]}}),
    "insert_one_error": (lambda c, given: c.insert_one(given), {"n": 3}),
    "insert_many": (lambda c, given: c.insert_many(given), [{"a": 1}, {"_id": 5}, {"n": 4}, {"n": 4}, {"z": 1}]),
    "insert_many_bad": (lambda c, given: c.insert_many(given), [{"a": 1}, {"b": UNENCODABLE}, {"c": 1}]),
    "filter": (lambda c, given: c.find_one(given), {"n": {"$in": [1, 2]}}),
    "update": (lambda c, given: c.update_one({"n": 3}, given), {"$set": {"a": {"b": 1}}}),
    "replacement": (lambda c, given: c.replace_one({"n": 3}, given), {"a": 1}),
    "pipeline": (lambda c, given: list(c.aggregate(given)), [{"$match": {"n": 3}}]),
    "count": (lambda c, given: c.count_documents(given, limit=3), {"n": 3}),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_callers_objects(both: list[Collection[Any]], name: str) -> None:
    """What was passed in looks the same afterwards, `_id`s aside, which are there in the same places."""
    call, given = OBJECTS[name]
    left = []
    for collection in both:
        mine = copy.copy(given) if not isinstance(given, list) else [dict(each) for each in given]
        outcome(lambda c, mine=mine: call(c, mine), collection)  # type: ignore[misc]
        left.append(
            repr(
                [{"_id": type(each.get("_id")), "keys": list(each)} for each in mine]
                if isinstance(mine, list)
                else list(mine)
            )
        )
    assert left[0] == left[1]


def test_short_cuts_are_taken(both: list[Collection[Any]]) -> None:
    collection = both[0]
    collection.find_one({"n": 1})
    collection.find_one(projection={"_id": 1})
    collection.find_one({"tags": "a"})
    collection.find(batch_size=2).to_list()
    collection.insert_one({"_id": 1})
    collection.update_one({"_id": 1}, {"$set": {"a": 1}})
    collection.delete_one({"_id": 1})
    collection.insert_one({"_id": 2}, comment="why")
    collection.insert_many([{"_id": 3, "n": 300}, {"_id": 4, "n": 400}])
    collection.update_many({"_id": 2}, {"$set": {"a": 1}})
    collection.delete_many({"_id": 2})
    collection.count_documents({})
    collection.estimated_document_count(comment="why")
    collection.distinct("n")
    collection.aggregate([])
    collection.find_one_and_delete({"n": 1})
    collection.find_one_and_delete({"n": 2}, sort=[("n", 1)])
    taken = {"find", "getMore", "insert", "update", "delete", "aggregate", "count", "distinct", "findAndModify"}
    assert {*taken, *EXPRESS} <= set(DIRECT_COMMANDS)


@pytest.mark.parametrize("name", ["insert_one", "update_one", "delete_one"])
def test_what_an_express_write_cannot_do_leaves_no_trace(both: list[Collection[Any]], name: str) -> None:
    calls: dict[str, Call] = {
        "insert_one": lambda c: c.insert_one({"_id": 1, "n": 3}),
        "update_one": lambda c: c.update_one({"n": 3}, {"$inc": {"name": 1}}),
        "delete_one": lambda c: c.delete_one({"n": {"$bad": 1}}),
    }
    before = state(both[0])
    short, long = (outcome(calls[name], collection) for collection in both)
    assert short == long
    assert state(both[0]) == before
    assert name not in DIRECT_COMMANDS


@pytest.mark.parametrize(
    "call",
    [lambda c: c.update_one({"n": object}, {"$set": {"a": 1}}), lambda c: c.delete_one({"n": object})],
    ids=["update_one", "delete_one"],
)
def test_errors_of_the_codec_have_the_whole_statement(both: list[Collection[Any]], call: Call) -> None:
    documents = []
    for collection in both:
        with pytest.raises(InvalidDocument) as caught:
            call(collection)
        documents.append(caught.value.document)
    assert documents[0] == documents[1]
    assert documents[0]["q"] == {"n": object}


@pytest.mark.parametrize("logger", ["pymongo.command", "pymongo.connection", "pymongo.serverSelection"])
def test_loggers_see_every_command(both: list[Collection[Any]], caplog: pytest.LogCaptureFixture, logger: str) -> None:
    with caplog.at_level(logging.DEBUG, logger=logger):
        both[0].find_one({"n": 1})
    assert not DIRECT_COMMANDS
    assert caplog.records


def test_no_short_cut_with_a_session_or_timeout(both: list[Collection[Any]]) -> None:
    collection = both[0]
    in_session(collection, lambda session: collection.find_one({}, session=session))
    in_session(collection, lambda session: collection.insert_one({"_id": 1}, session=session))
    within_timeout(lambda: collection.find_one({}))
    with collection.database.client.start_session() as session, session.bind():
        collection.find_one({})
    assert not DIRECT_COMMANDS


def test_short_cuts_begin_no_session(both: list[Collection[Any]]) -> None:
    """Difference 15: MongoDB lists the session that PyMongo makes for the very call."""
    pipeline = [{"$listLocalSessions": {"allUsers": True}}]
    short, long = (collection.database.client.admin.aggregate(pipeline).to_list() for collection in both)
    assert not short
    assert long


def test_listeners_see_what_short_cuts_send(both: list[Collection[Any]], indirect: MongoClient[Any]) -> None:
    listener: Any = indirect.options.event_listeners[0]
    listener.commands.clear()
    both[1].find_one({"n": 1})
    assert [next(iter(command)) for command in listener.commands] == ["find"]


def test_a_closed_client_says_so() -> None:
    client = MongoClient(":memory:")
    collection = client.shop.c
    collection.insert_one({"_id": 1})
    client.close()
    with pytest.raises(pymongo.errors.InvalidOperation):
        collection.find_one({})
    with pytest.raises(pymongo.errors.InvalidOperation):
        collection.insert_one({"_id": 2})


def test_a_cursor_of_another_server_takes_no_short_cut() -> None:
    with MongoClient(":memory:", serverSelectionTimeoutMS=50) as client:
        options, primary = client.codec_options, ReadPreference.PRIMARY
        get_more = _GetMore("db", "c", 2, Int64(1), options, primary, None, client, None, None, False, None)
        run = client.db.c.find()._run_with_conn
        with pytest.raises(AutoReconnect):
            client._run_operation(get_more, run, address=("elsewhere", 27017))
        with pytest.raises(CursorNotFound):
            client._run_operation(get_more, run, address=client.address)
