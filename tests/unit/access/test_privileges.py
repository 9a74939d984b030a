"""Which privilege counts for what."""

from __future__ import annotations

import pytest

from satchel.access.actions import ACTIONS, actions
from satchel.access.builtin_roles import ADMIN_ROLES, builtin_names, builtin_privileges
from satchel.access.privileges import ANY_NORMAL, ANY_RESOURCE, CLUSTER, Privilege, Privileges, Resource
from satchel.access.restrictions import are_met, parse_restrictions
from satchel.errors import ServerError
from satchel.wire.service import Peer

FIND = actions("find")
C = Resource("namespace", "db", "c")
DB = Resource("namespace", "db")


@pytest.mark.parametrize(
    ("granted", "needed", "is_allowed"),
    [
        (C, C, True),
        (C, Resource("namespace", "db", "d"), False),
        (C, DB, False),
        (DB, C, True),
        (DB, DB, True),
        (DB, Resource("namespace", "other", "c"), False),
        (DB, Resource("namespace", "db", "system.users"), False),
        (Resource("namespace", "db", "system.users"), Resource("namespace", "db", "system.users"), True),
        (Resource("namespace", "", "c"), C, True),
        (Resource("namespace", "", "system.profile"), Resource("namespace", "db", "system.profile"), True),
        (Resource("namespace", "", "c"), Resource("namespace", "db", "d"), False),
        (ANY_NORMAL, C, True),
        (ANY_NORMAL, DB, True),
        (ANY_NORMAL, Resource("namespace", "admin", "c"), True),
        (ANY_NORMAL, Resource("namespace", "local", "c"), False),
        (ANY_NORMAL, Resource("namespace", "config"), False),
        (ANY_NORMAL, Resource("namespace", "admin", "system.users"), False),
        (ANY_NORMAL, CLUSTER, False),
        (ANY_RESOURCE, C, True),
        (ANY_RESOURCE, CLUSTER, True),
        (ANY_RESOURCE, Resource("namespace", "admin", "system.users"), True),
        (CLUSTER, CLUSTER, True),
        (CLUSTER, C, False),
    ],
)
def test_resources(granted: Resource, needed: Resource, is_allowed: bool) -> None:
    assert Privileges([Privilege(granted, FIND)]).allows(Privilege(needed, FIND)) is is_allowed


def test_actions_add_up_over_resources() -> None:
    both = Privileges([Privilege(DB, FIND), Privilege(C, actions("insert")), Privilege(ANY_NORMAL, actions("update"))])
    assert both.allows(Privilege(C, actions("find insert update")))
    assert not both.allows(Privilege(C, actions("find insert update remove")))
    assert Privileges([Privilege(C, actions("anyAction"))]).allows(Privilege(C, ACTIONS))


def test_taking_away_concerns_one_resource() -> None:
    left = Privileges([Privilege(DB, FIND), Privilege(C, actions("find insert"))]).without(Privilege(C, FIND))
    assert {*left} == {Privilege(DB, FIND), Privilege(C, actions("insert"))}
    assert not [*left.without(Privilege(DB, FIND)).without(Privilege(C, actions("insert")))]


@pytest.mark.parametrize("resource", [C, DB, ANY_NORMAL, ANY_RESOURCE, CLUSTER])
def test_resources_are_read_back(resource: Resource) -> None:
    assert Resource.from_bson(resource.to_bson()) == resource


@pytest.mark.parametrize(
    "spec", [None, [], {}, {"db": "a"}, {"cluster": False}, {"cluster": True, "db": "a"}, {"db": 1, "collection": ""}]
)
def test_what_is_no_resource(spec: object) -> None:
    with pytest.raises(ServerError):
        Resource.from_bson(spec)  # type: ignore[arg-type]


def test_unknown_actions_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="lookAt"):
        actions("find lookAt")


def test_no_role_allows_everything() -> None:
    for name in ADMIN_ROLES:
        granted = Privileges(builtin_privileges("admin", name) or ())
        assert not granted.allows(Privilege(ANY_RESOURCE, actions("find")))
        assert not granted.allows(Privilege(CLUSTER, actions("internal")))
        assert not granted.allows(Privilege(Resource("namespace", "db", "system.users"), actions("anyAction")))


def test_roles_of_databases() -> None:
    assert builtin_privileges("db", "root") is None
    assert builtin_privileges("admin", "__system") is None
    assert builtin_privileges("", "read") is None
    assert {"read", "dbOwner"} <= set(builtin_names("db"))
    assert "root" not in builtin_names("db")
    assert {"root", "read"} <= set(builtin_names("admin"))


PEER = Peer("192.168.1.7", "10.0.0.1", 5000)


@pytest.mark.parametrize(
    ("stored", "peer", "is_met"),
    [
        (None, PEER, True),
        ([], None, True),
        ([{"clientSource": ["192.168.1.0/24"]}], PEER, True),
        ([{"clientSource": ["192.168.2.0/24"]}], PEER, False),
        ([{"clientSource": ["192.168.2.0/24", "192.168.1.7"]}], PEER, True),
        ([{"clientSource": ["192.168.1.7"], "serverAddress": ["10.0.0.2"]}], PEER, False),
        ([{"clientSource": ["10.9.9.9"]}, {"serverAddress": ["10.0.0.1"]}], PEER, True),
        ([{"clientSource": "192.168.1.7"}], PEER, True),
        ([{"clientSource": ["::1"]}], Peer("::1"), True),
        ([{"clientSource": ["127.0.0.1"]}], Peer(""), False),
        ([{"clientSource": ["127.0.0.1"]}], None, False),
        ([{}], Peer(""), True),
    ],
)
def test_restrictions(stored: object, peer: Peer | None, is_met: bool) -> None:
    assert are_met(parse_restrictions(stored), peer) is is_met  # type: ignore[arg-type]


@pytest.mark.parametrize("stored", [1, [1], [{"clientSource": ["nowhere"]}], [{"other": []}], [{"clientSource": [1]}]])
def test_restrictions_that_cannot_be_read_are_an_error(stored: object) -> None:
    with pytest.raises(ServerError):
        parse_restrictions(stored)  # type: ignore[arg-type]
