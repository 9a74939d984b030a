"""Rights where a command reaches further than the collection that it names: cursors, views, listings."""

from __future__ import annotations

from typing import Any

from tests.unit.commands.conftest import Server

from .conftest import SecuredServer, on


def names(listing: dict[str, Any]) -> list[str]:
    return [each["name"] for each in listing["cursor"]["firstBatch"]]


def opened(client: Server, collection: str = "c") -> int:
    return int(client.ok({"find": collection, "batchSize": 1}, "shop")["cursor"]["id"])


def filled(server: SecuredServer) -> SecuredServer:
    for collection in ("c", "secret"):
        server.ok({"insert": collection, "documents": [{"_id": n} for n in range(5)]}, "shop")
    return server


def test_cursors_are_their_openers(secured: SecuredServer) -> None:
    filled(secured)
    ann, eve = secured.with_roles(on("read", "shop")), secured.with_roles(on("dbOwner", "shop"))
    cursor = opened(ann)
    assert eve.code({"getMore": cursor, "collection": "c"}, "shop") == 13
    assert eve.code({"killCursors": "c", "cursors": [cursor]}, "shop") == 13
    assert secured.outside().code({"getMore": cursor, "collection": "c"}, "shop") == 13
    ann.ok({"getMore": cursor, "collection": "c", "batchSize": 1}, "shop")
    assert secured.with_roles("hostManager").ok({"killCursors": "c", "cursors": [cursor]}, "shop")["cursorsKilled"]
    cursor = opened(ann)
    assert ann.ok({"killCursors": "c", "cursors": [cursor]}, "shop")["cursorsKilled"] == [cursor]


def test_cursors_of_the_process_are_nobodys(secured: SecuredServer) -> None:
    filled(secured)
    cursor = opened(secured)
    assert secured.with_roles("root").code({"getMore": cursor, "collection": "c"}, "shop") == 13
    secured.ok({"getMore": cursor, "collection": "c"}, "shop")


def test_a_right_that_is_gone_ends_a_cursor(secured: SecuredServer) -> None:
    filled(secured)
    secured.make_user("ann", on("read", "shop"))
    client = secured.as_user("ann")
    cursor = opened(client)
    pipeline = [{"$lookup": {"from": "secret", "pipeline": [], "as": "x"}}]
    joined = client.ok({"aggregate": "c", "pipeline": pipeline, "cursor": {"batchSize": 1}}, "shop")["cursor"]["id"]
    secured.ok({"revokeRolesFromUser": "ann", "roles": [on("read", "shop")]}, "admin")
    for each in (cursor, joined):
        assert client.code({"getMore": each, "collection": "c"}, "shop") == 13


def only_c(server: SecuredServer, *actions: str) -> Server:
    """Return a client who may do these things to `shop.c` alone, and read and make views."""
    privileges = [
        {"resource": {"db": "shop", "collection": "c"}, "actions": list(actions)},
        {"resource": {"db": "shop", "collection": "view"}, "actions": ["find", "createCollection", "collMod"]},
        {"resource": {"db": "shop", "collection": "blind"}, "actions": ["createCollection"]},
    ]
    server.ok({"createRole": "onlyC", "privileges": privileges, "roles": []}, "shop")
    return server.with_roles(on("onlyC", "shop"))


JOINS: list[list[dict[str, Any]]] = [
    [{"$lookup": {"from": "secret", "localField": "_id", "foreignField": "_id", "as": "x"}}],
    [{"$lookup": {"from": "c", "pipeline": [{"$unionWith": "secret"}], "as": "x"}}],
    [{"$graphLookup": {"from": "secret", "startWith": 1, "connectFromField": "a", "connectToField": "b", "as": "x"}}],
    [{"$unionWith": {"coll": "secret", "pipeline": []}}],
    [{"$unionWith": {"coll": "c", "pipeline": [{"$lookup": {"from": "secret", "pipeline": [], "as": "x"}}]}}],
    [{"$facet": {"x": [{"$lookup": {"from": "secret", "pipeline": [], "as": "x"}}]}}],
    [{"$unionWith": {"pipeline": [{"$documents": [{}]}, {"$lookup": {"from": "secret", "pipeline": [], "as": "x"}}]}}],
]  # fmt: skip


def test_pipelines_reach_no_other_collection(secured: SecuredServer) -> None:
    client = only_c(filled(secured), "find")
    client.ok({"aggregate": "c", "pipeline": [{"$unionWith": "c"}], "cursor": {}}, "shop")
    for pipeline in JOINS:
        assert client.code({"aggregate": "c", "pipeline": pipeline, "cursor": {}}, "shop") == 13, pipeline
        assert client.code({"explain": {"aggregate": "c", "pipeline": pipeline, "cursor": {}}}, "shop") == 13
        assert client.code({"create": "view", "viewOn": "c", "pipeline": pipeline}, "shop") == 13
        secured.ok({"aggregate": "c", "pipeline": pipeline, "cursor": {}}, "shop")


def test_views_show_what_their_maker_could_read(secured: SecuredServer) -> None:
    client = only_c(filled(secured), "find")
    assert client.code({"create": "view", "viewOn": "secret", "pipeline": []}, "shop") == 13
    client.ok({"create": "view", "viewOn": "c", "pipeline": []}, "shop")
    client.ok({"create": "blind", "viewOn": "secret", "pipeline": []}, "shop")
    assert client.code({"find": "blind"}, "shop") == 13
    assert client.code({"collMod": "view", "viewOn": "secret", "pipeline": []}, "shop") == 13
    assert client.code({"collMod": "view", "viewOn": "secret"}, "shop") == 72
    secured.ok({"collMod": "view", "viewOn": "secret", "pipeline": []}, "shop")
    assert len(client.ok({"find": "view"}, "shop")["cursor"]["firstBatch"]) == 5
    client.ok({"aggregate": "view", "pipeline": [], "cursor": {}}, "shop")
    assert client.code({"find": "secret"}, "shop") == 13


def test_merge_needs_what_it_does(secured: SecuredServer) -> None:
    client = only_c(filled(secured), "find", "insert")

    def merge(matched: Any, not_matched: str) -> dict[str, Any]:
        stage = {"$merge": {"into": "c", "whenMatched": matched, "whenNotMatched": not_matched}}
        return {"aggregate": "c", "pipeline": [stage], "cursor": {}}

    client.ok(merge("keepExisting", "insert"), "shop")
    for matched in ("merge", "replace", [{"$set": {"a": 1}}]):
        assert client.code(merge(matched, "discard"), "shop") == 13


def test_system_collections_stay_out_of_reach(secured: SecuredServer) -> None:
    secured.make_user("ann")
    client = secured.with_roles(on("dbOwner", "admin"), "readWriteAnyDatabase", "dbAdminAnyDatabase")
    for command in (
        {"find": "system.users"},
        {"aggregate": "x", "pipeline": [{"$unionWith": "system.users"}], "cursor": {}},
        {"insert": "system.users", "documents": [{}]},
        {"update": "system.users", "updates": [{"q": {}, "u": {"$set": {"roles": []}}}]},
        {"delete": "system.users", "deletes": [{"q": {}, "limit": 0}]},
        {"drop": "system.users"},
        {"collMod": "system.users", "validator": {"x": 1}},
        {"create": "peek", "viewOn": "system.users", "pipeline": []},
        {"renameCollection": "admin.system.users", "to": "admin.mine"},
        {"renameCollection": "admin.x", "to": "admin.system.users", "dropTarget": True},
        {"aggregate": "x", "pipeline": [{"$merge": {"into": {"db": "admin", "coll": "system.users"}}}], "cursor": {}},
    ):
        assert client.code(command, "admin") == 13, command


def test_listings_show_what_one_may_use(secured: SecuredServer) -> None:
    client = only_c(filled(secured), "find")
    secured.ok({"insert": "c", "documents": [{}]}, "other")
    own = {"listCollections": 1, "nameOnly": True, "authorizedCollections": True}
    assert names(client.ok(own, "shop")) == ["c"]
    assert names(client.ok(own, "other")) == []
    assert client.code({"listCollections": 1, "nameOnly": True}, "shop") == 13
    assert names(secured.with_roles(on("read", "shop")).ok(own, "shop")) == ["c", "secret"]
    assert names(secured.ok(own, "shop")) == ["c", "secret"]

    def databases(server: Server, **fields: Any) -> list[str]:
        return [each["name"] for each in server.ok({"listDatabases": 1, **fields}, "admin")["databases"]]

    assert databases(client) == databases(client, nameOnly=True) == ["shop"]
    assert client.code({"listDatabases": 1, "authorizedDatabases": False}, "admin") == 13
    reader = secured.with_roles("readAnyDatabase")
    assert databases(reader) == databases(reader, authorizedDatabases=True) == ["admin", "other", "shop"]
    assert databases(secured, authorizedDatabases=True) == ["admin", "other", "shop"]


def test_in_process_everything_is_allowed(secured: SecuredServer) -> None:
    secured.make_user("ann")
    secured.ok({"find": "system.users"}, "admin")
    secured.ok({"insert": "c", "documents": [{}]}, "shop")
    assert secured.connection.login is None


def test_authorization_off_allows_everything(secured: SecuredServer) -> None:
    secured.make_user("ann")
    secured.service.authorization = False
    secured.outside().ok({"find": "system.users"}, "admin")
