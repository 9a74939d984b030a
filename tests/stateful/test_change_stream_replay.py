"""Who follows a change stream from an empty copy on has what the collection has, whatever was written."""

from __future__ import annotations

import copy
from typing import Any

from bson import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.deployment import open_service
from tests.unit.commands.conftest import Server

Document = dict[str, Any]

_names = st.sampled_from(["a", "b", "c", "0", "1", "d.e"])
_scalars = st.one_of(st.integers(-3, 3), st.sampled_from(["x", "y" * 40, None, True, 1.5]))
_inner_names = st.sampled_from(["a", "b", "0", "d.e"])
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_inner_names, inner, max_size=3),
    max_leaves=6,
)
_paths = st.sampled_from(["a", "b", "c", "a.b", "a.0", "b.1", "b.3", "a.a.a", "c.0.b", "0", "1.0"])
_documents = st.dictionaries(_names, _values, max_size=4)
_identifiers = st.integers(0, 4)
_operators = st.one_of(
    st.builds(lambda path, value: {"$set": {path: value}}, _paths, _values),
    st.builds(lambda path: {"$unset": {path: 1}}, _paths),
    st.builds(lambda path, by: {"$inc": {path: by}}, _paths, st.integers(-2, 2)),
    st.builds(lambda path, value: {"$push": {path: value}}, _paths, _values),
    st.builds(
        lambda path, values, place: {"$push": {path: {"$each": values, "$position": place}}},
        _paths, st.lists(_values, max_size=2), st.integers(-2, 2),
    ),
    st.builds(lambda path, value: {"$addToSet": {path: value}}, _paths, _values),
    st.builds(lambda path, end: {"$pop": {path: end}}, _paths, st.sampled_from([1, -1])),
    st.builds(lambda path, value: {"$pull": {path: value}}, _paths, _scalars),
    st.builds(lambda one, other: {"$rename": {one: other}}, _paths, _paths),
    st.builds(lambda path, value: {"$set": {f"{path}.$[]": value}}, _paths, _values),
    st.builds(lambda path, value: {"$set": {f"{path}.$[big].a": value}}, _paths, _values),
)  # fmt: skip


def _set_field(name: str, value: object) -> Document:
    return {"$setField": {"field": name, "input": "$$ROOT", "value": {"$literal": value}}}


_stages = st.one_of(
    st.builds(lambda name, value: {"$set": {name: {"$literal": value}}}, _paths, _values),
    st.builds(lambda name: {"$unset": name}, _paths),
    st.builds(lambda document: {"$replaceWith": {"$literal": document}}, _documents),
    st.builds(lambda name, end: {"$set": {name: {"$slice": [[1, 2, "z" * 30], end]}}}, _names, st.integers(1, 3)),
    st.builds(lambda name, value: {"$replaceWith": _set_field(name, value)}, _names, _values),
)


def _update(identifier: int, change: object, *, multi: bool, upsert: bool) -> Document:
    statement: Document = {"q": {} if multi else {"_id": identifier}, "u": change, "upsert": upsert and not multi}
    if multi and not (isinstance(change, dict) and not any(name.startswith("$") for name in change)):
        statement["multi"] = True
    if "$[big]" in str(change):
        statement["arrayFilters"] = [{"big.b": {"$exists": True}}]
    return {"update": "c", "updates": [statement]}


_commands = st.one_of(
    st.builds(lambda n, document: {"insert": "c", "documents": [{"_id": n, **document}]}, _identifiers, _documents),
    st.builds(_update, _identifiers, _operators | st.lists(_stages, min_size=1, max_size=2) | _documents,
              multi=st.booleans(), upsert=st.booleans()),
    st.builds(lambda n, limit: {"delete": "c", "deletes": [{"q": {"_id": n} if limit else {}, "limit": limit}]},
              _identifiers, st.integers(0, 1)),
    st.builds(lambda n, change: {"findAndModify": "c", "query": {"_id": n}, "update": change},
              _identifiers, _operators),
    st.builds(lambda n: {"findAndModify": "c", "query": {"_id": n}, "remove": True}, _identifiers),
    st.just({"aggregate": "source", "pipeline": [{"$merge": {"into": "c", "whenMatched": "merge"}}], "cursor": {}}),
    st.just({"aggregate": "source", "pipeline": [{"$out": "c"}], "cursor": {}}),
    st.just({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1", "unique": True}]}),
    st.just({"dropIndexes": "c", "index": "*"}),
)  # fmt: skip


class Copy:
    """Documents as a stream tells of them. It shares no code with what it checks."""

    def __init__(self) -> None:
        self.documents: dict[object, Document] = {}

    def apply(self, event: Document) -> None:
        kind, key = event["operationType"], event.get("documentKey", {}).get("_id")
        if kind in ("insert", "replace"):
            self.documents[key] = event["fullDocument"]
        elif kind == "delete":
            del self.documents[key]
        elif kind == "update":
            self._update(self.documents[key], event["updateDescription"])

    def _update(self, document: Document, description: Document) -> None:
        parts = {path: path.split(".") for path in (*description["updatedFields"], *description["removedFields"])}
        parts.update({each["field"]: each["field"].split(".") for each in description["truncatedArrays"]})
        parts.update(description["disambiguatedPaths"])
        for path in description["removedFields"]:
            container = _walk(document, parts[path][:-1])
            del container[parts[path][-1]]
        for each in description["truncatedArrays"]:
            del _walk(document, parts[each["field"]])[each["newSize"] :]
        for path, value in description["updatedFields"].items():
            *way, last = parts[path]
            container = _walk(document, way)
            if isinstance(container, list):
                container.extend([None] * (int(last) + 1 - len(container)))
                container[int(last)] = copy.deepcopy(value)
            else:
                container[last] = copy.deepcopy(value)


def _walk(value: Any, parts: list[Any]) -> Any:
    for part in parts:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


@settings(max_examples=150, deadline=None)
@given(st.lists(_commands, min_size=1, max_size=12))
def test_a_copy_that_follows_the_stream_is_the_collection(commands: list[Document]) -> None:
    service = open_service(":memory:")
    try:
        server = Server(service)
        server.ok({"insert": "source", "documents": [{"_id": 1, "a": "m"}, {"_id": 9, "b": [1]}]})
        stream = {"$changeStream": {"showExpandedEvents": True, "fullDocument": "updateLookup"}}
        cursor = server.ok({"aggregate": "c", "pipeline": [stream], "cursor": {}})["cursor"]
        for command in commands:
            server.run(command)
        followed = Copy()
        more = {"getMore": Int64(cursor["id"]), "collection": "c", "batchSize": 3, "maxTimeMS": 1}
        while batch := server.ok(more)["cursor"]["nextBatch"]:
            for event in batch:
                followed.apply(event)
        assert followed.documents == {document["_id"]: document for document in server.found("c")}
    finally:
        service.release()
