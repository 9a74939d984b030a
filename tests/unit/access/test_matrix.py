"""Commands times roles: who may run what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from satchel.commands.command import COMMANDS
from satchel.commands.pipeline_rights import HARMLESS, STAGE_NEEDS
from satchel.commands.rights import Access
from satchel.commands.unsupported import UNSUPPORTED
from satchel.deployment import open_service
from satchel.mql.pipeline.stage import STAGES

from .conftest import SecuredServer, on

ROLES: dict[str, Any] = {
    "none": [],
    "read": [on("read", "shop")],
    "readWrite": [on("readWrite", "shop")],
    "dbAdmin": [on("dbAdmin", "shop")],
    "userAdmin": [on("userAdmin", "shop")],
    "dbOwner": [on("dbOwner", "shop")],
    "elsewhere": [on("dbOwner", "other")],
    "readAny": ["readAnyDatabase"],
    "readWriteAny": ["readWriteAnyDatabase"],
    "dbAdminAny": ["dbAdminAnyDatabase"],
    "userAdminAny": ["userAdminAnyDatabase"],
    "monitor": ["clusterMonitor"],
    "host": ["hostManager"],
    "manager": ["clusterManager"],
    "clusterAdmin": ["clusterAdmin"],
    "backup": ["backup"],
    "restore": ["restore"],
    "root": ["root"],
}

READERS = "read readWrite dbOwner readAny readWriteAny backup root"
WRITERS = "readWrite dbOwner readWriteAny root"
SIZERS = "backup dbAdmin dbAdminAny clusterAdmin monitor " + READERS
INDEX = {"key": {"a": 1}, "name": "a_1"}
DB_ADMINS = "dbAdmin dbOwner dbAdminAny root"
USER_ADMINS = "userAdmin dbOwner userAdminAny restore root"
MONITORS = "monitor clusterAdmin root"
EVERYBODY = " ".join(ROLES)

INSERT = {"insert": "c", "documents": [{}]}
UPDATE = {"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]}
UPSERT = {"update": "c", "updates": [{"q": {}, "u": {"$set": {"a": 1}}, "upsert": True}]}
PWD = {"pwd": "x", "mechanisms": ["SCRAM-SHA-1"], "digestPassword": False}


def aggregate(*stages: Any, **fields: Any) -> dict[str, Any]:
    return {"aggregate": "c", "pipeline": list(stages), "cursor": {}, **fields}


CASES: list[tuple[str, str, dict[str, Any], str]] = [
    # database, who may run it, the command, and a name where one is not enough
    ("shop", READERS, {"find": "c"}, ""),
    ("shop", READERS, {"count": "c"}, ""),
    ("shop", READERS, {"distinct": "c", "key": "a"}, ""),
    ("shop", READERS, {"explain": {"find": "c"}}, ""),
    ("shop", WRITERS, {"explain": UPDATE}, "explain update"),
    ("shop", READERS, {"dataSize": "shop.c"}, ""),
    ("shop", READERS, aggregate(), "aggregate nothing"),
    ("shop", READERS, aggregate({"$match": {}}, {"$facet": {"x": [{"$count": "n"}]}}), "aggregate"),
    ("shop", READERS, aggregate({"$lookup": {"from": "d", "pipeline": [], "as": "x"}}), "$lookup"),
    ("shop", READERS, aggregate({"$unionWith": "d"}), "$unionWith"),
    ("shop", SIZERS, aggregate({"$collStats": {"count": {}}}), "$collStats"),
    ("shop", MONITORS, aggregate({"$indexStats": {}}), "$indexStats"),
    ("shop", "read readWrite dbOwner readAny readWriteAny root", aggregate({"$changeStream": {}}), "$changeStream"),
    ("shop", "read readWrite dbOwner readAny readWriteAny root",
     {"aggregate": 1, "pipeline": [{"$changeStream": {}}], "cursor": {}}, "$changeStream of a database"),
    ("admin", "readAny readWriteAny root",
     {"aggregate": 1, "pipeline": [{"$changeStream": {"allChangesForCluster": True}}], "cursor": {}},
     "$changeStream of everything"),
    ("shop", WRITERS, aggregate({"$out": "target"}), "$out"),
    ("shop", WRITERS, aggregate({"$merge": "target"}), "$merge"),
    ("shop", "dbOwner root", aggregate({"$out": "target"}, bypassDocumentValidation=True), "$out past validation"),
    ("shop", "readWriteAny root", aggregate({"$out": {"db": "other", "coll": "x"}}), "$out elsewhere"),
    ("shop", WRITERS + " restore", INSERT, ""),
    ("shop", "dbOwner restore root", {**INSERT, "bypassDocumentValidation": True}, "insert past validation"),
    ("shop", WRITERS, UPDATE, ""),
    ("shop", WRITERS, UPSERT, "upsert"),
    ("shop", WRITERS, {"delete": "c", "deletes": [{"q": {}, "limit": 1}]}, ""),
    ("shop", WRITERS, {"findAndModify": "c", "update": {"$set": {"a": 1}}}, ""),
    ("shop", WRITERS, {"findAndModify": "c", "remove": True}, "findAndModify remove"),
    ("admin", WRITERS + " restore",
     {"bulkWrite": 1, "ops": [{"insert": 0, "document": {}}], "nsInfo": [{"ns": "shop.c"}]}, ""),
    ("admin", "readWriteAny root", {"bulkWrite": 1, "ops": [{"insert": 0, "document": {}}, {"delete": 1, "filter": {}}],
                                    "nsInfo": [{"ns": "shop.c"}, {"ns": "other.c"}]}, "bulkWrite two databases"),
    ("shop", WRITERS + " dbAdmin dbAdminAny restore", {"create": "new"}, ""),
    ("shop", WRITERS + " dbAdmin dbAdminAny restore", {"createIndexes": "c", "indexes": [INDEX]}, ""),
    ("shop", WRITERS + " dbAdmin dbAdminAny", {"dropIndexes": "c", "index": "*"}, ""),
    ("shop", READERS + " dbAdmin dbAdminAny", {"listIndexes": "c"}, ""),
    ("shop", READERS + " dbAdmin dbAdminAny restore", {"listCollections": 1}, ""),
    ("shop", EVERYBODY, {"listCollections": 1, "nameOnly": True, "authorizedCollections": True}, "listCollections own"),
    ("shop", DB_ADMINS + " restore", {"collMod": "c", "validator": {}}, ""),
    ("shop", WRITERS + " dbAdmin dbAdminAny restore", {"convertToCapped": "capped", "size": 4096}, ""),
    ("shop", DB_ADMINS, {"compact": "c"}, ""),
    ("shop", DB_ADMINS, {"validate": "c"}, ""),
    ("shop", DB_ADMINS, {"planCacheClear": "c"}, ""),
    ("shop", SIZERS, {"collStats": "c"}, ""),
    ("shop", "dbAdmin dbAdminAny clusterAdmin monitor read readWrite dbOwner readAny readWriteAny root",
     {"dbStats": 1}, ""),
    ("admin", WRITERS + " dbAdmin dbAdminAny", {"renameCollection": "shop.ren", "to": "shop.ren2"}, ""),
    ("admin", "readWriteAny root", {"renameCollection": "shop.ren", "to": "other.ren"}, "rename elsewhere"),
    ("shop", WRITERS + " dbAdmin dbAdminAny restore", {"drop": "gone"}, ""),
    ("gone", "dbAdminAny clusterAdmin root", {"dropDatabase": 1}, ""),
    ("shop", USER_ADMINS, {"createUser": "x", "roles": [], **PWD}, ""),
    ("shop", USER_ADMINS, {"updateUser": "nobody", **PWD}, ""),
    ("shop", "userAdminAny restore root", {"updateUser": "nobody", "roles": []}, "updateUser roles"),
    ("shop", USER_ADMINS, {"dropUser": "nobody"}, ""),
    ("nothing", "userAdminAny restore root", {"dropAllUsersFromDatabase": 1}, ""),
    ("shop", USER_ADMINS, {"usersInfo": 1}, ""),
    ("shop", USER_ADMINS, {"grantRolesToUser": "nobody", "roles": ["read"]}, ""),
    ("shop", "userAdminAny restore root", {"grantRolesToUser": "nobody", "roles": [on("root", "admin")]}, "grant root"),
    ("shop", USER_ADMINS, {"revokeRolesFromUser": "nobody", "roles": ["read"]}, ""),
    ("shop", USER_ADMINS, {"createRole": "x", "privileges": [], "roles": []}, ""),
    ("shop", "userAdminAny restore root", {"updateRole": "nothing", "roles": []}, ""),
    ("shop", USER_ADMINS, {"dropRole": "nothing"}, ""),
    ("nothing", "userAdminAny restore root", {"dropAllRolesFromDatabase": 1}, ""),
    ("shop", USER_ADMINS, {"rolesInfo": 1}, ""),
    ("shop", USER_ADMINS, {"grantRolesToRole": "nothing", "roles": ["read"]}, ""),
    ("shop", USER_ADMINS, {"revokeRolesFromRole": "nothing", "roles": ["read"]}, ""),
    ("shop", USER_ADMINS, {"grantPrivilegesToRole": "nothing", "privileges": [
        {"resource": {"db": "shop", "collection": ""}, "actions": ["find"]}]}, ""),
    ("shop", USER_ADMINS, {"revokePrivilegesFromRole": "nothing", "privileges": [
        {"resource": {"db": "shop", "collection": ""}, "actions": ["find"]}]}, ""),
    ("admin", "restore root",
     {"_mergeAuthzCollections": 1, "tempUsersCollection": "admin.tempusers", "drop": True}, ""),
    ("admin", "host userAdminAny clusterAdmin root", {"invalidateUserCache": 1}, ""),
    ("shop", DB_ADMINS, {"profile": -1}, ""),
    ("admin", MONITORS + " backup", {"serverStatus": 1}, ""),
    ("admin", MONITORS, {"hostInfo": 1}, ""),
    ("admin", MONITORS, {"top": 1}, ""),
    ("admin", MONITORS, {"getLog": "global"}, ""),
    ("admin", MONITORS, {"getCmdLineOpts": 1}, ""),
    ("admin", MONITORS + " backup restore", {"getParameter": "*"}, ""),
    ("admin", MONITORS + " manager", {"replSetGetStatus": 1}, ""),
    ("admin", MONITORS, {"currentOp": 1}, ""),
    ("admin", EVERYBODY, {"currentOp": 1, "$ownOps": True}, "currentOp own"),
    ("admin", MONITORS, {"aggregate": 1, "pipeline": [{"$currentOp": {"allUsers": True}}], "cursor": {}}, "$currentOp"),
    ("admin", EVERYBODY, {"aggregate": 1, "pipeline": [{"$currentOp": {}}], "cursor": {}}, "$currentOp own"),
    ("admin", "host clusterAdmin root", {"setParameter": 1, "x": 1}, ""),
    ("admin", "manager clusterAdmin root", {"setClusterParameter": {"x": {}}}, ""),
    ("admin", "manager clusterAdmin root", {"getClusterParameter": "*"}, ""),
    ("admin", "host clusterAdmin root", {"killOp": 1, "op": 2**40}, ""),
    ("admin", "host clusterAdmin root", {"fsync": 1}, ""),
    ("admin", "host clusterAdmin root", {"killAllSessions": []}, ""),
    ("admin", "host clusterAdmin root", {"killAllSessionsByPattern": []}, ""),
    ("admin", EVERYBODY, {"listDatabases": 1}, ""),
    ("admin", "readAny readWriteAny dbAdminAny userAdminAny monitor clusterAdmin backup root",
     {"listDatabases": 1, "authorizedDatabases": False}, "listDatabases all"),
    ("admin", EVERYBODY, {"ping": 1}, ""),
    ("admin", EVERYBODY, {"startSession": 1}, ""),
    ("shop", EVERYBODY, {"killCursors": "c", "cursors": []}, ""),
    ("shop", EVERYBODY, {"getMore": 2**40, "collection": "c"}, ""),
    ("admin", "userAdminAny backup restore root", {"find": "system.users"}, "find users"),
    ("admin", "restore root", {"insert": "system.users", "documents": [{"_id": "x"}]}, "insert users"),
    ("admin", "restore root", {"delete": "system.users", "deletes": [{"q": {"_id": "x"}, "limit": 1}]}, "delete users"),
    ("shop", "dbAdmin dbOwner dbAdminAny monitor clusterAdmin backup root", {"find": "system.profile"}, "find profile"),
    ("local", "monitor clusterAdmin backup root", {"find": "c"}, "find local"),
    ("config", "monitor manager clusterAdmin backup root", {"find": "c"}, "find config"),
]  # fmt: skip

ANYBODY = {"hello", "isMaster", "buildInfo", "connectionStatus", "whatsmyuri", "logout", "listCommands", "saslStart",
           "saslContinue", "authenticate"}  # fmt: skip
SESSIONS = {"endSessions", "refreshSessions", "killSessions", "commitTransaction", "abortTransaction"}


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, Any]]:
    service = open_service(":memory:")
    service.authorization = True
    server = SecuredServer(service)
    server.ok({"insert": "c", "documents": [{"a": 1}]}, "shop")
    yield {name: server.with_roles(*roles) for name, roles in ROLES.items()}
    service.release()


def ids(case: tuple[str, str, dict[str, Any], str]) -> str:
    return case[3] or next(iter(case[2]))


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_who_may(case: tuple[str, str, dict[str, Any], str], clients: dict[str, Any]) -> None:
    database, allowed, command, _ = case
    replies = {name: client.run(command, database) for name, client in clients.items()}
    assert {name for name, reply in replies.items() if reply.get("code") != 13} == set(allowed.split())


def test_every_command_declares_its_rights() -> None:
    for command in COMMANDS:
        assert isinstance(command.access, Access), command.name
    without_login = {command.name for command in COMMANDS if not command.access.requires_login}
    assert without_login == {*ANYBODY, "ping"}


def test_every_command_is_in_the_matrix() -> None:
    tried = {next(iter(command)) for _, _, command, _ in CASES} | ANYBODY | SESSIONS | set(UNSUPPORTED)
    assert {command.name for command in COMMANDS} - tried == set()


def test_every_stage_is_judged() -> None:
    assert STAGE_NEEDS.keys() | HARMLESS >= set(STAGES)
    assert not STAGE_NEEDS.keys() & HARMLESS
