"""Change streams, command by command."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from bson import Binary, Int64, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.engine.change_streams import splitting
from satchel.engine.expiry import remove_expired
from satchel.errors import ErrorCode
from satchel.wire.service import BatchSize

from .conftest import Reply, Server


class Watcher:
    """A change stream and its cursor."""

    def __init__(self, server: Server, *stages: dict[str, Any], on: object = "c", database: str = "db", **options: Any):
        self.server, self.database = server, database
        self.command = {
            "aggregate": on,
            "pipeline": [{"$changeStream": options}, *stages],
            "cursor": {},
        }
        self.collection = on if isinstance(on, str) else "$cmd.aggregate"
        self.reply = server.ok(self.command, database)["cursor"]
        self.id = self.reply["id"]
        self.unread = self.reply["firstBatch"]

    def more(self, **options: Any) -> Reply:
        command = {"getMore": Int64(self.id), "collection": self.collection, "maxTimeMS": 1, **options}
        return self.server.ok(command, self.database)["cursor"]

    def code(self) -> int:
        command = {"getMore": Int64(self.id), "collection": self.collection, "maxTimeMS": 1}
        return self.server.code(command, self.database)

    def events(self) -> list[dict[str, Any]]:
        events, self.unread = self.unread, []
        while self.id and (cursor := self.more())["nextBatch"]:
            events += cursor["nextBatch"]
            self.id = cursor["id"]
        return events

    def kinds(self) -> list[str]:
        return [event["operationType"] for event in self.events()]


def insert(server: Server, *identifiers: object, collection: str = "c", database: str = "db") -> None:
    server.ok({"insert": collection, "documents": [{"_id": identifier} for identifier in identifiers]}, database)


def update(server: Server, change: object, collection: str = "c") -> None:
    server.ok({"update": collection, "updates": [{"q": {}, "u": change, "multi": isinstance(change, list)}]})


def test_an_insert_tells_the_document(server: Server) -> None:
    watcher = Watcher(server)
    server.ok({"insert": "c", "documents": [{"_id": 1, "a": [1]}]})
    (event,) = watcher.events()
    assert event["operationType"] == "insert"
    assert event["fullDocument"] == {"_id": 1, "a": [1]}
    assert event["documentKey"] == {"_id": 1}
    assert event["ns"] == {"db": "db", "coll": "c"}
    assert isinstance(event["clusterTime"], Timestamp)
    assert "wallTime" in event
    assert "collectionUUID" not in event


def test_what_was_before_the_stream_is_not_in_it(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    assert watcher.unread == []
    assert watcher.events() == []


def test_an_update_tells_what_changed(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    update(server, {"$set": {"a.b": 1}, "$unset": {"zz": 1}})
    update(server, {"$set": {"a.c": 2}})
    update(server, {"$unset": {"a": 1}})
    first, second, third = watcher.events()
    assert first["updateDescription"] == {"updatedFields": {"a": {"b": 1}}, "removedFields": [], "truncatedArrays": []}
    assert second["updateDescription"]["updatedFields"] == {"a.c": 2}
    assert third["updateDescription"]["removedFields"] == ["a"]
    assert "fullDocument" not in first


def test_an_update_that_changes_nothing_is_no_event(server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": 1, "a": 1}]})
    watcher = Watcher(server)
    update(server, {"$set": {"a": 1}})
    assert watcher.events() == []


def test_a_replacement_and_a_delete(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    update(server, {"x": 1})
    server.ok({"delete": "c", "deletes": [{"q": {}, "limit": 1}]})
    replaced, deleted = watcher.events()
    assert (replaced["operationType"], replaced["fullDocument"]) == ("replace", {"_id": 1, "x": 1})
    assert (deleted["operationType"], deleted["documentKey"]) == ("delete", {"_id": 1})


def test_upserts_and_findandmodify(server: Server) -> None:
    watcher = Watcher(server)
    server.ok({"update": "c", "updates": [{"q": {"_id": 5}, "u": {"$set": {"a": 1}}, "upsert": True}]})
    server.ok({"findAndModify": "c", "query": {"_id": 5}, "update": {"$inc": {"a": 1}}})
    server.ok({"findAndModify": "c", "query": {"_id": 5}, "remove": True})
    assert watcher.kinds() == ["insert", "update", "delete"]


def test_a_statement_that_fails_is_no_event(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    server.run({"insert": "c", "documents": [{"_id": 2}, {"_id": 1}, {"_id": 3}], "ordered": False})
    assert [event["documentKey"]["_id"] for event in watcher.events()] == [2, 3]


def test_out_and_merge(server: Server) -> None:
    insert(server, 1, 2, collection="source")
    insert(server, 3)
    watcher = Watcher(server)
    server.ok({"aggregate": "source", "pipeline": [{"$merge": "c"}], "cursor": {}})
    assert watcher.kinds() == ["insert", "insert"]
    server.ok({"aggregate": "source", "pipeline": [{"$match": {"_id": 1}}, {"$out": "c"}], "cursor": {}})
    assert watcher.kinds() == ["delete", "delete", "delete", "insert"]


def test_documents_that_expire(server: Server) -> None:
    server.ok({"createIndexes": "c", "indexes": [{"key": {"t": 1}, "name": "t", "expireAfterSeconds": 0}]})
    server.ok({"insert": "c", "documents": [{"_id": 1, "t": DatetimeMS(1000)}, {"_id": 2, "t": DatetimeMS(9000)}]})
    watcher = Watcher(server)
    remove_expired(server.service.engine, now_ms=5000)
    (event,) = watcher.events()
    assert (event["operationType"], event["documentKey"]) == ("delete", {"_id": 1})


def test_a_collection_made_capped_is_another_one(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    server.ok({"convertToCapped": "c", "size": 4096})
    assert watcher.kinds() == ["rename", "invalidate"]


def test_explaining_a_stream(server: Server) -> None:
    pipeline = [{"$changeStream": {}}, {"$match": {"a": 1}}]
    reply = server.ok({"aggregate": "c", "pipeline": pipeline, "explain": True})
    assert "$changeStream" in str(reply)


def test_a_capped_collection_lets_go_silently(server: Server) -> None:
    server.ok({"create": "c", "capped": True, "size": 4096, "max": 2})
    watcher = Watcher(server)
    insert(server, 1, 2, 3)
    assert watcher.kinds() == ["insert"] * 3


def test_positions_in_an_aggregate_batch(server: Server) -> None:
    watcher = Watcher(server)
    insert(server, 1, 2, 3)
    first = watcher.more(batchSize=2)
    assert len(first["nextBatch"]) == 2
    assert first["postBatchResumeToken"] == first["nextBatch"][-1]["_id"]
    rest = watcher.more()
    assert [event["documentKey"]["_id"] for event in rest["nextBatch"]] == [3]
    assert rest["postBatchResumeToken"]["_data"] >= rest["nextBatch"][-1]["_id"]["_data"]


@pytest.mark.parametrize("kind", ["resumeAfter", "startAfter"])
def test_a_stream_goes_on_behind_a_token(server: Server, kind: str) -> None:
    watcher = Watcher(server)
    insert(server, 1, 2, 3)
    first, *_ = watcher.events()
    again = Watcher(server, **{kind: first["_id"]})
    assert [event["documentKey"]["_id"] for event in again.events()] == [2, 3]


def test_a_stream_goes_on_behind_an_empty_batch(server: Server) -> None:
    watcher = Watcher(server)
    token = watcher.reply["postBatchResumeToken"]
    insert(server, 1)
    assert Watcher(server, resumeAfter=token).kinds() == ["insert"]


def test_tokens_sort_like_their_events(server: Server) -> None:
    watcher = Watcher(server)
    insert(server, *range(300))
    server.ok({"drop": "c"})
    tokens = [event["_id"]["_data"] for event in watcher.events()]
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == 302


def test_a_stream_starts_at_the_time_of_a_reply(server: Server) -> None:
    Watcher(server)
    insert(server, 1)
    time_ = server.ok({"ping": 1})["operationTime"]
    insert(server, 2)
    later = Watcher(server, startAtOperationTime=Timestamp(time_.time, time_.inc + 1))
    assert [event["documentKey"]["_id"] for event in later.events()] == [2]


def test_the_time_of_a_write_is_that_of_its_event(server: Server) -> None:
    watcher = Watcher(server)
    reply = server.ok({"insert": "c", "documents": [{}]})
    (event,) = watcher.events()
    assert event["clusterTime"] == reply["operationTime"]


def test_before_the_log_all_is_lost(server: Server) -> None:
    server.ok({"insert": "c", "documents": [{}]})
    command = {"aggregate": "c", "cursor": {}}
    stage = {"$changeStream": {"startAtOperationTime": Timestamp(1_000_000_000, 1)}}
    assert server.code({**command, "pipeline": [stage]}) == ErrorCode.ChangeStreamHistoryLost


def test_a_drop_invalidates(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    server.ok({"drop": "c"})
    dropped, invalidated = watcher.events()
    assert (dropped["operationType"], invalidated["operationType"]) == ("drop", "invalidate")
    assert "ns" not in invalidated
    assert watcher.id == 0
    token = invalidated["_id"]
    command = {"aggregate": "c", "cursor": {}}
    assert server.code({**command, "pipeline": [{"$changeStream": {"resumeAfter": token}}]}) == 260
    again = Watcher(server, startAfter=token)
    insert(server, 2)
    assert again.kinds() == ["insert"]


def test_behind_the_drop_comes_the_end(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server)
    server.ok({"drop": "c"})
    dropped, invalidated = watcher.events()
    insert(server, 2)
    resumed = server.ok({**watcher.command, "pipeline": [{"$changeStream": {"resumeAfter": dropped["_id"]}}]})
    assert resumed["cursor"]["firstBatch"] == [invalidated]
    assert resumed["cursor"]["id"] == 0


def test_a_view_of_the_name_is_something_else(server: Server) -> None:
    watcher = Watcher(server, showExpandedEvents=True)
    server.ok({"create": "c", "viewOn": "d", "pipeline": []})
    server.ok({"drop": "c"})
    insert(server, 1)
    assert watcher.kinds() == ["create", "drop", "create", "insert"]


def test_a_rename_invalidates_both(server: Server) -> None:
    insert(server, 1)
    insert(server, 2, collection="d")
    source, target, database = Watcher(server), Watcher(server, on="d"), Watcher(server, on=1)
    server.ok({"renameCollection": "db.c", "to": "db.d", "dropTarget": True}, "admin")
    for watcher in (source, target):
        renamed, invalidated = watcher.events()
        assert renamed["ns"] == {"db": "db", "coll": "c"}
        assert renamed["to"] == {"db": "db", "coll": "d"}
        assert invalidated["operationType"] == "invalidate"
    assert database.kinds() == ["rename"]


def test_a_database_and_its_end(server: Server) -> None:
    watcher, everything = Watcher(server, on=1), Watcher(server, on=1, database="admin", allChangesForCluster=True)
    insert(server, 1)
    insert(server, 1, collection="d")
    insert(server, 1, database="other")
    assert [event["ns"]["coll"] for event in watcher.events()] == ["c", "d"]
    server.ok({"dropDatabase": 1})
    assert watcher.kinds() == ["drop", "drop", "dropDatabase", "invalidate"]
    assert everything.kinds() == ["insert"] * 3 + ["drop", "drop", "dropDatabase"]
    assert everything.id


def test_expanded_events(server: Server) -> None:
    watcher, plain = Watcher(server, showExpandedEvents=True), Watcher(server)
    server.ok({"create": "c", "collation": {"locale": "en"}})
    server.ok({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 5}]})
    server.ok({"collMod": "c", "index": {"name": "a_1", "expireAfterSeconds": 6}})
    server.ok({"dropIndexes": "c", "index": "a_1"})
    insert(server, 1)
    created, indexed, modified, unindexed, inserted = watcher.events()
    assert created["operationType"] == "create"
    assert created["operationDescription"]["collation"]["locale"] == "en"
    assert created["operationDescription"]["idIndex"]["key"] == {"_id": 1}
    assert indexed["operationDescription"]["indexes"][0]["name"] == "a_1"
    assert modified["operationDescription"] == {"index": {"name": "a_1", "expireAfterSeconds": 6}}
    assert modified["stateBeforeChange"]["indexOptions"] == {"expireAfterSeconds": 5}
    assert unindexed["operationType"] == "dropIndexes"
    assert inserted["collectionUUID"] == created["collectionUUID"]
    assert plain.kinds() == ["insert"]


def test_a_view_is_created_for_those_who_ask(server: Server) -> None:
    insert(server, 1)
    expanded, plain = Watcher(server, on=1, showExpandedEvents=True), Watcher(server, on=1)
    server.ok({"create": "v", "viewOn": "c", "pipeline": []})
    server.ok({"drop": "v"})
    created, _ = expanded.events()
    assert created["operationDescription"] == {"viewOn": "c", "pipeline": []}
    assert plain.kinds() == []


def test_ambiguous_paths_are_told_apart(server: Server) -> None:
    server.ok({"insert": "c", "documents": [{"_id": 1, "a": [{"1": 1}], "b": [1]}]})
    watcher = Watcher(server, showExpandedEvents=True)
    update(server, {"$set": {"a.0.1": 2, "b.0": 3}})
    (event,) = watcher.events()
    assert event["updateDescription"]["disambiguatedPaths"] == {"a.0.1": ["a", 0, "1"]}


def test_the_document_as_it_is_now(server: Server) -> None:
    insert(server, 1)
    watcher = Watcher(server, fullDocument="updateLookup")
    update(server, {"$set": {"a": 1}})
    update(server, {"$set": {"a": 2}})
    assert [event["fullDocument"]["a"] for event in watcher.events()] == [2, 2]
    update(server, {"$set": {"a": 3}})
    server.ok({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    gone, _ = watcher.events()
    assert gone["fullDocument"] is None


def test_images(server: Server) -> None:
    server.ok({"create": "c", "changeStreamPreAndPostImages": {"enabled": True}})
    server.ok({"insert": "c", "documents": [{"_id": 1, "a": 1}]})
    watcher = Watcher(server, fullDocument="required", fullDocumentBeforeChange="required")
    update(server, {"$inc": {"a": 1}})
    update(server, {"b": 1})
    server.ok({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    changed, replaced, deleted = watcher.events()
    assert (changed["fullDocumentBeforeChange"], changed["fullDocument"]) == ({"_id": 1, "a": 1}, {"_id": 1, "a": 2})
    assert replaced["fullDocumentBeforeChange"] == {"_id": 1, "a": 2}
    assert deleted["fullDocumentBeforeChange"] == {"_id": 1, "b": 1}


def test_images_that_are_not_there(server: Server) -> None:
    insert(server, 1)
    lenient = Watcher(server, fullDocument="whenAvailable", fullDocumentBeforeChange="whenAvailable")
    strict = Watcher(server, fullDocument="required")
    update(server, {"$set": {"a": 1}})
    (event,) = lenient.events()
    assert event["fullDocument"] is None
    assert event["fullDocumentBeforeChange"] is None
    assert strict.code() == ErrorCode.NoMatchingDocument


def test_images_can_be_turned_on_later_and_off(server: Server) -> None:
    insert(server, 1)
    server.ok({"collMod": "c", "changeStreamPreAndPostImages": {"enabled": True}})
    watcher = Watcher(server, fullDocumentBeforeChange="whenAvailable")
    update(server, {"$set": {"a": 1}})
    server.ok({"collMod": "c", "changeStreamPreAndPostImages": {"enabled": False}})
    update(server, {"$set": {"a": 2}})
    assert [event["fullDocumentBeforeChange"] for event in watcher.events()] == [{"_id": 1}, None]
    (listed,) = server.ok({"listCollections": 1})["cursor"]["firstBatch"]
    assert listed["options"] == {}


def test_images_expire(server: Server) -> None:
    server.ok({"create": "c", "changeStreamPreAndPostImages": {"enabled": True}})
    insert(server, 1)
    modes = {"fullDocument": "whenAvailable", "fullDocumentBeforeChange": "whenAvailable"}
    fresh, stale = Watcher(server, **modes), Watcher(server, **modes)
    strict = Watcher(server, fullDocument="required")
    server.ok(
        {"setClusterParameter": {"changeStreamOptions": {"preAndPostImages": {"expireAfterSeconds": 1}}}}, "admin"
    )
    update(server, {"$set": {"a": 1}})
    (event,) = fresh.events()
    assert (event["fullDocumentBeforeChange"], event["fullDocument"]) == ({"_id": 1}, {"_id": 1, "a": 1})
    time.sleep(1.1)
    (event,) = stale.events()
    assert (event["fullDocumentBeforeChange"], event["fullDocument"]) == (None, None)
    assert strict.code() == ErrorCode.NoMatchingDocument


def test_images_begin_the_log(server: Server) -> None:
    time_ = server.ok({"create": "c", "changeStreamPreAndPostImages": {"enabled": True}})["operationTime"]
    insert(server, 1)
    assert Watcher(server, startAtOperationTime=time_).kinds() == ["insert"]


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"enabled": 1}, ErrorCode.TypeMismatch),
        ({}, ErrorCode.IDLFailedToParse),
        ({"enabled": True, "x": 1}, ErrorCode.IDLUnknownField),
    ],
)
def test_bad_images_options(server: Server, option: dict[str, Any], code: int) -> None:
    assert server.code({"create": "c", "changeStreamPreAndPostImages": option}) == code


def test_stages_behind_the_stream(server: Server) -> None:
    watcher = Watcher(
        server,
        {"$match": {"operationType": "insert", "fullDocument._id": {"$gt": 1}}},
        {"$addFields": {"n": {"$add": ["$documentKey._id", 1]}}},
        {"$project": {"n": 1}},
    )
    insert(server, 1, 2)
    (event,) = watcher.events()
    assert event["n"] == 3
    assert set(event) == {"_id", "n"}


@pytest.mark.parametrize(
    "stage", [{"$project": {"_id": 0}}, {"$set": {"_id": 1}}, {"$replaceWith": {"a": 1}}, {"$unset": "_id._data"}]
)
def test_a_token_that_the_pipeline_changes(server: Server, stage: dict[str, Any]) -> None:
    watcher = Watcher(server, stage)
    insert(server, 1)
    assert watcher.code() == ErrorCode.ChangeStreamFatalError
    assert watcher.code() == ErrorCode.CursorNotFound


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"fullDocument": "x"}, ErrorCode.BadValue),
        ({"fullDocument": 1}, ErrorCode.TypeMismatch),
        ({"fullDocumentBeforeChange": "x"}, ErrorCode.BadValue),
        ({"unknown": 1}, ErrorCode.IDLUnknownField),
        ({"allChangesForCluster": True}, ErrorCode.InvalidOptions),
        ({"resumeAfter": {}}, 40647),
        ({"resumeAfter": {"_data": "xyz"}}, ErrorCode.FailedToParse),
        ({"resumeAfter": {"_data": "82AB"}}, ErrorCode.InvalidResumeToken),
        ({"resumeAfter": {"_data": "82"}, "startAfter": {"_data": "82"}}, 50865),
        ({"resumeAfter": {"_data": "82"}, "startAtOperationTime": Timestamp(1, 1)}, 40674),
    ],
)
def test_bad_options(server: Server, options: dict[str, Any], code: int) -> None:
    assert server.code({"aggregate": "c", "pipeline": [{"$changeStream": options}], "cursor": {}}) == code


@pytest.mark.parametrize(
    ("pipeline", "code"),
    [
        ([{"$changeStream": 1}], 50808),
        ([{"$match": {}}, {"$changeStream": {}}], 40602),
        ([{"$changeStream": {}}, {"$group": {"_id": 1}}], ErrorCode.IllegalOperation),
        ([{"$changeStream": {}}, {"$out": "x"}], ErrorCode.IllegalOperation),
        ([{"$changeStream": {}}, {"$changeStreamSplitLargeEvent": {}}, {"$match": {}}], 7182802),
        ([{"$changeStreamSplitLargeEvent": {}}], ErrorCode.IllegalOperation),
        ([{"$changeStream": {}}, {"$changeStreamSplitLargeEvent": {"a": 1}}], 7182800),
        ([{"$facet": {"a": [{"$changeStream": {}}]}}], 40600),
    ],
)
def test_bad_pipelines(server: Server, pipeline: list[dict[str, Any]], code: int) -> None:
    assert server.code({"aggregate": "c", "pipeline": pipeline, "cursor": {}}) == code


@pytest.mark.parametrize(
    ("collection", "database"), [("c", "local"), ("c", "admin"), (1, "config"), ("system.views", "db")]
)
def test_what_cannot_be_watched(server: Server, collection: object, database: str) -> None:
    command = {"aggregate": collection, "pipeline": [{"$changeStream": {}}], "cursor": {}}
    assert server.code(command, database) == ErrorCode.InvalidNamespace


def test_views_cannot_be_watched_nor_watch(server: Server) -> None:
    server.ok({"create": "v", "viewOn": "c", "pipeline": []})
    command = {"aggregate": "v", "pipeline": [{"$changeStream": {}}], "cursor": {}}
    assert server.code(command) == ErrorCode.CommandNotSupportedOnView
    view = {"create": "w", "viewOn": "c", "pipeline": [{"$changeStream": {}}]}
    assert server.code(view) == ErrorCode.OptionNotSupportedOnView


def test_only_majority_can_be_read(server: Server) -> None:
    command = {"aggregate": "c", "pipeline": [{"$changeStream": {}}], "cursor": {}}
    assert server.code({**command, "readConcern": {"level": "local"}}) == ErrorCode.InvalidOptions
    server.ok({**command, "readConcern": {"level": "majority"}})


def test_a_token_of_another_collection(server: Server) -> None:
    watcher = Watcher(server, on="other")
    insert(server, 1, collection="other")
    (event,) = watcher.events()
    command = {"aggregate": "c", "pipeline": [{"$changeStream": {"resumeAfter": event["_id"]}}], "cursor": {}}
    assert server.code(command) == ErrorCode.ChangeStreamFatalError


def test_large_events_come_in_parts(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_EVENT_BYTES", 3000)
    server.ok({"create": "c", "changeStreamPreAndPostImages": {"enabled": True}})
    server.ok({"insert": "c", "documents": [{"_id": 1, "a": "x" * 2000}]})
    split = {"$changeStreamSplitLargeEvent": {}}
    options = {"fullDocumentBeforeChange": "required", "fullDocument": "required"}
    watcher = Watcher(server, split, **options)
    whole = Watcher(server, **options)
    update(server, {"$set": {"a": "y" * 2000}})
    insert(server, 2)
    *parts, small = watcher.events()
    assert [part["splitEvent"] for part in parts] == [{"fragment": n, "of": 3} for n in (1, 2, 3)]
    assert "splitEvent" not in small
    joined = {name: value for part in parts for name, value in part.items()}
    assert joined["fullDocument"]["a"] == "y" * 2000
    assert joined["fullDocumentBeforeChange"]["a"] == "x" * 2000
    assert whole.code() == ErrorCode.BSONObjectTooLarge
    again = Watcher(server, split, **options, resumeAfter=parts[1]["_id"])
    assert again.events() == [parts[2], small]
    command = {"aggregate": "c", "pipeline": [{"$changeStream": {"resumeAfter": parts[0]["_id"]}}], "cursor": {}}
    assert server.code(command) == ErrorCode.ChangeStreamFatalError


def test_a_batch_has_a_size(server: Server) -> None:
    server.connection.batch_size = BatchSize(1000, 1)
    watcher = Watcher(server)
    server.ok({"insert": "c", "documents": [{"_id": n, "a": "x" * 400} for n in range(3)]})
    first = watcher.more()["nextBatch"]
    assert len(first) == 1
    assert len(watcher.events()) == 2


def waiting(server: Server) -> bool:
    return any(each.command == "getMore" for each in list(server.service.engine.operations.values()))


def wait_in_thread(watcher: Watcher, server: Server) -> tuple[threading.Thread, list[Reply]]:
    """Have a getMore wait for up to a minute; return its thread and where its reply will be."""
    replies: list[Reply] = []
    command = {"getMore": Int64(watcher.id), "collection": "c", "maxTimeMS": 60_000}
    thread = threading.Thread(target=lambda: replies.append(server.run(command)))
    thread.start()
    while not waiting(server):
        time.sleep(0.001)
    return thread, replies


def test_a_write_wakes_it(server: Server) -> None:
    watcher = Watcher(server)
    thread, replies = wait_in_thread(watcher, server.another())
    insert(server, 1, collection="other")
    insert(server, 1)
    thread.join(30)
    assert replies[0]["cursor"]["nextBatch"][0]["operationType"] == "insert"


def test_killing_the_cursor_wakes_it(server: Server) -> None:
    watcher = Watcher(server)
    thread, replies = wait_in_thread(watcher, server.another())
    server.ok({"killCursors": "c", "cursors": [Int64(watcher.id)]})
    thread.join(30)
    assert replies[0]["code"] == ErrorCode.CursorKilled


def test_ending_its_session_wakes_it(server: Server) -> None:
    lsid = {"id": Binary.from_uuid(uuid4())}
    stage = {"$changeStream": {}}
    cursor = server.ok({"aggregate": "c", "pipeline": [stage], "cursor": {}, "lsid": lsid})["cursor"]
    replies: list[Reply] = []
    more = {"getMore": Int64(cursor["id"]), "collection": "c", "maxTimeMS": 60_000, "lsid": lsid}
    other = server.another()
    thread = threading.Thread(target=lambda: replies.append(other.run(more)))
    thread.start()
    while not waiting(server):
        time.sleep(0.001)
    server.ok({"killSessions": [lsid]})
    thread.join(30)
    assert replies[0]["code"] in (ErrorCode.Interrupted, ErrorCode.CursorKilled)


def test_garbage_collection_wakes_it(server: Server) -> None:
    watcher = Watcher(server)
    thread, replies = wait_in_thread(watcher, server.another())
    server.service.kill_cursor(watcher.id)
    thread.join(30)
    assert replies[0]["code"] == ErrorCode.CursorKilled


def test_killing_the_operation_wakes_it(server: Server) -> None:
    watcher = Watcher(server)
    thread, replies = wait_in_thread(watcher, server.another())
    (operation,) = [each for each in server.service.engine.operations.values() if each.command == "getMore"]
    server.ok({"killOp": 1, "op": operation.id}, "admin")
    thread.join(30)
    assert replies[0]["code"] == ErrorCode.Interrupted


def test_a_closed_connection_wakes_it(server: Server) -> None:
    watcher, other = Watcher(server), server.another()
    thread, replies = wait_in_thread(watcher, other)
    other.connection.close()
    thread.join(30)
    assert replies[0]["code"] == ErrorCode.ClientDisconnect


def test_many_wait_and_all_are_woken(server: Server) -> None:
    watchers = [Watcher(server) for _ in range(20)]
    waiters = [wait_in_thread(watcher, server.another()) for watcher in watchers]
    insert(server, 1)
    for thread, replies in waiters:
        thread.join(30)
        assert len(replies[0]["cursor"]["nextBatch"]) == 1
