"""createIndexes, listIndexes, dropIndexes: options, names and errors."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64

from ..case import Case
from ..wrong_types import WRONG

_SOME = [{"_id": 1, "a": 1, "b": [1, 2]}, {"_id": 2, "a": 1, "b": [3]}, {"_id": 3}]
_LIST = {"listIndexes": "$coll"}


def _create(*specs: dict, **options: object) -> dict:
    return {"createIndexes": "$coll", "indexes": list(specs), **options}


def _named(key: dict, **options: object) -> dict:
    return {"key": key, "name": "_".join(f"{path}_{kind}" for path, kind in key.items()), **options}


def cases() -> Iterator[Case]:
    yield from _kinds()
    yield from _option_values()
    yield from _conflicts()
    yield from _existing_data()
    yield from _drops()
    yield from _commands()


_KEYS: dict[str, dict] = {
    "ascending": {"a": 1},
    "descending": {"a": -1},
    "compound": {"a": 1, "b": -1},
    "nested": {"a.b.c": 1},
    "numeric-step": {"a.0.b": 1},
    "hashed": {"a": "hashed"},
    "hashed-compound": {"a": 1, "b": "hashed"},
    "hashed-twice": {"a": "hashed", "b": "hashed"},
    "wildcard": {"$**": 1},
    "wildcard-descending": {"$**": -1},
    "wildcard-path": {"a.$**": 1},
    "wildcard-compound": {"a": 1, "b.$**": 1},
    "wildcard-compound-all": {"a": 1, "$**": 1},
    "wildcard-twice": {"a.$**": 1, "b.$**": 1},
    "double": {"a": 1.0},
    "long": {"a": Int64(1)},
    "decimal": {"a": Decimal128("1")},
    "large": {"a": 5},
    "negative": {"a": -2.5},
    "tiny": {"a": 0.5},
    "zero": {"a": 0},
    "zero-double": {"a": 0.0},
    "nan": {"a": float("nan")},
    "infinity": {"a": float("inf")},
    "true": {"a": True},
    "null": {"a": None},
    "object": {"a": {}},
    "array": {"a": [1]},
    "unknown-kind": {"a": "nope"},
    "empty-kind": {"a": ""},
    "empty": {},
    "empty-name": {"": 1},
    "dollar": {"$a": 1},
    "dollar-nested": {"a.$b": 1},
    "dots": {"a..b": 1},
    "dot-end": {"a.": 1},
    "dot-start": {".a": 1},
    "dbref": {"a.$id": 1},
    "id": {"_id": 1},
    "id-descending": {"_id": -1},
    "id-hashed": {"_id": "hashed"},
    "id-compound": {"_id": 1, "a": 1},
    "id-nested": {"_id.a": 1},
    "many": {f"f{i}": 1 for i in range(32)},
    "too-many": {f"f{i}": 1 for i in range(33)},
    "prefix": {"a": 1, "a.b": 1},
    "natural": {"$natural": 1},
}


def _kinds() -> Iterator[Case]:
    for name, key in _KEYS.items():
        yield Case(f"key-{name}", _create({"key": key, "name": "it"}), [])
        if name not in ("empty", "id", "id-descending"):
            yield Case(f"list-{name}", _create({"key": key, "name": "it"}, {"key": {"z": 1}, "name": "z"}), [])
    for name in (
        "descending",
        "compound",
        "hashed",
        "wildcard",
        "wildcard-path",
        "double",
        "long",
        "large",
        "negative",
    ):
        yield Case(f"listed-{name}", _LIST, _SOME[:1], setup=[_create({"key": _KEYS[name], "name": "it"})])
    for name, key in _KEYS.items():
        if name in ("ascending", "compound", "nested", "hashed", "wildcard", "id", "id-compound", "negative"):
            yield Case(f"no-name-{name}", _create({"key": key}), [])


_OPTIONS: dict[str, list[object]] = {
    "unique": [True, False, 1, 0, 1.0, "x", None, {}],
    "sparse": [True, False, 1, 0, "x", None],
    "hidden": [True, False, 1, "x", None],
    "background": [True, False, 1, 0, "x"],
    "expireAfterSeconds": [
        0,
        60,
        60.5,
        Int64(60),
        Decimal128("60"),
        -1,
        2**31 - 1,
        Int64(2**31),
        float("nan"),
        "x",
        None,
        True,
    ],
    "partialFilterExpression": [
        {},
        {"a": 1},
        {"a": {"$gt": 1}},
        {"a": {"$exists": True}},
        {"a": {"$exists": False}},
        {"a": {"$type": "string"}},
        {"a": {"$ne": 1}},
        {"a": {"$in": [1, 2]}},
        {"$and": [{"a": 1}, {"b": 2}]},
        {"$or": [{"a": 1}, {"b": 2}]},
        {"$nor": [{"a": 1}]},
        {"a": {"$not": {"$gt": 1}}},
        {"a": {"$regex": "a"}},
        {"a": {"$elemMatch": {"b": 1}}},
        {"a": {"$nope": 1}},
        {"$expr": {"$eq": ["$a", 1]}},
        "x",
        None,
        1,
    ],
    "collation": [{"locale": "en"}, {"locale": "simple"}, {}, {"locale": "nope"}, "x", None],
    "wildcardProjection": [{"a": 1}, {}, "x"],
    "v": [1, 2, 2.0, 0, 3, "x"],
    "name": ["it", "", "a b", "*", "_id_", 1, None, "x" * 200, "a\x00b", "$dollar"],
    "storageEngine": [{}, {"wiredTiger": {}}, "x"],
    "nope": [1],
    "dropDups": [True],
    "ns": ["$db.$coll"],
    "clustered": [True],
    "prepareUnique": [True],
    "weights": [{"a": 1}],
}


def _option_values() -> Iterator[Case]:
    for option, values in _OPTIONS.items():
        for i, value in enumerate(values):
            yield Case(f"{option}-{i}", _create({"key": {"a": 1}, "name": "it", option: value}), [])
            spec = _create({"key": {"a": 1}, "name": "it", option: value})
            if option in ("unique", "sparse", "hidden", "expireAfterSeconds") and i < 2:
                yield Case(f"listed-{option}-{i}", _LIST, _SOME[2:], setup=[spec])
    listed = {
        "partial": {"partialFilterExpression": {"a": {"$gt": 1}}},
        "collation": {"collation": {"locale": "en", "strength": 2}},
        "several": {"unique": True, "sparse": True, "hidden": True},
    }
    for name, options in listed.items():
        yield Case(f"listed-{name}", _LIST, _SOME[2:], setup=[_create({"key": {"a": 1}, "name": "it", **options})])
    projected = _create({"key": {"$**": 1}, "name": "it", "wildcardProjection": {"a": 1, "b": 1}})
    yield Case("listed-wildcard-projection", _LIST, _SOME, setup=[projected])
    combined: dict[str, dict] = {
        "hashed-unique": {"key": {"a": "hashed"}, "unique": True},
        "wildcard-unique": {"key": {"$**": 1}, "unique": True},
        "wildcard-sparse": {"key": {"$**": 1}, "sparse": True},
        "wildcard-ttl": {"key": {"$**": 1}, "expireAfterSeconds": 1},
        "wildcard-path-projection": {"key": {"a.$**": 1}, "wildcardProjection": {"b": 1}},
        "wildcard-projection-mixed": {"key": {"$**": 1}, "wildcardProjection": {"a": 1, "b": 0}},
        "wildcard-projection-exclude": {"key": {"$**": 1}, "wildcardProjection": {"a": 0}},
        "ttl-compound": {"key": {"a": 1, "b": 1}, "expireAfterSeconds": 1},
        "ttl-id": {"key": {"_id": 1}, "name": "_id_", "expireAfterSeconds": 1},
        "ttl-hashed": {"key": {"a": "hashed"}, "expireAfterSeconds": 1},
        "sparse-partial": {"key": {"a": 1}, "sparse": True, "partialFilterExpression": {"a": 1}},
        "id-unique": {"key": {"_id": 1}, "name": "_id_", "unique": True},
        "id-unique-false": {"key": {"_id": 1}, "name": "_id_", "unique": False},
        "id-sparse": {"key": {"_id": 1}, "name": "_id_", "sparse": True},
        "id-partial": {"key": {"_id": 1}, "name": "_id_", "partialFilterExpression": {"a": 1}},
        "id-hidden": {"key": {"_id": 1}, "name": "_id_", "hidden": True},
        "id-other-name": {"key": {"_id": 1}, "name": "other"},
        "id-name-for-other": {"key": {"a": 1}, "name": "_id_"},
        "id-collation": {"key": {"_id": 1}, "name": "_id_", "collation": {"locale": "en"}},
    }
    for name, spec in combined.items():
        yield Case(f"combined-{name}", _create({"name": "it", **spec}), [])


def _conflicts() -> Iterator[Case]:
    existing = [_create(_named({"a": 1}), {"key": {"b": 1}, "name": "by_b", "unique": True})]
    later: dict[str, dict] = {
        "same": {"key": {"a": 1}, "name": "a_1"},
        "same-double": {"key": {"a": 1.0}, "name": "a_1"},
        "other-name": {"key": {"a": 1}, "name": "other"},
        "other-key": {"key": {"c": 1}, "name": "a_1"},
        "descending": {"key": {"a": -1}, "name": "a_-1"},
        "unique": {"key": {"a": 1}, "name": "a_1", "unique": True},
        "unique-other-name": {"key": {"a": 1}, "name": "other", "unique": True},
        "sparse": {"key": {"a": 1}, "name": "a_1", "sparse": True},
        "sparse-other-name": {"key": {"a": 1}, "name": "other", "sparse": True},
        "ttl": {"key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 10},
        "ttl-other-name": {"key": {"a": 1}, "name": "other", "expireAfterSeconds": 10},
        "hidden": {"key": {"a": 1}, "name": "a_1", "hidden": True},
        "partial": {"key": {"a": 1}, "name": "a_1", "partialFilterExpression": {"a": 1}},
        "partial-other-name": {"key": {"a": 1}, "name": "other", "partialFilterExpression": {"a": 1}},
        "collation": {"key": {"a": 1}, "name": "a_1", "collation": {"locale": "en"}},
        "collation-other-name": {"key": {"a": 1}, "name": "other", "collation": {"locale": "en"}},
        "unique-dropped": {"key": {"b": 1}, "name": "by_b"},
        "compound": {"key": {"a": 1, "b": 1}, "name": "a_1_b_1"},
        "background": {"key": {"a": 1}, "name": "a_1", "background": True},
    }
    for name, spec in later.items():
        yield Case(f"conflict-{name}", _create(spec), [], setup=existing)
    twice: dict[str, list[dict]] = {
        "same": [_named({"a": 1}), _named({"a": 1})],
        "same-key": [_named({"a": 1}), {"key": {"a": 1}, "name": "other"}],
        "same-name": [_named({"a": 1}), {"key": {"b": 1}, "name": "a_1"}],
        "options": [_named({"a": 1}), _named({"a": 1}, unique=True)],
        "second-bad": [_named({"a": 1}), {"key": {"b": 0}, "name": "bad"}],
        "id-and-other": [{"key": {"_id": 1}, "name": "_id_"}, _named({"a": 1})],
    }
    for name, specs in twice.items():
        yield Case(f"together-{name}", _create(*specs), [], show=["$coll"])


def _existing_data() -> Iterator[Case]:
    yield Case("data-unique", _create(_named({"a": 1}, unique=True)), _SOME)
    yield Case("data-unique-array", _create(_named({"b": 1}, unique=True)), _SOME)
    yield Case("data-unique-sparse", _create(_named({"z": 1}, unique=True, sparse=True)), _SOME)
    yield Case("data-unique-missing", _create(_named({"z": 1}, unique=True)), _SOME)
    yield Case("data-parallel", _create(_named({"a": 1, "b": 1})), [{"a": [1], "b": [1]}])
    yield Case("data-hashed-array", _create(_named({"b": "hashed"})), _SOME)
    yield Case("data-numbers", _create(_named({"a": 1})), _SOME)
    partial = _named({"a": 1}, unique=True, partialFilterExpression={"_id": {"$gt": 1}})
    yield Case("data-unique-partial", _create(partial), _SOME)


def _drops() -> Iterator[Case]:
    existing = [_create(_named({"a": 1}), _named({"b": 1}), {"key": {"a": 1, "b": -1}, "name": "both"})]
    which: dict[str, object] = {
        "name": "a_1",
        "unknown": "nope",
        "all": "*",
        "id": "_id_",
        "key": {"a": 1},
        "key-compound": {"a": 1, "b": -1},
        "key-order": {"b": -1, "a": 1},
        "key-unknown": {"z": 1},
        "key-id": {"_id": 1},
        "key-double": {"a": 1.0},
        "names": ["a_1", "b_1"],
        "names-unknown": ["a_1", "nope"],
        "names-id": ["a_1", "_id_"],
        "names-all": ["*"],
        "names-empty": [],
        "names-number": [1],
        "number": 1,
        "null": None,
        "empty-string": "",
        "empty-key": {},
    }
    for name, index in which.items():
        yield Case(f"drop-{name}", {"dropIndexes": "$coll", "index": index}, [], setup=existing)
    yield Case("drop-no-collection", {"dropIndexes": "$coll", "index": "a_1"})
    yield Case("drop-no-index", {"dropIndexes": "$coll"}, [])
    yield Case("drop-unknown-field", {"dropIndexes": "$coll", "index": "*", "nope": 1}, [])
    yield Case("drop-old-name", {"deleteIndexes": "$coll", "index": "a_1"}, [], setup=existing)
    ambiguous = [_create(_named({"a": 1}), {"key": {"a": 1}, "name": "en", "collation": {"locale": "en"}})]
    yield Case("drop-ambiguous", {"dropIndexes": "$coll", "index": {"a": 1}}, [], setup=ambiguous)


def _commands() -> Iterator[Case]:
    yield Case("list", _LIST, _SOME, setup=[_create(_named({"a": 1}), _named({"b": -1}, sparse=True))])
    yield Case("list-only-id", _LIST, _SOME)
    yield Case("list-no-collection", _LIST)
    yield Case("list-batches", {**_LIST, "cursor": {"batchSize": 1}}, [], setup=[_create(_named({"a": 1}))])
    yield Case("list-unknown-field", {**_LIST, "nope": 1}, [])
    yield Case("create-no-collection", _create(_named({"a": 1})))
    yield Case("create-none", _create(), [])
    yield Case("create-no-indexes", {"createIndexes": "$coll"}, [])
    yield Case("create-unknown-field", _create(_named({"a": 1}), nope=1), [])
    yield Case("create-commit-quorum", _create(_named({"a": 1}), commitQuorum="majority"), [])
    yield Case("create-no-key", _create({"name": "it"}), [])
    yield Case("create-number", {"createIndexes": "$coll", "indexes": [1]}, [])
    yield Case("create-key-string", _create({"key": "a", "name": "it"}), [])
    many = [_named({f"f{i}": 1}) for i in range(70)]
    yield Case("create-too-many", _create(*many), [])
    yield Case("create-63", _create(*many[:63]), [])
    for kind, value in WRONG.items():
        yield Case(f"create-indexes-{kind}", {"createIndexes": "$coll", "indexes": value}, [])
        yield Case(f"create-name-{kind}", {"createIndexes": value, "indexes": [_named({"a": 1})]}, [])
        yield Case(f"list-name-{kind}", {"listIndexes": value}, [])
        yield Case(f"list-cursor-{kind}", {"listIndexes": "$coll", "cursor": value}, [])
