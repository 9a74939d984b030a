"""Hypothesis strategies: collections of every kind, and calls of their methods with arguments as Python has them."""

from __future__ import annotations

import datetime
import enum
import re
import types
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import bson
from bson import Binary, Code, CodecOptions, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import UuidRepresentation
from bson.codec_options import DatetimeConversion, TypeDecoder, TypeRegistry
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from hypothesis import strategies as st
from pymongo import ReadPreference, ReturnDocument, WriteConcern
from pymongo.read_concern import ReadConcern


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class OwnDict(dict):  # type: ignore[type-arg]
    pass


class AsDecimal(TypeDecoder):
    """Decodes Decimal128 as the standard library's Decimal."""

    bson_type = Decimal128

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


_ID: Final = ObjectId("65e0a3c00000000000000001")
_UUID: Final = uuid.UUID("12345678-1234-5678-1234-567812345678")
_COMMON: Final = [1, 2, "a", "A", _ID, None, 1, 2, "a", 3, "b", True, 1.0, Int64(2)]
_RARE: Final[list[Any]] = [
    False,
    0,
    -1,
    2**31 - 1,
    2**31,
    -(2**31),
    -(2**31) - 1,
    2**63 - 1,
    -(2**63),
    2**63,
    Int64(2**40),
    0.5,
    -0.0,
    float("nan"),
    float("inf"),
    Decimal128("1.0"),
    Decimal128("NaN"),
    "",
    "A",
    "é",
    "e\u0301",
    "a\0b",
    "$a",
    "\ud800",
    "x" * 300,
    b"a",
    Binary(b"a", 0),
    Binary(b"a", 128),
    Binary.from_uuid(_UUID),
    _UUID,
    ObjectId("65e0a3c00000000000000002"),
    datetime.datetime(2024, 2, 29, 1, 2, 3, 456789),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
    datetime.datetime(1, 1, 1),
    DatetimeMS(2**62),
    datetime.date(2024, 1, 1),
    Timestamp(1, 1),
    Regex("^a", "i"),
    re.compile("^a"),
    re.compile(b"a"),
    Code("f()"),
    Code("f()", {"a": 1}),
    MinKey(),
    MaxKey(),
    DBRef("c", 1),
    Colour.RED,
    Text("a"),
    Number(1),
    Decimal("1.5"),
    {1, 2},
    object,
    RawBSONDocument(bson.encode({"a": 1})),
    SON([("b", 1), ("a", 2)]),
    (1, "a"),
    {"$ref": "c", "$id": 1},
    {"$a": 1},
    {"": 1},
    {1: 1},
    {"a\0": 1},
]
_IDS: Final = [1, "a", _ID, 2, None, "A", 3, "b"]
_PATHS: Final = ["a", "a", "a", "b", "_id", "_id", "a.b", "a.0"]
_ODD_PATHS: Final[list[Any]] = [
    "",
    ".",
    "a.",
    "$",
    "$a",
    "é",
    "a\0",
    "a..b",
    1,
    b"a",
    Text("a"),
    "a.$",
    "a.-1",
    "_id.a",
]


def _mostly(common: list[Any], rare: list[Any], times: int = 12) -> st.SearchStrategy[Any]:
    """Draw one of `common`, or once in about so many times one of `rare`."""
    repeats = max(1, times * len(rare) // len(common))
    return st.sampled_from([*(common * repeats), *rare])


paths = _mostly(_PATHS, _ODD_PATHS)
_names = _mostly(["a", "b", "c"], _ODD_PATHS)
scalars = _mostly(_COMMON, _RARE)
values = st.one_of(
    scalars,
    scalars,
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "0"]), scalars, max_size=2),
)

_good_values = st.one_of(
    st.sampled_from(_COMMON),
    st.lists(st.sampled_from(_COMMON), max_size=3),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(_COMMON), max_size=2),
)
stored_documents = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _good_values, max_size=3), max_size=8
).map(lambda bodies: [{"_id": value, **body} for value, body in zip(_IDS, bodies, strict=False)])
"""What a collection has in it before the calls."""


def _as_mapping(document: dict[Any, Any], kind: str) -> Any:
    try:
        return _MAPPINGS[kind](document)
    except Exception:  # it cannot be encoded
        return document


_MAPPINGS: Final[dict[str, Any]] = {
    "dict": dict,
    "SON": SON,
    "OrderedDict": OrderedDict,
    "own": OwnDict,
    "proxy": types.MappingProxyType,
    "raw": lambda document: RawBSONDocument(bson.encode(document)),
    "pairs": lambda document: list(document.items()),
}


def _mappings(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(_as_mapping, documents, _mostly(["dict"], list(_MAPPINGS)))


documents = _mappings(
    st.one_of(
        st.dictionaries(_names, values, max_size=3),
        st.builds(lambda body, value: {"_id": value, **body}, st.dictionaries(_names, values, max_size=2), scalars),
        st.builds(lambda body, value: {**body, "_id": value}, st.dictionaries(_names, values, max_size=2), values),
    )
)
"""What is inserted or put in the place of something."""

_operators = st.sampled_from(
    ["$eq", "$eq", "$gt", "$lte", "$ne", "$in", "$exists", "$type", "$not", "$elemMatch", "$bad"]
)
_conditions = st.one_of(
    values, values, values, st.dictionaries(_operators, values | st.lists(scalars, max_size=2), min_size=1, max_size=2)
)
filters = st.one_of(
    _mappings(st.dictionaries(paths, _conditions, min_size=1, max_size=1)),
    _mappings(st.dictionaries(paths, _conditions, min_size=1, max_size=1)),
    _mappings(st.dictionaries(paths, _conditions, max_size=2)),
    st.builds(lambda name, found: {name: found}, st.sampled_from(["$and", "$or", "$bad"]), st.just([{"a": 1}])),
)

_plain_updates = st.one_of(
    st.builds(lambda path, value: {"$set": {path: value}}, paths, values),
    st.builds(lambda path, value: {"$set": {path: value}, "$unset": {"c": ""}}, st.sampled_from(["a", "b"]), values),
    st.builds(lambda path, number: {"$inc": {path: number}}, paths, _mostly([1, 2.5, Int64(2)], [None, 2**63 - 1])),
    st.builds(
        lambda name, value: {name: {"c": value}}, st.sampled_from(["$push", "$addToSet", "$min", "$max"]), values
    ),
    st.sampled_from([{"$unset": {"a": 1}}, {"$rename": {"a": "d"}}, {"$pull": {"a": 1}}, {"$pop": {"a": 1}}]),
    st.sampled_from([{"$currentDate": {"d": True}}, {"$setOnInsert": {"d": 1}}, {"$bit": {"a": {"or": 4}}}]),
)
_any_updates = st.one_of(
    st.dictionaries(_mostly(["$set", "$inc", "$push"], ["$bad", "a"]), st.dictionaries(paths, values), max_size=2),
    st.dictionaries(_mostly(["$set", "$inc", "$push"], ["$bad", "a"]), values, max_size=2),
    documents,
    st.builds(lambda path, value: [{"$set": {path: value}}], paths, values),
    st.sampled_from([[], {}, None, "$set", [{"$bad": 1}]]),
)
updates = st.one_of(_plain_updates, _plain_updates, _plain_updates.map(SON), _any_updates)


@dataclass(frozen=True)
class Call:
    """A method with its arguments."""

    method: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


_projections = st.sampled_from([None, {"a": 1}, {"_id": 0}, ["a"], [], {"a.b": 1}, {"a": 1, "b": 0}])
_upserts = st.sampled_from([{}, {}, {"upsert": True}, {"upsert": False}, {"upsert": 1}])
_hints = st.sampled_from([{}, {}, {}, {"hint": "a_1"}, {"hint": [("_id", 1)]}, {"comment": "why"}, {"let": {"x": 1}}])
_collations = st.sampled_from([{}, {}, {}, {"collation": {"locale": "en", "strength": 2}}])


def _options(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


def _calls(method: str, *arguments: st.SearchStrategy[Any], **kinds: Any) -> st.SearchStrategy[Call]:
    options = kinds.get("options", st.just({}))
    return st.builds(Call, st.just(method), st.tuples(*arguments), options)


_ranges = _options(
    st.sampled_from(
        [{}, {"sort": [("a", 1)]}, {"sort": [("b", -1), ("_id", 1)]}, {"sort": {"_id": -1}}, {"sort": "a"}]
    ),
    st.sampled_from([{}, {}, {"limit": 1}, {"limit": 2}, {"limit": -3}, {"limit": 0}, {"limit": True}]),
    st.sampled_from([{}, {}, {}, {"skip": 1}, {"skip": -1}, {"skip": True}]),
    st.sampled_from([{}, {}, {}, {"batch_size": 1}, {"batch_size": 2}, {"batch_size": True}]),
)
_images = _options(
    st.sampled_from([{}, {"return_document": ReturnDocument.AFTER}, {"return_document": 1}]),
    st.sampled_from([{}, {}, {"projection": {"a": 1}}, {"sort": [("a", -1)]}, {"upsert": True}, {"maxTimeMS": 9999}]),
)
_stages = st.sampled_from(
    [
        [],
        [{"$group": {"_id": "$a", "n": {"$sum": 1}, "all": {"$push": "$b"}}}],
        [{"$sort": {"b": 1, "_id": 1}}, {"$limit": 2}],
        [{"$unwind": "$a"}, {"$group": {"_id": "$a", "n": {"$sum": "$b"}}}],
        [{"$count": "n"}],
        [{"$project": {"a": 1, "b": {"$ifNull": ["$b", "none"]}}}, {"$skip": 1}],
        [{"$lookup": {"from": "other", "localField": "a", "foreignField": "b", "as": "found"}}],
        [{"$bad": 1}],
    ]
)
_writing = _options(_upserts, _hints, _collations)
_ENGLISH: Final = {"locale": "en", "strength": 2}
_INDEXES: Final[list[tuple[Any, dict[str, Any]]]] = [
    ([("a", 1)], {}),
    ([("a", -1)], {}),
    ([("a", -1)], {}),
    ([("a", 1)], {"unique": True}),
    ([("b", 1)], {"unique": True, "sparse": True}),
    ([("a", 1)], {"sparse": True}),
    ([("a", 1)], {"partialFilterExpression": {"b": {"$gt": 0}}}),
    ([("a", "hashed")], {}),
    ([("a", 1)], {"collation": _ENGLISH}),
    ([("a", 1), ("b", -1)], {}),
    ([("b", 1), ("a", 1)], {"unique": True}),
    ([("a.b", 1)], {}),
    ([("$**", 1)], {}),
    ([("a", 1)], {"hidden": True}),
    ([("c", 1)], {"expireAfterSeconds": 10**6}),
]
calls = st.one_of(
    _calls("find_one", filters, options=_options(_hints, _collations)),
    _calls("find_one", filters),
    _calls("find_one", scalars),
    _calls("find_one", filters, _projections),
    _calls("find_one"),
    _calls(
        "insert_one", documents, options=st.sampled_from([{"comment": "why"}, {"bypass_document_validation": True}])
    ),
    _calls("insert_one", documents),
    _calls(
        "insert_many",
        st.lists(documents, max_size=4),
        options=st.sampled_from([{"ordered": False}, {"ordered": 1}, {}]),
    ),
    _calls("update_one", filters, updates, options=_writing),
    _calls("update_one", filters, updates),
    _calls("update_many", filters, updates, options=_writing),
    _calls("replace_one", filters, documents, options=_writing),
    _calls("delete_one", filters, options=_options(_hints, _collations)),
    _calls("delete_one", filters),
    _calls("delete_many", filters, options=_options(_hints, _collations)),
    _calls("find_one_and_update", filters, updates, options=_writing),
    _calls("find_one_and_replace", filters, documents, options=_writing),
    _calls("find_one_and_delete", filters, options=_hints),
    _calls("find", filters, options=_options(_hints, _collations)),
    _calls("find", filters, _projections, options=_ranges),
    _calls("find_one", filters, _projections, options=_ranges),
    _calls("update_one", filters, updates, options=st.just({"upsert": True})),
    _calls("find_one_and_update", filters, updates, options=_images),
    _calls("count_documents", filters),
    _calls(
        "count_documents", filters, options=st.sampled_from([{"skip": 1}, {"limit": 2}, {"limit": -1}, {"limit": True}])
    ),
    _calls("distinct", paths, filters),
    _calls("estimated_document_count"),
    _calls("aggregate", st.builds(lambda found, stages: [{"$match": found}, *stages], filters, _stages)),
)
_events = st.one_of(
    st.sampled_from(_INDEXES).map(lambda index: Call("create_index", (index[0],), index[1])),
    st.sampled_from([Call("drop_indexes"), Call("drop_index", ("a_1",)), Call("drop"), Call("insert_one", ({},))]),
)
"""What may change how the same calls have to go from then on."""


def _twice(found: list[Call], event: Call | None) -> list[Call]:
    """Have the same calls made again: what was kept of the first time must not show."""
    return found if event is None else [*found, event, *found]


_KINDS: Final = [*["plain"] * 4, "missing", "dropped", *"capped validated warned view collated".split() * 2]
_CODECS: Final[list[CodecOptions[Any]]] = [
    *[CodecOptions()] * 9,
    CodecOptions(tz_aware=True),
    CodecOptions(document_class=SON),
    CodecOptions(document_class=OwnDict),
    CodecOptions(document_class=RawBSONDocument),
    CodecOptions(uuid_representation=UuidRepresentation.STANDARD),
    CodecOptions(uuid_representation=UuidRepresentation.PYTHON_LEGACY),
    CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS),
    CodecOptions(unicode_decode_error_handler="ignore"),
    CodecOptions(type_registry=TypeRegistry([AsDecimal()], fallback_encoder=str)),
]
_CONCERNS: Final[list[dict[str, Any]]] = [
    *[{}] * 14,
    {"write_concern": WriteConcern(0)},
    {"write_concern": WriteConcern(1)},
    {"write_concern": WriteConcern("majority", wtimeout=100)},
    {"write_concern": WriteConcern(j=True)},
    {"read_concern": ReadConcern("majority")},
    {"read_concern": ReadConcern("snapshot")},
    {"read_preference": ReadPreference.SECONDARY_PREFERRED},
]
_SESSIONS: Final = ["none"] * 15 + ["session", "bound", "transaction"]


@dataclass(frozen=True)
class Scene:
    """A collection, and calls on it.

    Attributes:
        kind: What the collection is.
        indexes: Keys and options of its indexes; those that cannot be made are left out.
        documents: What is in it.
        options: The arguments of `with_options`.
        session: In what kind of session the calls are made.
        calls: The calls.
    """

    kind: str
    indexes: list[tuple[Any, dict[str, Any]]]
    documents: list[dict[str, Any]]
    options: dict[str, Any]
    session: str
    calls: list[Call]


scenes = st.builds(
    Scene,
    kind=st.sampled_from(_KINDS),
    indexes=st.lists(st.sampled_from(_INDEXES), max_size=2),
    documents=stored_documents,
    options=st.builds(
        lambda codec, concern: {"codec_options": codec, **concern}, st.sampled_from(_CODECS), st.sampled_from(_CONCERNS)
    ),
    session=st.sampled_from(_SESSIONS),
    calls=st.builds(_twice, st.lists(calls, min_size=1, max_size=4), st.none() | _events),
)
