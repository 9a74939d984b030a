"""Roles of one's own: made, changed, shown, inherited, removed."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SecuredServer, on


def privilege(collection: str, *actions: str, database: str = "shop") -> dict[str, Any]:
    return {"resource": {"db": database, "collection": collection}, "actions": list(actions)}


def make(server: SecuredServer, name: str, *privileges: Any, roles: Any = (), database: str = "shop") -> None:
    server.ok({"createRole": name, "privileges": list(privileges), "roles": list(roles)}, database)


def shown(server: SecuredServer, asked: Any, database: str = "shop", **fields: Any) -> list[dict[str, Any]]:
    return list(server.ok({"rolesInfo": asked, **fields}, database)["roles"])


def test_a_role_is_stored_as_mongodb_does(secured: SecuredServer) -> None:
    make(secured, "auditor", privilege("a", "find", "collStats"), roles=["read"])
    (stored,) = secured.ok({"find": "system.roles"}, "admin")["cursor"]["firstBatch"]
    assert stored == {
        "_id": "shop.auditor", "role": "auditor", "db": "shop",
        "privileges": [privilege("a", "collStats", "find")], "roles": [on("read", "shop")],
    }  # fmt: skip


def test_a_role_works(secured: SecuredServer) -> None:
    make(secured, "one", privilege("a", "find"), privilege("a", "insert"))
    client = secured.with_roles(on("one", "shop"))
    client.ok({"find": "a"}, "shop")
    client.ok({"insert": "a", "documents": [{}]}, "shop")
    assert client.code({"find": "b"}, "shop") == 13
    secured.ok({"revokePrivilegesFromRole": "one", "privileges": [privilege("a", "find")]}, "shop")
    assert client.code({"find": "a"}, "shop") == 13
    client.ok({"insert": "a", "documents": [{}]}, "shop")
    secured.ok({"grantPrivilegesToRole": "one", "privileges": [privilege("", "find")]}, "shop")
    client.ok({"find": "b"}, "shop")
    secured.ok({"updateRole": "one", "privileges": [privilege("b", "remove")]}, "shop")
    assert client.code({"find": "b"}, "shop") == 13
    secured.ok({"dropRole": "one"}, "shop")
    assert client.code({"delete": "b", "deletes": [{"q": {}, "limit": 0}]}, "shop") == 13


def test_roles_inherit(secured: SecuredServer) -> None:
    make(secured, "base", privilege("a", "find"))
    make(secured, "middle", roles=["base"])
    make(secured, "top", privilege("c", "find"), roles=["middle"])
    client = secured.with_roles(on("top", "shop"))
    client.ok({"find": "a"}, "shop")
    status = client.ok({"connectionStatus": 1, "showPrivileges": True}, "admin")["authInfo"]
    assert [role["role"] for role in status["authenticatedUserRoles"]] == ["top", "middle", "base"]
    assert privilege("a", "find") in status["authenticatedUserPrivileges"]
    secured.ok({"updateRole": "base", "privileges": [privilege("b", "find")]}, "shop")
    assert client.code({"find": "a"}, "shop") == 13
    client.ok({"find": "b"}, "shop")
    secured.ok({"revokeRolesFromRole": "top", "roles": ["middle"]}, "shop")
    assert client.code({"find": "b"}, "shop") == 13
    secured.ok({"grantRolesToRole": "top", "roles": ["middle"]}, "shop")
    client.ok({"find": "b"}, "shop")
    secured.ok({"dropRole": "middle"}, "shop")
    assert client.code({"find": "b"}, "shop") == 13
    assert shown(secured, "top")[0]["roles"] == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"createRole": "one", "privileges": [], "roles": []}, 51002),
        ({"createRole": "", "privileges": [], "roles": []}, 2),
        ({"createRole": "read", "privileges": [], "roles": []}, 2),
        ({"createRole": "x", "privileges": []}, 40414),
        ({"createRole": "x", "roles": []}, 40414),
        ({"createRole": "x", "privileges": [], "roles": ["nothing"]}, 31),
        ({"createRole": "x", "privileges": [], "roles": [on("read", "other")]}, 49),
        ({"createRole": "x", "privileges": [privilege("", "find", database="other")], "roles": []}, 49),
        ({"createRole": "x", "privileges": [{"resource": {"cluster": True}, "actions": ["top"]}], "roles": []}, 49),
        ({"createRole": "x", "privileges": [privilege("", "lookAt")], "roles": []}, 2),
        ({"createRole": "x", "privileges": [{"resource": {"db": "shop"}, "actions": ["find"]}], "roles": []}, 2),
        ({"createRole": "x", "privileges": [{"actions": ["find"]}], "roles": []}, 9),
        ({"updateRole": "one"}, 2),
        ({"updateRole": "nothing", "roles": []}, 31),
        ({"updateRole": "read", "roles": []}, 49),
        ({"updateRole": "one", "roles": ["one"]}, 49),
        ({"dropRole": "read"}, 49),
        ({"dropRole": "nothing"}, 31),
        ({"grantRolesToRole": "one", "roles": ["two"]}, 49),
        ({"grantRolesToRole": "one", "roles": ["one"]}, 49),
        ({"grantRolesToRole": "one", "roles": []}, 2),
        ({"grantRolesToRole": "read", "roles": ["one"]}, 49),
        ({"grantPrivilegesToRole": "one", "privileges": []}, 2),
        ({"grantPrivilegesToRole": "nothing", "privileges": [privilege("", "find")]}, 31),
        ({"revokePrivilegesFromRole": "nothing", "privileges": [privilege("", "find")]}, 31),
        ({"revokeRolesFromRole": "nothing", "roles": ["read"]}, 31),
    ],
)  # fmt: skip
def test_what_cannot_be(secured: SecuredServer, command: dict[str, Any], code: int) -> None:
    make(secured, "one")
    make(secured, "two", roles=["one"])
    assert secured.code(command, "shop") == code


def test_roles_of_admin_may_concern_everything(secured: SecuredServer) -> None:
    wide = {"resource": {"anyResource": True}, "actions": ["anyAction"]}
    make(
        secured,
        "all",
        wide,
        {"resource": {"cluster": True}, "actions": ["top"]},
        roles=[on("read", "shop")],
        database="admin",
    )
    client = secured.with_roles("all")
    client.ok({"find": "system.users"}, "admin")
    client.ok({"top": 1}, "admin")


def test_all_roles_of_a_database_go(secured: SecuredServer) -> None:
    make(secured, "a")
    make(secured, "b", roles=["a"])
    make(secured, "a", database="other")
    secured.make_user("ann", on("a", "shop"), on("a", "other"))
    assert secured.ok({"dropAllRolesFromDatabase": 1}, "shop")["n"] == 2
    (user,) = secured.ok({"usersInfo": "ann"}, "admin")["users"]
    assert user["roles"] == [on("a", "other")]


def test_what_is_shown_of_roles(secured: SecuredServer) -> None:
    make(secured, "base", privilege("a", "find"))
    make(secured, "top", privilege("b", "find"), roles=["base"])
    assert [role["role"] for role in shown(secured, 1)] == ["base", "top"]
    with_builtin = [role["role"] for role in shown(secured, 1, showBuiltinRoles=True)]
    assert {"base", "top", "read", "dbOwner"} <= set(with_builtin)
    assert "root" not in with_builtin
    (top,) = shown(secured, "top", showPrivileges=True)
    assert top["inheritedRoles"] == [on("base", "shop")]
    assert top["privileges"] == [privilege("b", "find")]
    assert top["inheritedPrivileges"] == [privilege("b", "find"), privilege("a", "find")]
    assert top["isBuiltin"] is False
    (read,) = shown(secured, {"role": "read", "db": "other"}, showPrivileges=True)
    assert read["isBuiltin"] is True
    assert {"db": "other", "collection": "system.js"} in [each["resource"] for each in read["privileges"]]
    assert shown(secured, ["nothing", "top"])[0]["_id"] == "shop.top"
    fragment = secured.ok({"rolesInfo": "top", "showPrivileges": "asUserFragment"}, "shop")["userFragment"]
    assert fragment["inheritedRoles"] == [on("top", "shop"), on("base", "shop")]


def test_one_may_look_at_ones_own_roles(secured: SecuredServer) -> None:
    make(secured, "base")
    make(secured, "top", roles=["base"])
    client = secured.with_roles(on("top", "shop"))
    client.ok({"rolesInfo": ["top", "base"]}, "shop")
    assert client.code({"rolesInfo": "read"}, "shop") == 13
