"""The way of a command through the service: names, databases, messages, failures."""

from __future__ import annotations

import logging
from typing import Any

import bson
import pytest

from satchel.commands.command import COMMANDS, Commands, Invocation, NoFields, Reply
from satchel.commands.handshake import AnyParams
from satchel.commands.rights import ANYONE
from satchel.wire.header import ProtocolError
from tests.wire.messages import body_section, message, op_msg, op_query, reply_document

from .conftest import Server


def test_every_reply_says_when(server: Server) -> None:
    for reply in (server.ok({"ping": 1}), server.run({"nope": 1}), server.ok({"find": "c"})):
        assert reply["operationTime"] == reply["$clusterTime"]["clusterTime"]


@pytest.mark.parametrize("name", ["nope", "", "Find", "$find"])
def test_unknown_commands(server: Server, name: str) -> None:
    assert server.code({name: 1}) == 59


def test_aliases(server: Server) -> None:
    for name in ("buildInfo", "buildinfo", "isMaster", "ismaster", "hello"):
        server.ok({name: 1})
    server.ok({"findandmodify": "c", "remove": True})
    server.ok({"collstats": "c"})


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command.is_admin_only], ids=lambda command: command.name
)
def test_admin_commands_want_the_admin_database(server: Server, command: Any) -> None:
    assert server.code({command.name: 1}) == 13


@pytest.mark.parametrize("database", ["", "a b", "a.b", "a$b", "a/b", "x" * 64, 'a"b'])
def test_database_names(server: Server, database: str) -> None:
    assert server.code({"ping": 1}, database) == 73


def test_a_message_without_database(server: Server) -> None:
    (reply,) = server.service.handle(op_msg(body_section({"ping": 1})), server.connection)
    assert reply_document(reply)["ok"] == 0.0


def test_an_old_query_gets_an_old_reply(server: Server) -> None:
    (reply,) = server.service.handle(op_query("admin.$cmd", {"isMaster": 1}), server.connection)
    assert reply_document(reply)["ismaster"] is True


def test_a_body_that_is_no_bson(server: Server) -> None:
    (reply,) = server.service.handle(op_msg(b"\0" + bson.encode({"ping": 1})[:-1] + b"\7"), server.connection)
    assert reply_document(reply)["ok"] == 0.0
    server.ok({"ping": 1})


def test_a_message_with_unknown_required_flags(server: Server) -> None:
    (reply,) = server.service.handle(op_msg(body_section({"ping": 1, "$db": "a"}), flags=1 << 7), server.connection)
    assert reply_document(reply)["ok"] == 0.0


def test_an_unknown_opcode_ends_the_connection(server: Server) -> None:
    with pytest.raises(ProtocolError):
        server.service.handle(message(2099, b"whatever"), server.connection)


def test_an_unacknowledged_write_is_done_without_a_reply(server: Server) -> None:
    insert = {"insert": "c", "documents": [{"_id": 1}], "writeConcern": {"w": 0}, "$db": "db"}
    assert list(server.service.handle(op_msg(body_section(insert), flags=2), server.connection)) == []
    assert server.found("c") == [{"_id": 1}]


def test_an_unacknowledged_failure_is_silent(server: Server) -> None:
    nope = op_msg(body_section({"nope": 1, "$db": "db"}), flags=2)
    assert list(server.service.handle(nope, server.connection)) == []


@pytest.fixture
def broken() -> Any:
    """A command with a bug."""

    def run(params: NoFields, invocation: Invocation) -> Reply:
        """Fail."""
        raise ZeroDivisionError("a bug")

    COMMANDS.command("broken", AnyParams, access=ANYONE, strict=False)(run)
    yield
    command = COMMANDS._by_name.pop("broken")
    COMMANDS._all.remove(command)


@pytest.mark.usefixtures("broken")
def test_a_bug_is_an_internal_error_and_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "satchel"):
        assert server.code({"broken": 1}) == 1
    assert "ZeroDivisionError" in caplog.text
    server.ok({"ping": 1})


def test_nesting_beyond_reason_is_an_error(server: Server) -> None:
    filter_: dict[str, Any] = {"a": 1}
    for _ in range(150):
        filter_ = {"$and": [filter_]}
    assert server.run({"find": "c", "filter": filter_})["ok"] in (0.0, 1.0)
    server.ok({"ping": 1})


def test_a_running_operation_is_listed_and_gone_afterwards(server: Server) -> None:
    (operation,) = server.ok({"currentOp": 1}, "admin")["inprog"]
    assert operation["command"]["currentOp"] == 1
    assert operation["connectionId"] == server.connection.id
    assert server.service.engine.operations == {}


def test_list_commands(server: Server) -> None:
    listed = server.ok({"listCommands": 1})["commands"]
    assert listed.keys() == {command.name for command in COMMANDS}
    assert listed["listDatabases"]["adminOnly"] is True
    assert listed["find"]["apiVersions"] == ["1"]


def test_the_registry_refuses_what_would_be_a_mistake() -> None:
    commands = Commands()

    def undocumented(params: NoFields, invocation: Invocation) -> Reply:
        return {}

    def documented(params: NoFields, invocation: Invocation) -> Reply:
        """Do nothing."""
        return {}

    with pytest.raises(ValueError, match="no docstring"):
        commands.command("a", AnyParams, access=ANYONE)(undocumented)
    commands.command("a", AnyParams, "b", access=ANYONE)(documented)
    for taken in ("a", "b"):
        with pytest.raises(ValueError, match="twice"):
            commands.command(taken, AnyParams, access=ANYONE)(documented)
