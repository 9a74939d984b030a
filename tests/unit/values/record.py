"""Record what a real MongoDB makes of values: `python -m tests.unit.values.record URI` writes `recorded/*.jsonl`.

The tests beside this file read those and need no server.
"""

# ruff: noqa: RUF001 - the words are of many scripts

from __future__ import annotations

import itertools
import json
import math
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp, decode, encode
from bson.codec_options import CodecOptions
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from satchel.values.bson_types import CODEC_OPTIONS, UNDEFINED, BsonValue, Document
from tests.conformance.extended_json import tag

RECORDED = Path(__file__).parent / "recorded"
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

NUMBERS: tuple[BsonValue, ...] = (
    *(0, 1, -1, 3, -7, 2**31 - 1, -(2**31)),
    *map(Int64, (0, 1, -7, 2**31, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1, -(2**63), -(2**63) + 1)),
    *(0.0, -0.0, 0.1, 1.0, 1.5, -7.5, 1 / 3, 123456.789, 1e20, 1e308, 5e-324, 2.0**31, 2.0**53, 2.0**53 + 2, 2.0**63),
    *(-(2.0**63), math.inf, -math.inf, math.nan),
    *map(
        Decimal128,
        (
            *("0", "-0", "0E+10", "0.1", "-0.1", "1", "1.50", "-7", "3.3333", "1.000000000000000000000000000000001"),
            *(
                "0.1000000000000000055511151231257827021181583404541015625"[:36],
                "9007199254740993",
                "9223372036854775807",
            ),
            *("9223372036854775807.5", "9223372036854775808", "-9223372036854775808.1", "1E+6144", "1E-6176"),
            *("9.999999999999999999999999999999999E+6144", "4E-324", "5E-324", "1.8E+308", "-1.8E+308"),
            *("Infinity", "-Infinity", "NaN"),
        ),
    ),
)

STRINGS: tuple[BsonValue, ...] = (
    *("", "\0", "a", "a\0", "a\0b", "a\x01", "A", "aa", "b", "é", "e\u0301", "\x7f", "\uffff", "😀", "10", "9"),
)

BINARIES: tuple[BsonValue, ...] = (
    *(b"", b"b", b"aa", b"aaaaa", b"aaaaaa", bytes(254), bytes(255), bytes(256)),
    *(Binary(b"a", 5), Binary(b"a", 128), Binary(b"b", 2), Binary(b"aa", 2), Binary(b"", 2), Binary(bytes(16), 4)),
)

OBJECTS: tuple[BsonValue, ...] = (
    *({}, {"a": None}, {"a": 1}, {"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": 1.0, "b": "x"}, {"a": 1, "c": 1}, {"a": 2}),
    *({"aa": 1}, {"b": 0}, {"a": "x"}, {"b": "a"}, {"a": {"z": 1}}, {"a": []}, {"a": True}, {"b": False}, {"": 1}),
    *({"b": MinKey()}, {"a": MaxKey()}, {"a": Regex("a")}, {"a": Code("x")}, {"b": Code("x", {})}, {"a": b""}),
)

ARRAYS: tuple[BsonValue, ...] = (
    *([], [None], [1], [1, 2], [1, MinKey()], [2], ["a"], [[]], [[1]], [{}], [{"a": 1}], [math.nan], [MaxKey()]),
)

OTHERS: tuple[BsonValue, ...] = (
    *(MinKey(), None, ObjectId(bytes(12)), ObjectId(b"\xff" * 12), False, True, MaxKey()),
    *map(DatetimeMS, (-(2**63), -1, 0, 1, 1_700_000_000_000, 2**63 - 1)),
    *(Timestamp(0, 0), Timestamp(0, 1), Timestamp(1, 0), Timestamp(2**31, 0), Timestamp(2**32 - 1, 2**32 - 1)),
    *(Regex(""), Regex("a"), Regex("a", "i"), Regex("a", "im"), Regex("a", "m"), Regex("b")),
    *(Code(""), Code("x"), Code("y"), Code("x", {}), Code("x", {"a": 1}), Code("x", {"a": 2}), Code("w", {"z": 1})),
)

ALL_VALUES = (*NUMBERS, *STRINGS, *BINARIES, *OBJECTS, *ARRAYS, *OTHERS)

WORDS = (
    *(
        "",
        "a",
        "A",
        "b",
        "B",
        "á",
        "Á",
        "ä",
        "ab",
        "Ab",
        "aB",
        "AB",
        "abc",
        "a-b",
        "a_b",
        "a b",
        "a  b",
        " a",
        "a\tb",
        "a.b",
    ),
    *(
        "1",
        "2",
        "10",
        "01",
        "001",
        "a1",
        "a10",
        "a2",
        "A2",
        "item-9",
        "item-10",
        "file 2.txt",
        "file 10.txt",
        "file 02.txt",
    ),
    *(
        "résumé",
        "resume",
        "Resume",
        "Résumé",
        "RESUME",
        "cote",
        "côte",
        "coté",
        "côté",
        "naïve",
        "naive",
        "über",
        "Über",
    ),
    *("straße", "strasse", "STRASSE", "zebra", "Zebra", "apple", "äpfel", "ångström", "Øl", "ol", "Ol", "öl", "œuvre"),
    *(
        "oeuvre",
        "æon",
        "aeon",
        "łódź",
        "lodz",
        "señor",
        "senor",
        "ñ",
        "n",
        "o",
        "o'clock",
        "oclock",
        "co-op",
        "coop",
        "co op",
    ),
    *(
        "$5",
        "#1",
        "@home",
        "!x",
        "?y",
        "(z)",
        "[q]",
        "{r}",
        "α",
        "Ω",
        "ω",
        "я",
        "Я",
        "б",
        "ё",
        "е",
        "漢字",
        "かな",
        "カナ",
    ),
    *(
        "がな",
        "x²",
        "x2",
        "½",
        "ｆｕｌｌ",
        "full",
        "x\u0301y",
        "xy\u0301",
        "\u00ad",
        "a\u00adb",
        "de luge",
        "de-luge",
        "deluge",
    ),
)

COLLATIONS: tuple[Mapping[str, object], ...] = (
    *({"strength": strength} for strength in range(1, 6)),
    *(
        {"numericOrdering": True},
        {"numericOrdering": True, "strength": 1},
        {"caseFirst": "upper"},
        {"caseFirst": "lower"},
    ),
    *({"caseLevel": True, "strength": strength} for strength in (1, 2)),
    *({"alternate": "shifted", "strength": strength} for strength in (1, 3, 4, 5)),
    *({"alternate": "shifted", "maxVariable": "space", "strength": strength} for strength in (1, 3)),
    *({"backwards": True, "strength": strength} for strength in (2, 3)),
    {"caseLevel": True, "caseFirst": "upper"},
)

MATCH_PATHS = tuple(
    ".".join(("a", *steps)) for length in (0, 1, 2, 3) for steps in itertools.product(("b", "0", "1"), repeat=length)
)
INDEX_PATHS = (
    *(("a",), ("a.b",), ("a.0",), ("a.0.b",), ("a.b.0",), ("a.0.0",), ("a.b.c",), ("a.b", "a.c"), ("a", "d")),
    *(("a.b", "d"), ("a.b", "a.0"), ("a.b", "a.b.c"), ("a.0.b", "a.b"), ("a.0", "a.1"), ("a", "a.b")),
)


def main(uri: str) -> None:
    """Record everything."""
    client: MongoClient[Document] = MongoClient(uri)
    database = client.get_database("satchel_values", codec_options=CODEC_OPTIONS)
    write("order", order(database))
    write("arithmetic", arithmetic(database))
    write("collation", collation(database))
    write("match_paths", match_paths(database))
    write("index_keys", index_keys(database))
    client.drop_database(database.name)


def write(name: str, lines: Iterable[object]) -> None:
    """Write one JSON value a line."""
    RECORDED.mkdir(exist_ok=True)
    with (RECORDED / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")


def filled(database: Database[Document], documents: Iterable[Document]) -> Collection[Document]:
    """Return a collection that holds just these documents."""
    collection = database["values"]
    collection.drop()
    collection.insert_many(documents)
    return collection


def order(database: Database[Document]) -> Iterator[object]:
    """Yield `[rank, value]`, ascending; equal values have one rank."""
    # Wrapped in an object, values compare whole: a sort would look into an array.
    collection = filled(database, ({"_id": number, "v": {"v": value}} for number, value in enumerate(ALL_VALUES)))
    ranked: list[int] = [document["_id"] for document in collection.find().sort([("v", 1), ("_id", 1)])]  # type: ignore[misc]
    rank = 0
    for previous, number in zip([ranked[0], *ranked], ranked, strict=False):
        same = {"_id": number, "v": {"$eq": {"v": ALL_VALUES[previous]}}}
        rank += collection.count_documents(same) == 0
        yield [rank, tag(ALL_VALUES[number])]


def arithmetic(database: Database[Document]) -> Iterator[object]:
    """Yield the numbers, then `[operator, left, results]`, one result for each right; null divided by zero."""
    collection = filled(database, [{"_id": 1}])
    numbers = NUMBERS[::2]
    yield tag(list(numbers))
    for name in ("$add", "$subtract", "$multiply", "$divide", "$mod"):
        for left in numbers:
            fields = {}
            for number, right in enumerate(numbers):
                by_zero = name in ("$divide", "$mod") and not float(str(right))
                fields[f"r{number}"] = {"$literal": None} if by_zero else {name: [left, right]}
            result = next(iter(collection.aggregate([{"$project": fields}])))
            yield [name, tag(left), [tag(result[f"r{number}"]) for number in range(len(numbers))]]


def collation(database: Database[Document]) -> Iterator[object]:
    """Yield `{collation, order}`: the words in order, equal ones in one list."""
    collection = filled(database, ({"_id": word} for word in WORDS))
    for options in COLLATIONS:
        spec = {"locale": "en", **options}
        groups: list[list[str]] = []
        for row in collection.find().sort("_id").collation(spec):
            if not groups or row["_id"] not in groups[-1]:
                equal_words = collection.find({"_id": row["_id"]}).collation(spec)
                groups.append(sorted(str(word["_id"]) for word in equal_words))
        yield {"collation": spec, "order": groups}


def generated_value(source: random.Random, depth: int) -> BsonValue:
    """Return a small value of nested arrays and objects."""
    kind = source.random()
    if depth <= 0 or kind < 0.25:
        return source.choice([5, 5, 5, 7, None])
    if kind < 0.6:
        return [generated_value(source, depth - 1) for _ in range(source.randrange(3))]
    names = ["b", "c", "0", "1"] if source.random() < 0.5 else ["b", "c"]
    return {name: generated_value(source, depth - 1) for name in source.sample(names, source.randrange(3))}


def generated_documents(seed: int, count: int) -> list[Document]:
    """Return different small documents."""
    source = random.Random(seed)
    found: dict[str, Document] = {}
    while len(found) < count:
        document = {"a": generated_value(source, 4)}
        if source.random() < 0.3:
            document["d"] = generated_value(source, 2)
        text = json.dumps(document)
        if len(text) <= 80:
            found.setdefault(text, document)
    return sorted(found.values(), key=lambda document: len(json.dumps(document)))


def match_paths(database: Database[Document]) -> Iterator[object]:
    """Yield `{document, null, exists, five, array, one}`: the paths at which each filter matches the document."""
    documents = generated_documents(1, 400)
    collection = filled(database, ({"_id": number, **document} for number, document in enumerate(documents)))
    filters = {
        "null": None,
        "exists": {"$exists": True},
        "five": 5,
        "array": {"$type": "array"},
        "one": {"$size": 1},
    }
    matched: list[dict[str, list[str]]] = [{name: [] for name in filters} for _ in documents]
    for path in MATCH_PATHS:
        for name, condition in filters.items():
            for hit in collection.find({path: condition}, {"_id": 1}):
                matched[int(str(hit["_id"]))][name].append(path)
    for document, row in zip(documents, matched, strict=True):
        yield {"document": document, **row}


def index_keys(database: Database[Document]) -> Iterator[object]:
    """Yield `{paths, document, keys}`: the different keys in order, or the code of the error."""
    documents = generated_documents(2, 80)
    for paths in INDEX_PATHS:
        collection = database["values"]
        collection.drop()
        collection.create_index([("_id", 1), *((path, 1) for path in paths)], name="keys")
        for number, document in enumerate(documents):
            try:
                collection.insert_one({"_id": number, **document})
            except OperationFailure as error:
                yield {"paths": paths, "document": document, "keys": error.code}
            else:
                keys = [[key_tag(value) for value in key] for key in index_entries(database, paths, number)]
                yield {"paths": paths, "document": document, "keys": keys}


def key_tag(value: BsonValue) -> object:
    """Return what stands for a component of a key in JSON."""
    return {"$undefined": True} if value is UNDEFINED else tag(value)


def index_entries(database: Database[Document], paths: tuple[str, ...], number: int) -> Iterator[list[BsonValue]]:
    """Yield the keys that the index `keys` holds for document `number`.

    A query returns one key for each document, so each key is the first one from the successor of the last.
    """
    low: list[BsonValue] = [MinKey() for _ in paths]
    high = key_bound(paths, number + 1, [MinKey() for _ in paths])
    while True:
        command = {"find": "values", "hint": "keys", "returnKey": True, "max": high}
        reply = database.command({**command, "min": key_bound(paths, number, low)}, codec_options=RAW)
        batch = list(reply["cursor"]["firstBatch"])
        if not batch:
            return
        raw = batch[0].raw
        key = [UNDEFINED if element(6, path) in raw else decode(raw, CODEC_OPTIONS)[path] for path in paths]
        yield key
        low = [*key[:-1], next_value(key[-1])]


def key_bound(paths: tuple[str, ...], number: int, values: list[BsonValue]) -> RawBSONDocument:
    """Return an index bound, in which UNDEFINED is BSON undefined, which PyMongo cannot encode."""
    plain = {path: None if value is UNDEFINED else value for path, value in zip(paths, values, strict=True)}
    raw = encode({"_id": number, **plain}, False, CODEC_OPTIONS)
    for path, value in zip(paths, values, strict=True):
        if value is UNDEFINED:
            raw = raw.replace(element(10, path), element(6, path))
    return RawBSONDocument(raw)


def element(bson_type: int, path: str) -> bytes:
    """Return the head of a BSON element; fields within the generated documents are not named like paths."""
    return bytes((bson_type,)) + path.encode() + b"\0"


def next_value(value: BsonValue) -> BsonValue:
    """Return a value between `value` and any greater one that the generated documents hold."""
    if value is UNDEFINED:
        return None
    if value is None:
        return math.nan
    if isinstance(value, int):
        return value + 0.5
    if isinstance(value, list):
        return [*value, MinKey()]
    assert isinstance(value, dict)
    return {**value, "z": MinKey()}


if __name__ == "__main__":
    main(sys.argv[1])
