"""What drivers ask first."""

from __future__ import annotations

import datetime

from bson import Binary, ObjectId, Timestamp

from satchel import settings

from .conftest import Server


def test_hello_is_that_of_a_primary(server: Server) -> None:
    reply = server.ok({"hello": 1}, "admin")
    kinds = {
        "isWritablePrimary": bool, "secondary": bool, "setName": str, "setVersion": int, "hosts": list, "primary": str,
        "me": str, "electionId": ObjectId, "lastWrite": dict, "maxBsonObjectSize": int, "maxMessageSizeBytes": int,
        "maxWriteBatchSize": int, "localTime": datetime.datetime, "logicalSessionTimeoutMinutes": int,
        "connectionId": int, "minWireVersion": int, "maxWireVersion": int, "readOnly": bool,
    }  # fmt: skip
    assert {name: type(reply[name]) for name in kinds} == kinds
    assert reply["hosts"] == [reply["me"]] == [reply["primary"]]
    assert reply["isWritablePrimary"]
    assert not reply["secondary"]
    assert isinstance(reply["lastWrite"]["opTime"]["ts"], Timestamp)


def test_old_drivers_ask_in_old_words(server: Server) -> None:
    for name in ("isMaster", "ismaster"):
        assert server.ok({name: 1}, "admin")["ismaster"] is True


def test_hello_takes_whatever_drivers_send(server: Server) -> None:
    command = {
        "hello": 1, "helloOk": True, "client": {"driver": {"name": "x"}}, "compression": ["zlib", "lz4"],
        "saslSupportedMechs": "admin.user", "loadBalanced": False, "anything": {"new": 1},
    }  # fmt: skip
    assert server.ok(command, "admin")["compression"] == ["zlib"]
    assert server.connection.metadata == {"driver": {"name": "x"}}


def test_metadata_is_taken_once(server: Server) -> None:
    server.ok({"hello": 1, "client": {"driver": {"name": "first"}}})
    server.ok({"hello": 1, "client": {"driver": {"name": "second"}}})
    assert server.connection.metadata == {"driver": {"name": "first"}}


def test_build_info(server: Server) -> None:
    reply = server.ok({"buildInfo": 1})
    assert reply["version"] == settings.VERSION == ".".join(map(str, reply["versionArray"][:3]))
    assert reply["maxBsonObjectSize"] == 16 * 1024 * 1024
    assert reply["bits"] in (32, 64)
    assert reply["storageEngines"] == ["sqlite"]


def test_sessions_come_and_go(server: Server) -> None:
    session = server.ok({"startSession": 1})
    assert isinstance(session["id"]["id"], Binary)
    assert session["id"]["id"].subtype == 4
    for name in ("refreshSessions", "endSessions", "killSessions"):
        server.ok({name: [session["id"]]})
