"""$lookup, $graphLookup, $unionWith, $documents, $redact."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, Regex

from ..case import Case
from ..pipelines import pipeline, stage

_NEAR = [
    {"_id": 1, "a": 1, "arr": [1, 2, [3]]},
    {"_id": 2, "a": None},
    {"_id": 3},
    {"_id": 4, "a": []},
    {"_id": 5, "arr": [{"k": 1}, {"k": 2}]},
    {"_id": 6, "a": Regex("x")},
    {"_id": 7, "a": [1, Regex("x")]},
    {"_id": 8, "a": Int64(2), "arr": [{"k": 1}, 5]},
    {"_id": 9, "a": Decimal128("1"), "arr": [{"k": 1}, {}]},
    {"_id": 10, "a": {"k": 1}, "arr": [[{"k": 1}]]},
    {"_id": 11, "a": {"k": [1, None]}, "arr": {"k": []}},
    {"_id": 12, "a": "x", "arr": {"k": [[1]]}},
]
_FAR = [
    {"_id": 10, "k": 1, "v": [1, 9]},
    {"_id": 11, "k": 2},
    {"_id": 12, "k": None},
    {"_id": 13},
    {"_id": 14, "k": [3]},
    {"_id": 15, "k": [1, 2]},
    {"_id": 16, "k": []},
    {"_id": 17, "k": "x"},
    {"_id": 18, "k": Regex("x")},
    {"_id": 19, "k": {"k": 1}},
    {"_id": 20, "k": [{"k": 1}, {"k": 2}, {}]},
    {"_id": 21, "k": [None]},
    {"_id": 22, "k": 1.0, "n": {"m": 2}},
    {"_id": 23, "k": [[1]]},
]
_OTHERS = {"far": _FAR}
_FROM = {"from": "$coll.far", "as": "r"}
_IDS = {"$set": {"r": "$r._id"}}


def cases() -> Iterator[Case]:
    yield from _equality()
    yield from _pipelines()
    yield from _malformed()
    yield from _unwound()
    yield from _graph()
    yield from _graph_malformed()
    yield from _union()
    yield from _documents()
    yield from _redact()
    yield from _views()


def _join(name: str, operand: object, *more: object, far: object = "plain") -> Case:
    setup = [] if far == "plain" else [{"createIndexes": "$coll.far", "indexes": [{"key": {"k": 1}, "name": "k"}]}]
    return pipeline(name, [{"$lookup": operand}, *more], _NEAR, others=_OTHERS, setup=setup)


def _equality() -> Iterator[Case]:
    for local in ("a", "arr", "arr.k", "a.k", "zz", "arr.0", "arr.0.k", "_id", "arr.k.0", "arr.2.0"):
        for foreign in ("k", "v", "k.k", "k.0", "zz", "_id", "n.m", "k.0.k"):
            operand = {**_FROM, "localField": local, "foreignField": foreign}
            yield _join(f"equality-{local}-{foreign}", operand, _IDS)
            yield _join(f"equality-piped-{local}-{foreign}", {**operand, "pipeline": []}, _IDS)
    operand = {**_FROM, "localField": "a", "foreignField": "k"}
    yield _join(
        "equality-indexed", operand, {"$set": {"r": {"$sortArray": {"input": "$r._id", "sortBy": 1}}}}, far="indexed"
    )
    for path in ("r", "x.y", "a", "a.y", "arr.y", "_id", "arr.0"):
        yield _join(f"as-{path}", {**operand, "as": path})
    yield _join("no-collection", {**operand, "from": "$coll.nope"})
    yield pipeline("self", [{"$lookup": {"from": "$coll", "as": "r", "localField": "a", "foreignField": "_id"}}], _NEAR)
    collation = {"collation": {"locale": "en", "strength": 2}}
    far = {"far": [{"_id": 1, "k": "A"}, {"_id": 2, "k": ["a", "b"]}, {"_id": 3, "k": "B"}]}
    near = [{"_id": 1, "a": "a"}, {"_id": 2, "a": ["b", "c"]}]
    yield pipeline("equality-collation", [{"$lookup": operand}], near, others=far, options=collation)


def _pipelines() -> Iterator[Case]:
    equal = {"$match": {"$expr": {"$eq": ["$k", "$$x"]}}}
    let = {"let": {"x": "$a"}}
    both = {**_FROM, "localField": "a", "foreignField": "k"}
    inner = {
        "$lookup": {
            "from": "$coll",
            "let": {"y": "$k", "x": "$$x"},
            "pipeline": [
                {"$match": {"$expr": {"$and": [{"$eq": ["$a", "$$y"]}, {"$eq": ["$a", "$$x"]}]}}},
                {"$project": {"a": 1}},
            ],
            "as": "s",
        }
    }
    operands = [
        {**_FROM, "pipeline": []},
        {**_FROM, "pipeline": [equal], **let},
        {**_FROM, "pipeline": [{"$match": {"k": 1}}, {"$project": {"v": 1}}]},
        {**_FROM, "pipeline": [{"$group": {"_id": None, "n": {"$sum": 1}}}]},
        {**_FROM, "pipeline": [{"$limit": 1}, {"$project": {"_id": {"t": {"$type": "$$x"}, "x": "$$x"}}}], **let},
        {**_FROM, "pipeline": [{"$limit": 2}, {"$set": {"y": {"$add": ["$_id", "$$i"]}}}], "let": {"i": "$_id"}},
        {
            **_FROM,
            "pipeline": [{"$sort": {"_id": -1}}, {"$limit": 1}, {"$project": {"k": {"$ifNull": ["$$x", "none"]}}}],
            **let,
        },
        {**both, "pipeline": [{"$match": {"_id": {"$gt": 12}}}]},
        {**both, "pipeline": [{"$match": {"$expr": {"$gt": ["$_id", "$$z"]}}}], "let": {"z": {"$add": ["$_id", 10]}}},
        {**both, "pipeline": [{"$count": "n"}]},
        {
            **both,
            "pipeline": [{"$project": {"_id": 0, "w": {"$concat": ["$$x", "!"]}}}],
            "let": {"x": {"$toString": "$_id"}},
        },
        {**_FROM, "pipeline": [equal, inner], **let},
        {
            **_FROM,
            "pipeline": [{"$project": {"x": {"$cond": [{"$eq": ["$$x", 0]}, None, {"$divide": [1, "$$x"]}]}}}],
            "let": {"x": {"$literal": 0}},
        },
        {**_FROM, "pipeline": [{"$facet": {"a": [equal], "b": [{"$count": "n"}]}}], **let},
        {
            **_FROM,
            "pipeline": [
                {"$unionWith": {"coll": "$coll", "pipeline": [{"$match": {"$expr": {"$eq": ["$a", "$$x"]}}}]}},
                {"$count": "n"},
            ],
            **let,
        },
        {**_FROM, "pipeline": [{"$match": {"k": "$$x"}}], **let},
        {**_FROM, "pipeline": [{"$match": {"$expr": "$$x.k"}}, {"$project": {"p": "$$x.k"}}], **let},
        {"as": "r", "pipeline": [{"$documents": [{"_id": 7}]}]},
        {"as": "r", "pipeline": [{"$documents": [{"y": "$$x"}]}], **let},
        {"as": "r", "localField": "a", "foreignField": "_id", "pipeline": [{"$documents": [{"_id": 1}, {"_id": 2}]}]},
        {**_FROM, "pipeline": [], "let": None},
        {**_FROM, "pipeline": [], "let": {}},
        {**_FROM, "pipeline": [{"$limit": 1}, {"$project": {"z": "$$a"}}], "let": {"a": "$_id", "b": "$a"}},
    ]
    for number, operand in enumerate(operands):
        yield _join(f"pipeline-{number}", operand)
    outer = {"let": {"x": 2, "w": 1}}
    stages = [
        {
            "$lookup": {
                **_FROM,
                "pipeline": [{"$match": {"$expr": {"$eq": ["$k", "$$w"]}}}, {"$project": {"x": "$$x"}}],
                **let,
            }
        }
    ]
    yield pipeline("pipeline-let-of-command", stages, _NEAR, others=_OTHERS, options=outer)


def _malformed() -> Iterator[Case]:
    base = {**_FROM, "localField": "a", "foreignField": "k"}
    operands = [
        5,
        None,
        [],
        {},
        {"from": "$coll.far"},
        {**base, "as": 5},
        {**base, "as": ""},
        {**base, "as": "$x"},
        {**base, "as": "a..b"},
        {**base, "localField": 5},
        {**base, "localField": "$a"},
        {**base, "localField": ""},
        {**base, "localField": "a."},
        {**base, "foreignField": 5},
        {**base, "foreignField": ""},
        {**base, "foreignField": "$k"},
        {**base, "foreignField": "k..a"},
        {**base, "from": 5},
        {**base, "from": None},
        {**base, "from": ""},
        {**base, "from": {"db": "x", "coll": "d"}},
        {**base, "z": 1},
        {**base, "let": {"x": 1}},
        {**base, "let": 5},
        {**_FROM},
        {**_FROM, "localField": "a"},
        {**_FROM, "foreignField": "k"},
        {**_FROM, "localField": "a", "pipeline": []},
        {**_FROM, "pipeline": 5},
        {**_FROM, "pipeline": {}},
        {**_FROM, "pipeline": None},
        {**_FROM, "pipeline": [5]},
        {**_FROM, "pipeline": [{}]},
        {**_FROM, "pipeline": [{"$foo": 1}]},
        {**_FROM, "pipeline": [{"$out": "x"}]},
        {**_FROM, "pipeline": [{"$merge": {"into": "x"}}]},
        {**_FROM, "pipeline": [{"$documents": [{"a": 1}]}]},
        {**_FROM, "pipeline": [{"$match": {"$expr": "$$y"}}], "let": {"x": 1}},
        {**_FROM, "pipeline": [], "let": 5},
        {**_FROM, "pipeline": [], "let": {"X": 1}},
        {**_FROM, "pipeline": [], "let": {"_x": 1}},
        {**_FROM, "pipeline": [], "let": {"": 1}},
        {**_FROM, "pipeline": [], "let": {"a.b": 1}},
        {**_FROM, "pipeline": [], "let": {"ROOT": 1}},
        {**_FROM, "pipeline": [], "let": {"x": "$$foo"}},
        {**_FROM, "pipeline": [], "let": {"x": {"$foo": 1}}},
        {"as": "r", "pipeline": [{"$match": {}}]},
        {"as": "r", "pipeline": []},
        {"as": "r", "localField": "a", "foreignField": "b"},
    ]
    for number, operand in enumerate(operands):
        yield _join(f"malformed-{number}", operand)
    for depth in (20, 21):
        specs: list[object] = []
        for _ in range(depth):
            specs = [{"$lookup": {"from": "$coll", "as": "r", "pipeline": specs}}]
        yield pipeline(f"nested-{depth}", [*specs, {"$project": {"_id": 1}}], [{"_id": 1}])


def _unwound() -> Iterator[Case]:
    base = {**_FROM, "localField": "a", "foreignField": "k"}
    long = {"path": "$r", "includeArrayIndex": "i", "preserveNullAndEmptyArrays": True}
    followers = [
        [{"$unwind": "$r"}],
        [{"$unwind": "$r"}, {"$match": {"r._id": 12}}],
        [{"$unwind": "$r"}, {"$match": {"r._id": {"$gt": 11}, "_id": {"$lt": 9}}}],
        [{"$unwind": "$r"}, {"$match": {"$or": [{"r.k": 1}, {"r.v": 9}]}}],
        [{"$unwind": "$r"}, {"$match": {"r": {"$exists": False}}}],
        [{"$unwind": "$r"}, {"$match": {"r.k": {"$ne": 1}}}],
        [{"$unwind": "$r"}, {"$match": {"$expr": {"$gt": ["$r._id", "$_id"]}}}],
        [{"$unwind": long}, {"$project": {"r._id": 1, "i": 1}}],
        [{"$unwind": long}, {"$match": {"r._id": None}}],
        [{"$match": {"_id": {"$gt": 5}}}, {"$match": {"r._id": 10}}, _IDS],
        [{"$unwind": "$r"}, {"$match": {"r.n.m": 2}}, {"$sort": {"_id": -1}}, {"$limit": 1}],
        [{"$unwind": "$r"}, {"$group": {"_id": "$r.k", "n": {"$sum": 1}}}, {"$sort": {"n": 1, "_id": 1}}],
    ]
    for number, follower in enumerate(followers):
        yield _join(f"unwound-{number}", base, *follower)


def _graph() -> Iterator[Case]:
    documents = [{"_id": i, "p": i - 1, "n": "ab"[i % 2]} for i in range(6)]
    ordered = {"$set": {"r": {"$sortArray": {"input": "$r", "sortBy": {"_id": 1}}}}}
    base = {"from": "$coll", "startWith": "$p", "connectFromField": "p", "connectToField": "_id", "as": "r"}
    for number, operand in enumerate(
        [
            base,
            {**base, "maxDepth": 0},
            {**base, "maxDepth": 1, "depthField": "d"},
            {**base, "maxDepth": 2.0},
            {**base, "maxDepth": Decimal128("2")},
            {**base, "depthField": "a.b"},
            {**base, "restrictSearchWithMatch": {"n": "a"}},
            {**base, "restrictSearchWithMatch": {"n": {"$in": ["a", "b"]}}, "depthField": "d"},
            {**base, "restrictSearchWithMatch": {"$expr": {"$lt": ["$p", 2]}}},
            {**base, "startWith": 5, "depthField": "d"},
            {**base, "startWith": [1, 2]},
            {**base, "startWith": {"$literal": [1, 5]}},
            {**base, "startWith": None},
            {**base, "startWith": "$zz"},
            {**base, "startWith": {"$add": ["$p", 1]}},
            {**base, "startWith": []},
            {**base, "from": "$coll.nope"},
            {**base, "connectFromField": "zz"},
            {**base, "connectFromField": "_id", "connectToField": "p", "startWith": "$_id", "depthField": "d"},
            {**base, "connectToField": "n", "startWith": "$n"},
        ]
    ):
        yield pipeline(f"graph-{number}", [{"$graphLookup": operand}, ordered], documents)
    yield pipeline("graph-as-path", [{"$graphLookup": {**base, "as": "x.y", "maxDepth": 0}}], documents)
    cycle = [{"_id": i, "next": [(i + 1) % 5, (i * 2) % 5], "t": {"u": [{"v": (i + 3) % 5}]}} for i in range(5)]
    for number, path in enumerate(["next", "t.u.v", "next.0", "_id", "t.u"]):
        operand = {
            "from": "$coll",
            "startWith": f"${path}",
            "connectFromField": path,
            "connectToField": "_id",
            "as": "r",
            "depthField": "d",
        }
        yield pipeline(f"graph-cycle-{number}", [{"$graphLookup": operand}, ordered], cycle)
    others = {
        "g": [
            {"_id": 1, "k": 1, "n": 2},
            {"_id": 2, "k": 2},
            {"_id": 3, "n": 1},
            {"_id": 4, "k": None, "n": 5},
            {"_id": 5, "k": [1, 5], "n": [1, 2]},
            {"_id": 6, "n": None, "k": []},
            {"_id": 7, "k": [None]},
            {"_id": 8, "k": 1.0, "n": {"k": 1}},
            {"_id": 9, "k": {"k": 1}},
        ]
    }
    for number, start in enumerate(
        [None, "$zz", 1, [None], {"$literal": [[1, 5]]}, 5, {"$literal": [None, 1]}, {"k": 1}]
    ):
        for field in ("n", "zz"):
            operand = {
                "from": "$coll.g",
                "startWith": start,
                "connectFromField": field,
                "connectToField": "k",
                "as": "r",
                "depthField": "d",
            }
            yield pipeline(
                f"graph-values-{number}-{field}", [{"$graphLookup": operand}, ordered], [{"_id": 0}], others=others
            )
    twice = [{"$graphLookup": base}, {"$unwind": "$r"}, {"$match": {"r.n": "a"}}, {"$sort": {"_id": 1, "r._id": 1}}]
    yield pipeline("graph-unwound", twice, documents)


def _graph_malformed() -> Iterator[Case]:
    base = {"from": "$coll", "startWith": "$p", "connectFromField": "p", "connectToField": "_id", "as": "r"}
    operands = [5, None, [], {}, *({key: value for key, value in base.items() if key != name} for name in base)]
    for key, values in {
        "from": (5, "", None),
        "as": (5, "$x", "", "a..b"),
        "startWith": ({"$foo": 1}, "$$foo"),
        "connectFromField": (5, "$p", "", "a."),
        "connectToField": (5, "$p", ""),
        "maxDepth": (-1, 1.5, "a", None, float("nan"), 1e300, True, Decimal128("1.5")),
        "depthField": (5, "", "$x", None),
        "restrictSearchWithMatch": (5, None, {"$foo": 1}, []),
        "z": (1,),
    }.items():
        operands += [{**base, key: value} for value in values]
    yield from stage("$graphLookup", operands, [{"_id": 1, "p": 0}], label="graph-malformed")


def _union() -> Iterator[Case]:
    others = {"other": [{"_id": "o1", "x": 1}, {"_id": "o2", "x": 2}]}
    operands = [
        "$coll.other",
        "$coll",
        {"coll": "$coll.other"},
        {"coll": "$coll.other", "pipeline": []},
        {"coll": "$coll.other", "pipeline": [{"$match": {"x": 1}}]},
        {"coll": "$coll.other", "pipeline": [{"$group": {"_id": None, "n": {"$sum": "$x"}}}]},
        {"coll": "$coll.other", "pipeline": [{"$unionWith": "$coll"}]},
        {"coll": "$coll.nope"},
        {"pipeline": [{"$documents": [{"x": 1}]}]},
        {"pipeline": [{"$documents": [{"x": 1}, {"x": 2}]}, {"$match": {"x": 2}}]},
        {},
        5,
        None,
        [],
        "",
        {"coll": ""},
        {"coll": 5},
        {"coll": {"db": "a", "coll": "b"}},
        {"coll": "$coll.other", "pipeline": 5},
        {"coll": "$coll.other", "pipeline": [5]},
        {"coll": "$coll.other", "pipeline": [{"$foo": 1}]},
        {"coll": "$coll.other", "pipeline": [{"$out": "x"}]},
        {"coll": "$coll.other", "pipeline": [{"$merge": "x"}]},
        {"coll": "$coll.other", "pipeline": [{"$documents": []}]},
        {"coll": "$coll.other", "z": 1},
        {"coll": "$coll.other", "db": "x"},
        {"pipeline": []},
        {"pipeline": [{"$match": {}}]},
        {"coll": "$coll.other", "pipeline": None},
    ]
    for number, operand in enumerate(operands):
        yield pipeline(f"union-{number}", [{"$unionWith": operand}], [{"_id": 1, "x": 1}], others=others)
    after = [{"$unionWith": "$coll.other"}, {"$match": {"x": 1}}, {"$sort": {"_id": -1}}, {"$skip": 1}]
    yield pipeline("union-after", after, [{"_id": 1, "x": 1}], others=others)
    let = [{"$unionWith": {"coll": "$coll.other", "pipeline": [{"$match": {"$expr": {"$eq": ["$x", "$$v"]}}}]}}]
    yield pipeline("union-let", let, [{"_id": 1, "x": 1}], others=others, options={"let": {"v": 2}})
    grouped = [{"$unionWith": "$coll.other"}, {"$group": {"_id": "$x", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    yield pipeline("union-grouped", grouped, [{"_id": 1, "x": 1}], others=others)


def _documents() -> Iterator[Case]:
    operands = [
        [],
        [{"x": 1}, {"x": 2}],
        [5],
        5,
        None,
        [{"a": 1}, 5],
        "$x",
        "$$NOW",
        {"a": 1},
        [[{"a": 1}]],
        ["$$NOW"],
        {"$literal": [{"a": "$b"}]},
        [{"a": {"$add": [1, 2]}}],
        {"$map": {"input": {"$range": [0, 3]}, "in": {"x": "$$this"}}},
        [{"a": "$$REMOVE"}],
        [{"$foo": 1}],
        "$$ROOT",
        "$$foo",
        [{"a": "$$v"}],
    ]
    for number, operand in enumerate(operands):
        yield pipeline(f"documents-{number}", [{"$documents": operand}], None, collection=1, options={"let": {"v": 9}})
        yield pipeline(f"documents-on-collection-{number}", [{"$documents": operand}], [{"_id": 1}])
    more = [{"$documents": [{"x": 1}, {"x": 5}]}, {"$match": {"x": {"$gt": 1}}}, {"$set": {"y": 2}}]
    yield pipeline("documents-more", more, None, collection=1)


def _redact() -> Iterator[Case]:
    documents = [
        {
            "_id": 1,
            "level": 1,
            "a": {"level": 2, "b": {"level": 5, "x": 1}},
            "c": [{"level": 5}, {"level": 1, "z": [1, [{"level": 9}]]}, 7],
        },
        {"_id": 2, "level": 5, "a": {"level": 1}},
        {"_id": 3, "a": {"level": None}, "c": []},
    ]
    by_level = {"$cond": [{"$lt": [{"$ifNull": ["$level", 0]}, 5]}, "$$DESCEND", "$$PRUNE"]}
    operands = [
        by_level,
        "$$KEEP",
        "$$PRUNE",
        "$$DESCEND",
        {"$cond": [{"$eq": ["$level", 5]}, "$$PRUNE", "$$DESCEND"]},
        {"$cond": [{"$eq": ["$level", 1]}, "$$KEEP", "$$PRUNE"]},
        {"$cond": [{"$eq": ["$$ROOT._id", 1]}, "$$DESCEND", "$$PRUNE"]},
        {"$cond": [{"$gt": ["$$CURRENT.level", 1]}, "$$PRUNE", "$$DESCEND"]},
        {"$cond": [{"$eq": [{"$type": "$$ROOT.level"}, "int"]}, "$$DESCEND", "$$KEEP"]},
        {"$switch": {"branches": [{"case": {"$eq": ["$level", 5]}, "then": "$$PRUNE"}], "default": "$$DESCEND"}},
        {"$let": {"vars": {"l": "$level"}, "in": {"$cond": [{"$gt": ["$$l", 4]}, "$$PRUNE", "$$DESCEND"]}}},
        5,
        None,
        {"a": 1},
        {},
        [],
        "keep",
        "prune",
        "descend",
        "other",
        "$level",
        "$$FOO",
        {"$foo": 1},
        "$$REMOVE",
    ]
    yield from stage("$redact", operands, documents)


def _views() -> Iterator[Case]:
    views = [
        {
            "create": "$coll.v",
            "viewOn": "$coll.far",
            "pipeline": [{"$match": {"_id": {"$gt": 10}}}, {"$set": {"w": "$k"}}],
        },
        {
            "create": "$coll.vv",
            "viewOn": "$coll.v",
            "pipeline": [{"$match": {"k": {"$ne": 2}}}, {"$project": {"k": 1, "w": 1}}],
        },
        {"create": "$coll.near", "viewOn": "$coll", "pipeline": [{"$match": {"_id": {"$lt": 5}}}]},
        {
            "create": "$coll.joined",
            "viewOn": "$coll",
            "pipeline": [{"$lookup": {"from": "$coll.v", "as": "r", "localField": "a", "foreignField": "k"}}],
        },
    ]
    graph = {"from": "$coll.v", "startWith": 1, "connectFromField": "k", "connectToField": "w", "as": "r"}
    ordered = {"$set": {"r": {"$sortArray": {"input": "$r", "sortBy": {"_id": 1}}}}}
    pipelines = {
        "equality": [{"$lookup": {**_FROM, "from": "$coll.v", "localField": "a", "foreignField": "w"}}],
        "equality-of-view": [{"$lookup": {**_FROM, "from": "$coll.vv", "localField": "a", "foreignField": "k"}}],
        "pipeline": [{"$lookup": {"from": "$coll.vv", "as": "r", "pipeline": [{"$match": {"k": 1}}]}}],
        "let": [
            {
                "$lookup": {
                    "from": "$coll.v",
                    "as": "r",
                    "let": {"x": "$a"},
                    "pipeline": [{"$match": {"$expr": {"$eq": ["$w", "$$x"]}}}],
                }
            }
        ],
        "both": [
            {
                "$lookup": {
                    **_FROM,
                    "from": "$coll.vv",
                    "localField": "a",
                    "foreignField": "k",
                    "pipeline": [{"$project": {"k": 0}}],
                }
            }
        ],
        "graph": [{"$limit": 1}, {"$graphLookup": graph}, ordered],
        "union": [{"$unionWith": {"coll": "$coll.vv", "pipeline": [{"$count": "n"}]}}, {"$match": {"n": {"$gt": 0}}}],
        "facet": [{"$facet": {"a": [{"$lookup": {"from": "$coll.v", "as": "r", "pipeline": [{"$limit": 1}]}}]}}],
    }
    for name, stages in pipelines.items():
        yield pipeline(f"view-{name}", stages, _NEAR, others=_OTHERS, setup=views)
        yield pipeline(f"view-on-view-{name}", stages, _NEAR, others=_OTHERS, setup=views, collection="$coll.near")
    matched = [{"$match": {"r._id": 15, "_id": {"$lt": 9}}}, {"$project": {"_id": 1}}]
    yield pipeline("view-joined", matched, _NEAR, others=_OTHERS, setup=views, collection="$coll.joined")
    counted = [{"$unwind": "$r"}, {"$match": {"r.w": 1}}, {"$count": "n"}]
    yield pipeline("view-joined-unwound", counted, _NEAR, others=_OTHERS, setup=views, collection="$coll.joined")
