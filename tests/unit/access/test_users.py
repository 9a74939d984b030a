"""Users: made, changed, shown and removed; and what that means for connections that are open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bson import Binary

from satchel.access.scram import password_digest
from satchel.deployment import open_service

from .conftest import PASSWORD, SecuredServer, on
from .scram_client import log_in


def stored(server: SecuredServer, name: str, database: str = "admin") -> dict[str, Any]:
    (found,) = server.ok({"find": "system.users", "filter": {"_id": f"{database}.{name}"}}, "admin")["cursor"][
        "firstBatch"
    ]
    return dict(found)


def shown(server: SecuredServer, command: Any, database: str = "admin", **fields: Any) -> list[dict[str, Any]]:
    return list(server.ok({"usersInfo": command, **fields}, database)["users"])


def test_a_user_is_stored_as_mongodb_does(secured: SecuredServer) -> None:
    secured.make_user("ann", "read", on("dbAdmin", "other"), database="shop", customData={"age": 3})
    user = stored(secured, "ann", "shop")
    assert list(user) == ["_id", "userId", "user", "db", "credentials", "customData", "roles"]
    assert (user["user"], user["db"], user["customData"]) == ("ann", "shop", {"age": 3})
    assert isinstance(user["userId"], Binary)
    assert user["roles"] == [on("read", "shop"), on("dbAdmin", "other")]
    assert list(user["credentials"]) == ["SCRAM-SHA-1", "SCRAM-SHA-256"]
    for credentials in user["credentials"].values():
        assert list(credentials) == ["iterationCount", "salt", "storedKey", "serverKey"]
    assert PASSWORD not in str(user)


@pytest.mark.parametrize(
    ("fields", "database", "code"),
    [
        ({"createUser": ""}, "shop", 2),
        ({"createUser": "a\0b"}, "shop", 2),
        ({}, "local", 2),
        ({"pwd": ""}, "shop", 2),
        ({"pwd": None}, "shop", 2),
        ({"pwd": 1}, "shop", 14),
        ({"roles": None}, "shop", 40414),
        ({"roles": "read"}, "shop", 14),
        ({"roles": [1]}, "shop", 2),
        ({"roles": [{"role": "read"}]}, "shop", 2),
        ({"roles": ["nothing"]}, "shop", 31),
        ({"roles": ["root"]}, "shop", 31),
        ({"roles": ["__system"]}, "admin", 31),
        ({"roles": [on("readWriteAnyDatabase", "shop")]}, "admin", 31),
        ({"mechanisms": []}, "shop", 2),
        ({"mechanisms": ["PLAIN"]}, "shop", 2),
        ({"mechanisms": ["SCRAM-SHA-256"], "digestPassword": False}, "shop", 2),
        ({"authenticationRestrictions": [{"clientSource": ["nowhere"]}]}, "shop", 2),
        ({"authenticationRestrictions": [{"server": []}]}, "shop", 2),
        ({"unknown": 1}, "shop", 40415),
        ({"customData": 1}, "shop", 14),
    ],
)  # fmt: skip
def test_users_that_cannot_be(secured: SecuredServer, fields: dict[str, Any], database: str, code: int) -> None:
    assert secured.code({"createUser": "ann", "pwd": PASSWORD, "roles": [], **fields}, database) == code
    assert shown(secured, {"forAllDBs": True}) == []


def test_there_are_no_two_of_a_name_in_a_database(secured: SecuredServer) -> None:
    secured.make_user("ann", database="shop")
    secured.make_user("ann", database="other")
    assert secured.code({"createUser": "ann", "pwd": PASSWORD, "roles": []}, "shop") == 51003


def test_digested_passwords(secured: SecuredServer) -> None:
    digest = password_digest("ann", PASSWORD)
    secured.ok({"createUser": "ann", "pwd": digest, "roles": [], "digestPassword": False}, "admin")
    assert list(stored(secured, "ann")["credentials"]) == ["SCRAM-SHA-1"]
    assert log_in(secured.outside(), "ann", PASSWORD, mechanism="SCRAM-SHA-1")["done"]


def test_changes_of_a_user(secured: SecuredServer) -> None:
    secured.make_user("ann", "read")
    before = stored(secured, "ann")
    secured.ok({"updateUser": "ann", "customData": {"a": 1}}, "admin")
    secured.ok({"updateUser": "ann", "roles": ["readWrite"]}, "admin")
    assert stored(secured, "ann") == {**before, "customData": {"a": 1}, "roles": [on("readWrite", "admin")]}
    secured.ok({"updateUser": "ann", "mechanisms": ["SCRAM-SHA-1"]}, "admin")
    assert stored(secured, "ann")["credentials"] == {"SCRAM-SHA-1": before["credentials"]["SCRAM-SHA-1"]}
    assert secured.code({"updateUser": "ann", "mechanisms": ["SCRAM-SHA-256"]}, "admin") == 2
    secured.ok({"updateUser": "ann", "pwd": "another", "mechanisms": ["SCRAM-SHA-256"]}, "admin")
    assert list(stored(secured, "ann")["credentials"]) == ["SCRAM-SHA-256"]
    assert log_in(secured.outside(), "ann", PASSWORD)["code"] == 18
    assert log_in(secured.outside(), "ann", "another")["done"]
    secured.ok({"updateUser": "ann", "authenticationRestrictions": [{"clientSource": ["10.0.0.0/8"]}]}, "admin")
    assert log_in(secured.outside(), "ann", "another")["code"] == 18


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"updateUser": "ann"}, 2),
        ({"updateUser": "nobody", "pwd": "x"}, 11),
        ({"updateUser": "ann", "roles": ["nothing"]}, 31),
        ({"dropUser": "nobody"}, 11),
        ({"grantRolesToUser": "nobody", "roles": ["read"]}, 11),
        ({"grantRolesToUser": "ann", "roles": []}, 2),
        ({"grantRolesToUser": "ann", "roles": ["nothing"]}, 31),
        ({"revokeRolesFromUser": "nobody", "roles": ["read"]}, 11),
        ({"revokeRolesFromUser": "ann", "roles": []}, 2),
    ],
)
def test_changes_that_cannot_be(secured: SecuredServer, command: dict[str, Any], code: int) -> None:
    secured.make_user("ann")
    assert secured.code(command, "admin") == code


def test_roles_come_and_go_on_open_connections(secured: SecuredServer) -> None:
    client = secured.with_roles()
    (user,) = client.ok({"connectionStatus": 1}, "admin")["authInfo"]["authenticatedUsers"]
    assert client.code({"find": "c"}, "shop") == 13
    secured.ok({"grantRolesToUser": user["user"], "roles": [on("read", "shop"), on("read", "shop")]}, "admin")
    client.ok({"find": "c"}, "shop")
    assert stored(secured, user["user"])["roles"] == [on("read", "shop")]
    secured.ok({"revokeRolesFromUser": user["user"], "roles": [on("read", "shop")]}, "admin")
    assert client.code({"find": "c"}, "shop") == 13


def test_who_is_dropped_is_logged_out_even_if_made_anew(secured: SecuredServer) -> None:
    secured.make_user("ann", "root")
    client = secured.as_user("ann")
    client.ok({"find": "c"}, "shop")
    secured.ok({"dropUser": "ann"}, "admin")
    secured.make_user("ann", "root")
    assert client.run({"find": "c"}, "shop")["errmsg"] == "Command find requires authentication"
    assert client.connection.login is None


def test_all_users_of_a_database_go(secured: SecuredServer) -> None:
    for name, database in (("a", "shop"), ("b", "shop"), ("a", "other")):
        secured.make_user(name, database=database)
    assert secured.ok({"dropAllUsersFromDatabase": 1}, "shop")["n"] == 2
    assert [user["_id"] for user in shown(secured, {"forAllDBs": True})] == ["other.a"]
    assert secured.ok({"dropAllUsersFromDatabase": 1}, "shop")["n"] == 0


def test_the_file_of_users_cannot_be_dropped_with_its_database(secured: SecuredServer) -> None:
    secured.make_user("ann", "root")
    assert secured.code({"dropDatabase": 1}, "admin") == 20
    assert shown(secured, "ann") != []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (1, ["shop.ann", "shop.bob"]),
        ("ann", ["shop.ann"]),
        ("nobody", []),
        ({"user": "ann", "db": "other"}, ["other.ann"]),
        (["bob", {"user": "ann", "db": "other"}, "nobody", "bob"], ["shop.bob", "other.ann"]),
        ({"forAllDBs": True}, ["other.ann", "shop.ann", "shop.bob"]),
    ],
)
def test_who_is_asked_for(secured: SecuredServer, asked: Any, found: list[str]) -> None:
    for name, database in (("ann", "shop"), ("bob", "shop"), ("ann", "other")):
        secured.make_user(name, database=database)
    assert [user["_id"] for user in shown(secured, asked, "shop")] == found


def test_what_is_shown_of_a_user(secured: SecuredServer) -> None:
    secured.make_user(
        "ann", "read", customData={"a": 1}, authenticationRestrictions=[{"clientSource": ["10.0.0.0/8", "::1"]}]
    )
    (plain,) = shown(secured, "ann")
    assert list(plain) == ["_id", "userId", "user", "db", "customData", "roles", "mechanisms"]
    (bare,) = shown(secured, "ann", showCustomData=False)
    assert "customData" not in bare
    (credentials,) = shown(secured, "ann", showCredentials=True)
    assert credentials["credentials"] == stored(secured, "ann")["credentials"]
    (full,) = shown(secured, "ann", showPrivileges=True, showAuthenticationRestrictions=True)
    assert full["inheritedRoles"] == [on("read", "admin")]
    assert {"db": "admin", "collection": ""} in [each["resource"] for each in full["inheritedPrivileges"]]
    assert full["authenticationRestrictions"] == [{"clientSource": ["10.0.0.0/8", "::1"]}]
    assert [user["user"] for user in shown(secured, 1, filter={"customData.a": 1})] == ["ann"]
    assert shown(secured, 1, filter={"roles.role": "root"}) == []
    assert secured.code({"usersInfo": 1, "showPrivileges": True}, "admin") == 20
    assert secured.code({"usersInfo": {"name": "x"}}, "admin") == 2


def test_one_may_look_at_oneself(secured: SecuredServer) -> None:
    secured.make_user("ann", database="shop")
    client = secured.as_user("ann", "shop")
    assert client.ok({"usersInfo": {"user": "ann", "db": "shop"}}, "admin")["users"]
    assert client.code({"usersInfo": "ann", "showCredentials": True}, "shop") == 13
    assert client.code({"usersInfo": "bob"}, "shop") == 13
    assert client.code({"updateUser": "ann", "pwd": "x"}, "shop") == 13


def test_changing_only_ones_own_password(secured: SecuredServer) -> None:
    own = {"resource": {"db": "shop", "collection": ""}, "actions": ["changeOwnPassword"]}
    secured.ok({"createRole": "self", "privileges": [own], "roles": []}, "shop")
    for name in ("ann", "bob"):
        secured.make_user(name, "self", database="shop")
    client = secured.as_user("ann", "shop")
    client.ok({"updateUser": "ann", "pwd": "new"}, "shop")
    assert client.code({"updateUser": "ann", "customData": {}}, "shop") == 13
    assert client.code({"updateUser": "bob", "pwd": "new"}, "shop") == 13


def test_users_are_granted_only_what_one_may_grant(secured: SecuredServer) -> None:
    client = secured.with_roles(on("userAdmin", "shop"))
    client.ok({"createUser": "ann", "pwd": "x", "roles": ["dbOwner"]}, "shop")
    for roles in ([on("root", "admin")], [on("read", "other")]):
        assert client.code({"createUser": "eve", "pwd": "x", "roles": roles}, "shop") == 13
        assert client.code({"grantRolesToUser": "ann", "roles": roles}, "shop") == 13
    role = {"createRole": "r", "roles": [], "privileges": [{"resource": {"cluster": True}, "actions": ["shutdown"]}]}
    assert client.code(role, "shop") == 13


def test_broken_documents_of_users_let_nobody_in(secured: SecuredServer) -> None:
    documents: list[dict[str, Any]] = [
        {"_id": "admin.a"},
        {"_id": "admin.b", "user": "b", "db": "admin", "credentials": "x", "roles": 7},
        {"_id": "admin.c", "user": "c", "db": "admin", "credentials": {"SCRAM-SHA-256": {"salt": 1}}},
        {"_id": "admin.d", "user": 1, "db": "admin"},
    ]
    secured.ok({"insert": "system.users", "documents": documents}, "admin")
    for name in "abcd":
        assert log_in(secured.outside(), name, PASSWORD)["code"] == 18
    assert {user["_id"] for user in shown(secured, {"forAllDBs": True})} == {"admin.b", "admin.c"}


@pytest.mark.parametrize(("drop", "left"), [(False, {"ann", "bob", "eve"}), (True, {"ann", "bob"})])
def test_users_and_roles_are_restored(secured: SecuredServer, drop: bool, left: set[str]) -> None:
    role = {"createRole": "own", "privileges": [], "roles": []}
    secured.ok(role, "shop")
    for name in ("ann", "bob"):
        secured.make_user(name, on("own", "shop"))
    for source, target in (("system.users", "tempusers"), ("system.roles", "temproles")):
        documents = secured.ok({"find": source}, "admin")["cursor"]["firstBatch"]
        secured.ok({"insert": target, "documents": documents}, "admin")
    secured.ok({"dropRole": "own"}, "shop")
    secured.ok({"dropUser": "ann"}, "admin")
    secured.ok({"updateUser": "bob", "pwd": "other"}, "admin")
    secured.make_user("eve")
    merge = {"_mergeAuthzCollections": 1, "tempUsersCollection": "admin.tempusers", "drop": drop, "db": ""}
    secured.ok({**merge, "tempRolesCollection": "admin.temproles"}, "admin")
    assert {user["user"] for user in shown(secured, {"forAllDBs": True})} == left
    for name in ("ann", "bob"):
        assert log_in(secured.outside(), name, PASSWORD)["done"]
        assert secured.as_user(name).ok({"connectionStatus": 1}, "admin")["authInfo"]["authenticatedUserRoles"] == [
            on("own", "shop")
        ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 2),
        ({"tempUsersCollection": "admin.nothing"}, 26),
        ({"tempUsersCollection": "admin.system.users"}, 2),
        ({"tempUsersCollection": "admin.broken"}, 2),
    ],
)
def test_what_cannot_be_restored(secured: SecuredServer, fields: dict[str, Any], code: int) -> None:
    secured.ok({"insert": "broken", "documents": [{"user": "ann"}]}, "admin")
    assert secured.code({"_mergeAuthzCollections": 1, **fields}, "admin") == code


def test_watching_everything_shows_no_accounts(secured: SecuredServer) -> None:
    watcher = secured.with_roles("readAnyDatabase")
    pipeline: list[dict[str, Any]] = [{"$changeStream": {"allChangesForCluster": True, "showExpandedEvents": True}}]
    cursor = watcher.ok({"aggregate": 1, "pipeline": pipeline, "cursor": {}}, "admin")["cursor"]["id"]
    secured.make_user("ann", "root")
    secured.ok({"updateUser": "ann", "pwd": "another"}, "admin")
    secured.ok({"insert": "c", "documents": [{}]}, "shop")
    batch = watcher.ok({"getMore": cursor, "collection": "$cmd.aggregate"}, "admin")["cursor"]["nextBatch"]
    assert {event["ns"]["db"] for event in batch} == {"shop"}


def test_old_users_without_an_id_can_log_in(secured: SecuredServer) -> None:
    secured.make_user("ann", "root")
    secured.ok({"update": "system.users", "updates": [{"q": {}, "u": {"$unset": {"userId": 1}}}]}, "admin")
    client = secured.outside()
    assert log_in(client, "ann", PASSWORD)["done"]
    client.ok({"find": "c"}, "shop")


def test_another_process_changes_users(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    service = open_service(str(path))
    service.authorization = True
    try:
        server = SecuredServer(service)
        server.make_user("ann", on("read", "shop"))
        client = server.as_user("ann")
        client.ok({"find": "c"}, "shop")
        subprocess.run(
            [sys.executable, "-m", "satchel.cli", "user", "roles", path, "ann", "--role", "read@other"],
            check=True,
            timeout=60,
            capture_output=True,
        )
        assert client.code({"find": "c"}, "shop") == 13
        client.ok({"find": "c"}, "other")
    finally:
        service.release()
