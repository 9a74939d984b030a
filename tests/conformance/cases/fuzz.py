"""What `python -m tests.fuzz` has found, made smaller."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, Regex

from satchel.values.bson_types import BsonValue, Document

from ..case import Case

_ONE: list[Document] = [{"_id": 0, "a": [1, 2], "o": {}}]
_ROWS: list[Document] = [{"_id": i, "n": i * 1.5} for i in range(4)]
_ANYWHERE_FIRST: dict[str, list[Document]] = {
    "skip-passes-set": [{"$set": {"y": {"$range": ["$o.n", 2]}}}, {"$skip": 3}],
    "skip-passes-project": [{"$project": {"y": {"$range": ["$o.n", 2]}}}, {"$unset": "z"}, {"$skip": 3}],
    "skip-passes-replace": [{"$replaceWith": {"y": {"$range": ["$o.n", 2]}}}, {"$skip": 3}],
    "group-id-number": [{"$group": {"_id": {"n": 1}}}],
    "group-id-decimal": [{"$group": {"_id": {"n": Decimal128("1"), "m": "$o"}}}],
    "group-id-bool": [{"$group": {"_id": {"m": "$o", "n": False}}}],
    "group-id-inner-number": [{"$group": {"_id": {"n": {"m": 1}}}}],
    "bucket-constant-outside": [{"$bucket": {"groupBy": {"$add": [1, 0]}, "boundaries": [2, 5]}}],
    "bucket-constant-inside": [{"$bucket": {"groupBy": {"$add": [1, 2]}, "boundaries": [2, 5]}}],
    "regex-find-all-end": [{"$project": {"y": {"$regexFindAll": {"input": "日本", "regex": {"$literal": "$"}}}}}],
    "regex-find-all-empty": [{"$project": {"y": {"$regexFindAll": {"input": "aab", "regex": "a*"}}}}],
    "lookup-let-without-pipeline": [
        {
            "$lookup": {
                "from": "$coll.other",
                "as": "j",
                "localField": "a",
                "foreignField": "_id",
                "let": {"v": {"$binarySize": "$o"}},
                "pipeline": [],
            }
        }
    ],
}
_NEVER_FOLDED: dict[str, Document] = {
    "regex-match": {"$regexMatch": {"input": 1, "regex": "a"}},
    "regex-find": {"$regexFind": {"input": 1, "regex": "a"}},
    "regex-find-all": {"$regexFindAll": {"input": 1, "regex": "a"}},
    "replace-one": {"$replaceOne": {"input": 1, "find": "a", "replacement": "b"}},
    "replace-all": {"$replaceAll": {"input": 1, "find": "a", "replacement": "b"}},
    "hash": {"$hash": {"input": 1, "algorithm": "md5"}},
    "hex-hash": {"$hexHash": {"input": 1, "algorithm": "md5"}},
    "similarity": {"$similarityCosine": [[1], [1, 2]]},
    "deserialize": {"$deserializeEJSON": {"input": {"$literal": {"$numberInt": "x"}}}},
}
_PATTERNS: dict[str, Document] = {
    "bad": {"regex": "("},
    "bad-computed": {"regex": {"$concat": ["(", ""]}},
    "number": {"regex": 1},
    "flag": {"regex": "a", "options": "q"},
    "options-twice": {"regex": Regex("a", "i"), "options": "i"},
    "unknown-regex": {"regex": "$t", "options": "q"},
    "unknown-options": {"regex": "(", "options": "$t"},
}


_PRODUCTS: list[Document] = [
    {"_id": 0, "a": -2, "b": 0, "c": 2.0},
    {"_id": 1, "a": Int64(2**53 + 1), "b": 3, "c": 1.0},
    {"_id": 2, "a": -3, "b": Int64(2**53 + 1), "c": Int64(2**53 + 1)},
    {"_id": 3, "a": 3, "b": Int64(2**53 + 1), "c": Decimal128("1")},
    {"_id": 4, "a": Int64(2**62), "b": Int64(2**62), "c": 3},
    {"_id": 5, "a": 1.5, "b": Int64(2**53 + 1), "c": 3},
]
_FAILS_ALWAYS: Document = {"$set": {"y": {"$range": [{}, 1]}}}
_LOOKUPS: dict[str, Document] = {
    "pipeline": {"pipeline": [_FAILS_ALWAYS]},
    "equality": {"localField": "n", "foreignField": "n", "pipeline": [_FAILS_ALWAYS]},
    "let": {"let": {"v": "$n"}, "pipeline": [{"$match": {"n": 7}}, _FAILS_ALWAYS]},
}


def cases() -> Iterator[Case]:
    for name, pipeline in _ANYWHERE_FIRST.items():
        yield _aggregate(name, pipeline, _ONE)
    for name, expression in _NEVER_FOLDED.items():
        yield _aggregate(f"never-folded-{name}", [{"$set": {"y": expression}}], [])
    for name, pattern in _PATTERNS.items():
        yield _aggregate(f"pattern-{name}", [{"$set": {"y": {"$regexMatch": {"input": "$s", **pattern}}}}], [])
    for name, join in _LOOKUPS.items():
        lookup: list[Document] = [{"$lookup": {"from": "$coll.other", "as": "j", **join}}]
        yield _aggregate(f"lookup-constant-fails-{name}", lookup, [])
        yield _aggregate(f"lookup-constant-fails-{name}-on-one", lookup, _ONE)
    for name in ("$serializeEJSON", "$deserializeEJSON"):
        caught: Document = {name: {"input": {"$toInt": "$n"}, "onError": "abc"}}
        yield _aggregate(f"input-fails-{name[1:]}", [{"$set": {"y": caught}}], [{"_id": 0, "n": 1e308}])
    yield _aggregate("products", [{"$set": {"y": {"$multiply": ["$a", "$b", "$c"]}}}], _PRODUCTS)
    merge: Document = {"sortBy": {"_id": 1}, "output": {"h": {"$mergeObjects": "$o", "window": {"documents": [0, 1]}}}}
    yield _aggregate("merge-objects-cannot-slide", [{"$setWindowFields": merge}], [])
    inside: Document = {"$lookup": {"from": "$coll.other", "as": "j", "pipeline": [{"$setWindowFields": merge}]}}
    yield _aggregate("merge-objects-cannot-slide-inside", [inside], [])
    yield _aggregate("merge-objects-cannot-slide-inside-on-one", [inside], _ONE)
    yield from _windows()
    yield from _shifts()
    yield from _evaluated_rows()
    yield from _sort_keys()
    yield from _subnormals()
    yield from _graph_lookups()
    yield from _filters()
    yield from _pipeline_updates()


def _aggregate(name: str, pipeline: list[Document], documents: list[Document], **options: BsonValue) -> Case:
    return Case(name, {"aggregate": "$coll", "pipeline": pipeline, "cursor": {}}, documents, **options)


def _evaluated_rows() -> Iterator[Case]:
    """Which rows of a partition a window function looks at: seen by the division that fails in one of them."""
    inverse: Document = {"$divide": [1, "$n"]}
    functions: dict[str, Document] = {
        "last": {"$last": inverse},
        "first": {"$first": inverse},
        "sum": {"$sum": inverse},
        "push": {"$push": inverse},
        "min-n": {"$minN": {"n": 1, "input": inverse}},
        "covariance": {"$covariancePop": [inverse, "$n"]},
    }
    for place in ([1, 3], [-3, -1], [3, 9]):
        integral: Document = {"$integral": {"input": "$n"}, "window": {"range": place}}
        spec = {"sortBy": {"_id": 1}, "output": {"h": integral}}
        rows = [{"_id": 1}, {"_id": 7, "n": "x"}, {"_id": 12, "n": 2}]
        label = "to".join(map(str, place))
        yield _aggregate(f"window-integral-{label}", [{"$setWindowFields": spec}], rows)
    for first, second in ((1, Decimal128("2.50")), (1.0, Decimal128("1E+5")), (Decimal128("1.0"), 3.0)):
        for name in ("$covariancePop", "$covarianceSamp"):
            spec = {"sortBy": {"_id": 1}, "output": {"h": {name: [first, second]}}}
            yield _aggregate(f"window-{name[1:]}-of-{first}-and-{second}", [{"$setWindowFields": spec}], _ROWS)
    for zero in (0, 2):
        rows = [{"_id": i, "n": 0 if i == zero else i + 1} for i in range(3)]
        for bounds in ([1, 2], [-2, -1], ["unbounded", -1], [1, "unbounded"]):
            for name, function in functions.items():
                spec = {"sortBy": {"_id": 1}, "output": {"h": {**function, "window": {"documents": bounds}}}}
                label = "to".join(map(str, bounds))
                yield _aggregate(f"window-rows-{name}-{label}-{zero}", [{"$setWindowFields": spec}], rows)


def _windows() -> Iterator[Case]:
    for name, output in {
        "sum": {"$sum": "$n", "window": {"documents": [-1, 0]}},
        "rank": {"$rank": {}},
        "shift": {"$shift": {"output": "$n", "by": 1}},
        "range": {"$sum": "$n", "window": {"range": [-1, 0]}},
    }.items():
        spec = {"sortBy": {}, "output": {"h": output}}
        yield _aggregate(f"window-empty-sort-{name}", [{"$setWindowFields": spec}], _ROWS)
    for bounds in (["current", "unbounded"], ["unbounded", "current"], [1, "unbounded"]):
        scaler = {"$minMaxScaler": {"input": "$n"}, "window": {"range": bounds}}
        spec = {"sortBy": {"_id": 1}, "output": {"h": scaler}}
        yield _aggregate(f"window-scaler-{bounds[0]}-{bounds[1]}", [{"$setWindowFields": spec}], _ROWS)


def _shifts() -> Iterator[Case]:
    """A row without the value counts as no row."""
    defaults = {"none": {}, "null": {"default": None}, "removed": {"default": "$$REMOVE"}, "number": {"default": 7}}
    for output in ("$none", "$a", "$$REMOVE"):
        for name, default in defaults.items():
            for by in (0, 1):
                shifted = {"h": {"$shift": {"output": output, "by": by, **default}}}
                pipeline = [{"$setWindowFields": {"sortBy": {"_id": 1}, "output": shifted}}]
                yield _aggregate(f"shift-{output.strip('$')}-{name}-{by}", pipeline, [{"a": 1}, {}, {"a": None}])


def _sort_keys() -> Iterator[Case]:
    for name, sort_by in {"same": {"a.n": 1, "a": 1}, "below": {"a.n": 1, "a.m": 1}, "other": {"a": 1, "o": 1}}.items():
        for operator in ("$top", "$bottom"):  # of these the paths are expressions
            group = {"_id": None, "f": {operator: {"sortBy": sort_by, "output": "$_id"}}}
            yield _aggregate(f"arrays-{name}-{operator[1:]}", [{"$group": group}], _ONE)
        yield _aggregate(f"arrays-{name}-sort", [{"$sort": sort_by}], _ONE)
    rows: list[Document] = [{}, {"r": []}, {"r": 1}, {"r": [{"n": 2}, {}]}, {"r": [{"n": [1, 3]}]}, {"r": {"n": []}}]
    for direction in (1, -1):
        spec = {"sortBy": {"r.n": direction}, "output": "$_id", "n": 6}
        yield _aggregate(f"arrays-order-{direction}", [{"$group": {"_id": None, "f": {"$topN": spec}}}], rows)


def _subnormals() -> Iterator[Case]:
    for series in ("R5", "1-2-5", "E96"):
        spec = {"groupBy": "$n", "buckets": 2, "granularity": series}
        yield _aggregate(f"subnormal-{series}", [{"$bucketAuto": spec}], [{"n": 5e-324}])


def _graph_lookups() -> Iterator[Case]:
    spec = {
        "from": "$coll.other",
        "startWith": "$k",
        "connectFromField": "none",
        "connectToField": "r.k",
        "as": "g",
    }
    far = [{"r": [{"k": 1}, {"n": 2}]}, {"r": [{"n": 2}]}, {"r": []}, {}, {"r": {"k": None}}]
    pipeline = [{"$graphLookup": spec}, {"$set": {"g": {"$sortArray": {"input": "$g", "sortBy": {"_id": 1}}}}}]
    for name, value in {"one": {"$date": 1}, "two": [{"$date": 1}, {"$date": 2}], "inner": {"a": {"$b": 1}}}.items():
        near: list[Document] = [{"k": value}]
        yield _aggregate(f"operator-like-{name}-graph", [{"$graphLookup": spec}], near, others={"other": far})
        lookup = {"from": "$coll.other", "localField": "k", "foreignField": "r.k", "as": "g"}
        yield _aggregate(f"operator-like-{name}", [{"$lookup": lookup}], near, others={"other": far})
    words = [{"r": [{"k": word}]} for word in ("a", "Ab", "b", Regex("^a", "i"))]
    for name, value in {"one": Regex("^a", "i"), "two": [Regex("^a", "i"), "b", None]}.items():
        yield _aggregate(f"graph-lookup-regex-{name}", pipeline, [{"k": value}], others={"other": words})
    yield _aggregate("graph-lookup-null", pipeline, [{"k": None}, {}, {"k": 1}], others={"other": far})


def _filters() -> Iterator[Case]:
    for name, inner in {"schema": {"$jsonSchema": {}}, "nested": {"$and": [{"$jsonSchema": {}}]}}.items():
        projection = {"a": {"$elemMatch": inner}}
        yield Case(f"elem-match-{name}", {"find": "$coll", "projection": projection}, _ONE)
    for name, condition in {"all": {"$all": []}, "not-all": {"$not": {"$all": []}}, "in": {"$in": []}}.items():
        for form, update in {"set": {"$set": {"a.$[f]": 0}}, "replace": {"b": 1}}.items():
            statement = {"q": {}, "u": update, "arrayFilters": [{"f": condition}]}
            yield Case(f"array-filter-{name}-{form}", {"update": "$coll", "updates": [statement]}, _ONE)


def _pipeline_updates() -> Iterator[Case]:
    """Updates by pipeline run as they are written: a constant that fails waits for a document."""
    for name, expression in {
        "fails": {"$abs": "x"},
        "unreached": {"$cond": [False, {"$abs": "x"}, 1]},
        "no-case": {"$switch": {"branches": [{"case": False, "then": 1}]}},
        "zone": {"$dateToString": {"date": {"$literal": None}, "timezone": "bad"}},
        "pattern": {"$regexMatch": {"input": "$none", "regex": "("}},
        "sum": {"$add": ["$none", "x"]},
    }.items():
        for found, query in {"one": {}, "none": {"_id": 9}}.items():
            for form, stage in {
                "set": {"$set": {"y": expression}},
                "replace": {"$replaceWith": {"y": expression}},
            }.items():
                statement = {"q": query, "u": [stage]}
                yield Case(f"update-{name}-{found}-{form}", {"update": "$coll", "updates": [statement]}, _ONE)
