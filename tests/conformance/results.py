"""The significant part of a reply: what is recorded and compared."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from bson import Binary, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document

from . import extended_json

_VOLATILE = frozenset(
    {
        "ok",
        "$clusterTime",
        "operationTime",
        "electionId",
        "opTime",
        "errmsg",
        "codeName",
        "uuid",
        "serverInfo",
        "serverParameters",
        "command",
        "explainVersion",
        "lastCommittedOpTime",
        "$gleStats",
        "$configTime",
    }
)
_PLAN_FIELDS = ("stage", "keyPattern", "indexName", "isMultiKey", "direction", "inputStage", "inputStages")
_NOW_TOLERANCE_MS = 15 * 60 * 1000
_HEX_ID = re.compile("[0-9a-f]{24}")
# MongoDB 9 says `collation: {locale: "simple"}` of an index without collation; MongoDB 8 says nothing.
_SIMPLE = {"locale": "simple"}
GENERATED_ID = ObjectId("0" * 24)
NOW = DatetimeMS(-62135596800000)
NOW_TIMESTAMP = Timestamp(1, 1)


def error_result(reply: Mapping[str, BsonValue]) -> Document:
    """Return the part of an error reply that is compared: the code and its structured details."""
    details = {name: reply[name] for name in ("keyPattern", "keyValue", "errInfo") if name in reply}
    return {"error": {"code": reply["code"], "codeName": reply.get("codeName", ""), **details}}


def reply_result(reply: Mapping[str, BsonValue]) -> Document:
    """Return the part of a reply without a cursor that is compared."""
    if "queryPlanner" in reply or "stages" in reply:
        return {"plan": _plan(reply)}
    result = {name: value for name, value in reply.items() if name not in _VOLATILE}
    if "writeErrors" in result:
        result["writeErrors"] = [_write_error(error) for error in result["writeErrors"]]
    return result


def cursor_result(batches: list[list[Document]], documents: list[Document] | None, unordered: bool) -> Document:
    """Return the result of a command that answers with a cursor; a document as it went in becomes `{$same: _id}`."""
    given = _by_id(documents)
    found = [_abbreviated(document, given) for batch in batches for document in batch]
    result: Document = {"documents": sorted(found, key=extended_json.dumps) if unordered else found}
    if len(batches) > 1:
        result["batches"] = [len(batch) for batch in batches]
    return result


def contents(before: list[Document] | None, after: Iterable[Document]) -> Document:
    """Return what a command changed in a collection: documents changed or new, and the `_id` of those removed."""
    given = _by_id(before)
    found = list(after)
    kept = {_id_bytes(document) for document in found}
    changed = [document for document in found if "$same" not in _abbreviated(document, given)]
    removed = [decode_document(key)["_id"] for key in given if key not in kept]
    return {**({"changed": changed} if changed else {}), **({"removed": removed} if removed else {})}


def steady(result: Document, given: BsonValue) -> Document:
    """Replace what differs from run to run: ObjectIds that were generated, and the present time."""

    @cache
    def known() -> set[str]:
        return set(_HEX_ID.findall(extended_json.dumps(given)))

    return _steady(result, known, time.time() * 1000)


def _steady(value: BsonValue, known: Callable[[], set[str]], now_ms: float) -> BsonValue:
    if isinstance(value, dict):
        return {
            name: _steady(item, known, now_ms)
            for name, item in value.items()
            if not (name == "uuid" and isinstance(item, Binary)) and not (name == "collation" and item == _SIMPLE)
        }
    if isinstance(value, list):
        return [_steady(item, known, now_ms) for item in value]
    if isinstance(value, ObjectId):
        return value if str(value) in known() else GENERATED_ID
    if isinstance(value, DatetimeMS):
        return NOW if abs(int(value) - now_ms) < _NOW_TOLERANCE_MS else value
    if isinstance(value, Timestamp):
        return NOW_TIMESTAMP if abs(value.time * 1000 - now_ms) < _NOW_TOLERANCE_MS else value
    return value


_given: dict[int, tuple[list[Document], dict[bytes, bytes]]] = {}


def _by_id(documents: list[Document] | None) -> dict[bytes, bytes]:
    """Return the BSON of documents by that of their `_id`; many cases share the same list of documents."""
    if documents is None:
        return {}
    if id(documents) not in _given:
        _given[id(documents)] = (documents, {_id_bytes(each): encode_document(each) for each in documents})
    return _given[id(documents)][1]


def _id_bytes(document: Document) -> bytes:
    return encode_document({"_id": document.get("_id")})


def _abbreviated(document: Document, given: Mapping[bytes, bytes]) -> Document:
    if given and "_id" in document and given.get(_id_bytes(document)) == encode_document(document):
        return {"$same": document["_id"]}
    return document


def _write_error(error: Document) -> Document:
    return {name: value for name, value in error.items() if name not in _VOLATILE}


def _plan(reply: Mapping[str, BsonValue]) -> BsonValue:
    if "stages" in reply:
        return [_stage(stage) for stage in reply["stages"]]
    winning = reply["queryPlanner"]["winningPlan"]
    return _plan_node(winning.get("queryPlan", winning))


def _stage(stage: Document) -> Document:
    name = next(iter(stage))
    return {name: _plan(stage[name]) if name == "$cursor" else 1}


def _plan_node(node: Document) -> Document:
    found = {name: node[name] for name in _PLAN_FIELDS if name in node}
    if "inputStage" in found:
        found["inputStage"] = _plan_node(found["inputStage"])
    if "inputStages" in found:
        found["inputStages"] = [_plan_node(inner) for inner in found["inputStages"]]
    return found
