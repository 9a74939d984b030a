"""Logging in, message by message."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from satchel.access.throttle import FREE_FAILURES, Throttle
from satchel.wire.service import Peer

from .conftest import HERE, PASSWORD, SecuredServer, on
from .scram_client import ScramClient, is_logged_in, log_in

MECHANISMS = ["SCRAM-SHA-1", "SCRAM-SHA-256"]


@pytest.fixture
def server(secured: SecuredServer) -> SecuredServer:
    secured.make_user("ann", on("readWrite", "shop"))
    return secured


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("skips", [True, False])
def test_a_login(server: SecuredServer, mechanism: str, skips: bool) -> None:
    client, scram = server.outside(), ScramClient("ann", PASSWORD, mechanism)
    assert client.code({"find": "c"}, "shop") == 13
    begun = client.ok(scram.start(skipEmptyExchange=skips), "admin")
    assert begun["done"] is False
    ended = client.ok(scram.go_on(begun), "admin")
    assert ended["payload"] == scram.expected
    if not skips:
        assert (ended["done"], is_logged_in(client.connection)) == (False, False)
        ended = client.ok({"saslContinue": 1, "conversationId": 1, "payload": b""}, "admin")
    assert ended["done"] is True
    client.ok({"find": "c"}, "shop")


def test_names_with_commas_and_equals_signs(server: SecuredServer) -> None:
    server.make_user("a,b=c", "root")
    assert log_in(server.outside(), "a,b=c", PASSWORD)["done"]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("", PASSWORD)])
def test_all_failures_look_alike(server: SecuredServer, mechanism: str, name: str, password: str) -> None:
    client = server.outside()
    reply = log_in(client, name, password, mechanism=mechanism)
    assert (reply["code"], reply["codeName"], reply["errmsg"]) == (18, "AuthenticationFailed", "Authentication failed.")
    assert not is_logged_in(client.connection)
    assert client.code({"saslContinue": 1, "conversationId": 1, "payload": b""}, "admin") == 17


def test_a_user_belongs_to_a_database(server: SecuredServer) -> None:
    assert log_in(server.outside(), "ann", PASSWORD, "shop")["code"] == 18


def test_nothing_tells_who_is_there(server: SecuredServer) -> None:
    def challenge(name: str) -> tuple[int, str]:
        payload = server.outside().ok(ScramClient(name, "x").start(), "admin")["payload"].decode()
        return len(payload), payload.partition(",s=")[2]

    known, unknown, again = challenge("ann"), challenge("nobody"), challenge("nobody")
    assert known[0] == unknown[0]
    assert unknown[1] == again[1], "a salt that changes is no salt"
    hello: dict[str, Any] = {"hello": 1}
    mechanisms = {
        name: server.outside().ok({**hello, "saslSupportedMechs": f"admin.{name}"}, "admin")["saslSupportedMechs"]
        for name in ("ann", "nobody")
    }
    assert mechanisms["ann"] == mechanisms["nobody"] == MECHANISMS


def test_only_mechanisms_that_the_user_has(server: SecuredServer) -> None:
    server.make_user("old", "root", mechanisms=["SCRAM-SHA-1"])
    assert log_in(server.outside(), "old", PASSWORD, mechanism="SCRAM-SHA-256")["code"] == 18
    assert log_in(server.outside(), "old", PASSWORD, mechanism="SCRAM-SHA-1")["done"]
    reply = server.outside().ok({"hello": 1, "saslSupportedMechs": "admin.old"}, "admin")
    assert reply["saslSupportedMechs"] == ["SCRAM-SHA-1"]


def test_a_login_that_comes_with_hello(server: SecuredServer) -> None:
    client, scram = server.outside(), ScramClient("ann", PASSWORD)
    speculative = {**scram.start(skipEmptyExchange=True), "db": "admin"}
    begun = client.ok({"hello": 1, "speculativeAuthenticate": speculative}, "admin")["speculativeAuthenticate"]
    assert client.ok(scram.go_on(begun), "admin")["done"]
    client.ok({"find": "c"}, "shop")


def test_a_speculation_on_the_wrong_mechanism_is_passed_over(server: SecuredServer) -> None:
    server.make_user("old", "root", mechanisms=["SCRAM-SHA-1"])
    client, scram = server.outside(), ScramClient("old", PASSWORD, "SCRAM-SHA-256")
    reply = client.ok(
        {"hello": 1, "saslSupportedMechs": "admin.old", "speculativeAuthenticate": {**scram.start(), "db": "admin"}},
        "admin",
    )
    assert "speculativeAuthenticate" not in reply
    assert reply["saslSupportedMechs"] == ["SCRAM-SHA-1"]
    assert log_in(client, "old", PASSWORD, mechanism="SCRAM-SHA-1")["done"]
    unknown = {**ScramClient("nobody", PASSWORD).start(), "db": "admin"}
    assert "speculativeAuthenticate" in client.ok({"hello": 1, "speculativeAuthenticate": unknown}, "admin")


@pytest.mark.parametrize(
    "speculative", [{"saslStart": 1}, {"saslStart": 1, "mechanism": "X", "payload": b""}, {"authenticate": 1}]
)
def test_a_hello_is_answered_whatever_came_with_it(server: SecuredServer, speculative: dict[str, Any]) -> None:
    assert "speculativeAuthenticate" not in server.outside().ok(
        {"hello": 1, "speculativeAuthenticate": speculative}, "admin"
    )


def test_what_cannot_be_begun_or_gone_on_with(server: SecuredServer) -> None:
    client = server.outside()
    assert client.code({"saslStart": 1, "mechanism": "PLAIN", "payload": b"\0ann\0x"}, "admin") == 334
    assert client.code({"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": b"x"}, "admin") == 18
    assert client.code({"saslContinue": 1, "conversationId": 1, "payload": b""}, "admin") == 17
    client.ok(ScramClient("ann", PASSWORD).start(), "admin")
    assert client.code({"saslContinue": 1, "conversationId": 2, "payload": b""}, "admin") == 17
    assert client.code({"authenticate": 1, "mechanism": "MONGODB-CR", "user": "ann", "key": "x"}, "admin") == 2
    assert client.code({"getnonce": 1}, "admin") == 59


def test_a_payload_after_the_last_one(server: SecuredServer) -> None:
    client, scram = server.outside(), ScramClient("ann", PASSWORD)
    client.ok(scram.go_on(client.ok(scram.start(), "admin")), "admin")
    assert client.code({"saslContinue": 1, "conversationId": 1, "payload": b"more"}, "admin") == 18
    assert not is_logged_in(client.connection)


def test_one_user_a_connection(server: SecuredServer) -> None:
    server.make_user("bob", "root")
    server.make_user("ann", on("read", "shop"), database="shop")
    client = server.outside()
    log_in(client, "ann", PASSWORD)
    assert log_in(client, "ann", PASSWORD)["done"]
    assert log_in(client, "bob", PASSWORD)["code"] == 5626701
    assert log_in(client, "ann", PASSWORD, "shop")["code"] == 5626702
    client.ok({"find": "c"}, "shop")
    again = ScramClient("ann", PASSWORD)
    begun = client.ok(again.start(skipEmptyExchange=True), "admin")
    assert client.code({**again.go_on(begun), "apiVersion": "1", "apiStrict": True}, "admin") in (323, 5626703)


def test_logging_out(server: SecuredServer) -> None:
    client = server.outside()
    log_in(client, "ann", PASSWORD)
    client.ok({"logout": 1}, "shop")
    assert is_logged_in(client.connection)
    client.ok({"logout": 1}, "admin")
    assert client.code({"find": "c"}, "shop") == 13
    server.make_user("bob", "root")
    assert log_in(client, "bob", PASSWORD)["done"]


def test_a_password_that_changes_during_a_login(server: SecuredServer) -> None:
    client, scram = server.outside(), ScramClient("ann", PASSWORD)
    begun = client.ok(scram.start(skipEmptyExchange=True), "admin")
    server.ok({"updateUser": "ann", "pwd": "another"}, "admin")
    assert client.code(scram.go_on(begun), "admin") == 18


def test_restrictions_of_a_user_and_of_its_roles(server: SecuredServer) -> None:
    server.make_user("here", "root", authenticationRestrictions=[{"clientSource": ["127.0.0.1"]}])
    server.ok({"createRole": "lan", "privileges": [], "roles": [],
               "authenticationRestrictions": [{"clientSource": ["192.0.2.0/24"]}]}, "admin")  # fmt: skip
    server.make_user("there", "lan")
    assert log_in(server.outside(), "here", PASSWORD)["code"] == 18
    assert log_in(server.outside(HERE), "here", PASSWORD)["done"]
    assert log_in(server.outside(), "there", PASSWORD)["done"]
    assert log_in(server.outside(HERE), "there", PASSWORD)["code"] == 18


def test_guessing_is_slowed_down(server: SecuredServer) -> None:
    waits: list[float | None] = []
    throttle = server.service.access.throttle
    for _ in range(FREE_FAILURES):
        assert log_in(server.outside(), "ann", "guess")["code"] == 18
    elsewhere = server.outside(Peer("192.0.2.99"))
    assert log_in(elsewhere, "ann", PASSWORD)["done"]
    client = server.outside()
    assert log_in(client, "ann", PASSWORD)["done"], "who knows the password only has to wait"
    assert log_in(client, "ann", PASSWORD)["done"]
    waits.append(throttle.delay(client.connection.login.user, "192.0.2.7"))  # type: ignore[union-attr]
    assert waits == [0.0]


def test_who_goes_away_while_waiting_does_not_get_in(server: SecuredServer) -> None:
    server.service.access.throttle = Throttle(clock=lambda: 0.0)  # however long the machine takes in between
    for _ in range(FREE_FAILURES):
        log_in(server.outside(), "ann", "guess")
    client, scram = server.outside(), ScramClient("ann", PASSWORD)
    begun = client.ok(scram.start(skipEmptyExchange=True), "admin")
    client.connection.close()
    assert client.code(scram.go_on(begun), "admin") == 18


def test_first_user_from_this_machine(secured: SecuredServer) -> None:
    command = {"createUser": "first", "pwd": PASSWORD, "roles": ["root"]}
    assert secured.outside().code(command, "admin") == 13
    for peer in (HERE, Peer("")):
        client = secured.outside(peer)
        assert client.code({"find": "c"}, "shop") == 13
        assert client.code({**command, "roles": []}, "shop") == 13
    client = secured.outside(HERE)
    client.ok(command, "admin")
    assert client.code({**command, "createUser": "second"}, "admin") == 13
    assert log_in(client, "first", PASSWORD)["done"]
    client.ok({**command, "createUser": "second"}, "admin")


def test_what_does_not_need_a_login(secured: SecuredServer) -> None:
    secured.make_user("first", "root")
    client = secured.outside()
    for name in ("hello", "isMaster", "ping", "buildInfo", "connectionStatus", "whatsmyuri", "logout", "listCommands"):
        client.ok({name: 1}, "admin")
    assert client.run({"startSession": 1}, "admin")["errmsg"] == "Command startSession requires authentication"
    assert client.code({"nope": 1}, "admin") == 59


def test_a_login_works_where_none_is_needed(server: SecuredServer) -> None:
    server.service.authorization = False
    client = server.outside()
    client.ok({"find": "c"}, "other")
    assert log_in(client, "ann", "wrong")["code"] == 18
    assert log_in(client, "ann", PASSWORD)["done"]
    status = client.ok({"connectionStatus": 1}, "admin")["authInfo"]
    assert status["authenticatedUsers"] == [{"user": "ann", "db": "admin"}]
    client.ok({"find": "c"}, "other")


def test_the_audit_log(server: SecuredServer, caplog: pytest.LogCaptureFixture) -> None:
    client = server.outside()
    with caplog.at_level(logging.INFO, "satchel.audit"):
        log_in(client, "ann", "wrong")
        log_in(client, "ann", PASSWORD)
        client.code({"insert": "c", "documents": [{"card": "4711"}]}, "bank")
        client.code({"createUser": "eve", "pwd": "hidden", "roles": []}, "bank")
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "satchel.audit"]
    assert [(line["atype"], line["result"]) for line in lines] == [
        ("authenticate", 18), ("authenticate", 0), ("authCheck", 13), ("authCheck", 13),
    ]  # fmt: skip
    assert lines[2]["param"]["needed"] == {"resource": {"db": "bank", "collection": "c"}, "actions": ["insert"]}
    assert lines[1]["users"] == [{"user": "ann", "db": "admin"}]
    assert lines[0]["remote"] == {"ip": "192.0.2.7", "port": 40000}
    for secret in (PASSWORD, "wrong", "4711", "hidden"):
        assert secret not in caplog.text


def test_secrets_are_not_shown(server: SecuredServer) -> None:
    reply = server.with_roles(on("read", "shop")).run({"createUser": "eve", "pwd": "hidden", "roles": []}, "shop")
    assert reply["code"] == 13
    assert 'pwd: "xxx"' in reply["errmsg"]
    assert "hidden" not in reply["errmsg"]
