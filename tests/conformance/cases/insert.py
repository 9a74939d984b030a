"""insert: bulk errors, duplicate keys, documents that are refused."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from ..case import Case
from ..providers import ALL_VALUES
from ..wrong_types import WRONG, given

_TWO = [{"_id": 1, "a": 1, "b": "x"}, {"_id": 2, "a": 2, "b": "y"}]
_WRONG = {kind: value for kind, value in WRONG.items() if kind != "bool"}


def _insert(*documents: object, **options: object) -> dict:
    return {"insert": "$coll", "documents": list(documents), **options}


def _index(key: dict, **options: object) -> list[dict]:
    name = "_".join(f"{path}_{kind}" for path, kind in key.items())
    return [{"createIndexes": "$coll", "indexes": [{"key": key, "name": name, **options}]}]


def cases() -> Iterator[Case]:
    yield from _ids()
    yield from _bulk()
    yield from _unique()
    yield from _refused()


def _ids() -> Iterator[Case]:
    for i, value in enumerate(ALL_VALUES):
        yield Case(f"id-value-{i}", _insert({"_id": value, "a": 1}), [])
    yield Case("id-generated", _insert({"a": 1}), [])
    yield Case("id-moves-first", _insert({"a": 1, "_id": 5, "b": 2}), [])
    yield Case("creates-collection", _insert({"_id": 1}))
    yield Case("timestamp-zero", _insert({"_id": 1, "t": Timestamp(0, 0), "u": {"t": Timestamp(0, 0)}}), [])
    yield Case("timestamp-zero-id", _insert({"_id": Timestamp(0, 0)}), [])
    equal_ids = {
        "int-double": (1, 1.0),
        "int-long": (1, Int64(1)),
        "int-decimal": (1, Decimal128("1.00")),
        "zero-minus-zero": (0, -0.0),
        "nan-nan": (float("nan"), Decimal128("NaN")),
        "object-order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        "object-types": ({"a": 1}, {"a": 1.0}),
        "int-bool": (1, True),
        "null-twice": (None, None),
        "string-case": ("a", "A"),
        "binary-subtype": (b"a", DatetimeMS(0)),
        "large-long-double": (Int64(2**53 + 1), float(2**53)),
    }
    for name, (first, second) in equal_ids.items():
        yield Case(f"equal-{name}", _insert({"_id": first}, {"_id": second}), [])


def _bulk() -> Iterator[Case]:
    documents = [{"_id": 3}, {"_id": 1}, {"_id": 4}, {"_id": 2}, {"_id": 3}, {"_id": 5}]
    yield Case("bulk-ordered", _insert(*documents), _TWO)
    yield Case("bulk-unordered", _insert(*documents, ordered=False), _TWO)
    yield Case("bulk-ordered-first", _insert({"_id": 1}, {"_id": 9}), _TWO)
    yield Case("bulk-unordered-all", _insert({"_id": 1}, {"_id": 2}, ordered=False), _TWO)
    refused = [{"_id": 3}, {"_id": [1]}, {"_id": 4}]
    yield Case("bulk-refused-ordered", _insert(*refused), _TWO)
    yield Case("bulk-refused-unordered", _insert(*refused, ordered=False), _TWO)
    yield Case("bulk-empty", _insert(), _TWO)
    update = [
        {"q": {"_id": 1}, "u": {"$set": {"a": 5}}},
        {"q": {"_id": 2}, "u": {"$inc": {"b": 1}}},
        {"q": {"_id": 2}, "u": {"$set": {"a": 7}}},
        {"q": {"_id": 9}, "u": {"$set": {"a": 9}}, "upsert": True},
    ]
    yield Case("bulk-update-ordered", {"update": "$coll", "updates": update}, _TWO)
    yield Case("bulk-update-unordered", {"update": "$coll", "updates": update, "ordered": False}, _TWO)


def _unique() -> Iterator[Case]:
    unique = _index({"a": 1}, unique=True)
    clashes = {
        "same": {"_id": 9, "a": 1},
        "double": {"_id": 9, "a": 1.0},
        "other": {"_id": 9, "a": 3},
        "missing": {"_id": 9},
        "array": {"_id": 9, "a": [7, 2]},
        "array-with-itself": {"_id": 9, "a": [7, 7]},
        "object": {"_id": 9, "a": {"b": 1}},
    }
    for name, document in clashes.items():
        yield Case(f"unique-{name}", _insert(document), _TWO, setup=unique)
    yield Case("unique-null-twice", _insert({"_id": 8}, {"_id": 9, "a": None}), _TWO, setup=unique)
    yield Case("unique-null-undefined", _insert({"_id": 8, "a": []}, {"_id": 9, "a": []}), _TWO, setup=unique)
    yield Case("unique-empty-array-null", _insert({"_id": 8, "a": []}, {"_id": 9}), _TWO, setup=unique)
    compound = _index({"a": 1, "b": -1}, unique=True)
    yield Case("unique-compound", _insert({"_id": 9, "a": 1, "b": "x", "c": 1}), _TWO, setup=compound)
    yield Case("unique-compound-half", _insert({"_id": 9, "a": 1, "b": "y"}), _TWO, setup=compound)
    yield Case("unique-compound-array", _insert({"_id": 9, "a": [5, 1], "b": "x"}), _TWO, setup=compound)
    yield Case("unique-compound-missing", _insert({"_id": 8, "a": 5}, {"_id": 9, "a": 5}), _TWO, setup=compound)
    sparse = _index({"c": 1}, unique=True, sparse=True)
    yield Case("unique-sparse", _insert({"_id": 8}, {"_id": 9}), _TWO, setup=sparse)
    yield Case("unique-sparse-null", _insert({"_id": 8, "c": None}, {"_id": 9, "c": None}), _TWO, setup=sparse)
    partial = _index({"a": 1}, unique=True, partialFilterExpression={"b": {"$exists": True}})
    yield Case("unique-partial-outside", _insert({"_id": 9, "a": 1}), _TWO, setup=partial)
    yield Case("unique-partial-inside", _insert({"_id": 9, "a": 1, "b": 0}), _TWO, setup=partial)
    collated = _index({"b": 1}, unique=True, collation={"locale": "en", "strength": 2})
    yield Case("unique-collation", _insert({"_id": 9, "b": "X"}), _TWO, setup=collated)
    nested = _index({"d.e": 1}, unique=True)
    yield Case(
        "unique-nested",
        _insert({"_id": 8, "d": {"e": 1}}, {"_id": 9, "d": [{"e": 0}, {"e": 1}]}),
        _TWO[:1],
        setup=nested,
    )
    for name, spec in {"two-values": {"a": 5}, "one-value": {"a": 2}}.items():
        update = {"update": "$coll", "updates": [{"q": {"_id": 1}, "u": {"$set": spec}}]}
        yield Case(f"unique-update-{name}", update, _TWO, setup=unique)
    many = {"update": "$coll", "updates": [{"q": {}, "u": {"$set": {"a": 5}}, "multi": True}]}
    yield Case("unique-update-many", many, _TWO, setup=unique)
    shift = {"update": "$coll", "updates": [{"q": {}, "u": {"$inc": {"a": 1}}, "multi": True}]}
    yield Case("unique-update-shift", shift, _TWO, setup=unique)
    for name, key in {"parallel": {"a": 1, "b": 1}, "not-parallel": {"a.x": 1, "a.y": 1}}.items():
        documents = [{"_id": 9, "a": [1, 2], "b": [3]}, {"_id": 10, "a": [{"x": 1, "y": 2}], "b": 1}]
        yield Case(f"arrays-{name}", _insert(*documents, ordered=False), _TWO, setup=_index(key))
    hashed = _index({"a": "hashed"})
    yield Case("hashed-array", _insert({"_id": 9, "a": [1]}), _TWO, setup=hashed)


def _refused() -> Iterator[Case]:
    names = {
        "dollar-name": {"_id": 1, "$a": 1},
        "dollar-name-nested": {"_id": 1, "a": {"$b": 1}},
        "dollar-id": {"_id": {"$a": 1}},
        "dotted-name": {"_id": 1, "a.b": 1},
        "empty-name": {"_id": 1, "": 1},
        "dbref": {"_id": 1, "r": {"$ref": "c", "$id": 1}},
        "dbref-id": {"_id": {"$ref": "c", "$id": 1}},
        "dbref-half": {"_id": 1, "r": {"$id": 1}},
        "id-array": {"_id": [1]},
        "id-regex": {"_id": Regex("a")},
        "id-object-with-regex": {"_id": {"a": Regex("a")}},
        "deep": {"_id": 1, "a": _nested(100)},
        "deep-178": {"_id": 1, "a": _nested(177)},
        "deep-179": {"_id": 1, "a": _nested(178)},
        "deep-180": {"_id": 1, "a": _nested(179)},
        "deep-181": {"_id": 1, "a": _nested(180)},
        "deep-190": {"_id": 1, "a": _nested(189)},
    }
    for name, document in names.items():
        yield Case(name, _insert(document), [])
    yield Case("unknown-field", _insert({"_id": 1}, nope=1), [])
    yield Case("no-documents", {"insert": "$coll"}, [])
    yield Case("system-name", {"insert": "system.nope", "documents": [{"_id": 1}]})
    yield Case("dollar-name-of-collection", {"insert": "a$b", "documents": [{"_id": 1}]})
    yield Case("empty-name-of-collection", {"insert": "", "documents": [{"_id": 1}]})
    yield Case("long-name-of-collection", {"insert": "x" * 300, "documents": [{"_id": 1}]})
    for kind, value in _WRONG.items():
        for parameter in "insert ordered bypassDocumentValidation writeConcern maxTimeMS comment".split():
            yield Case(
                f"{parameter}-{kind}",
                _insert({"_id": ObjectId("65e0a3c00000000000000001")}, **{parameter: given(parameter, value)}),
                [],
            )


def _nested(depth: int) -> dict:
    document: dict = {}
    for _ in range(depth):
        document = {"a": document}
    return document
