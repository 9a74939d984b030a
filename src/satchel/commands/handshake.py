"""Commands that drivers and shells send before anything else: hello, ping, buildInfo and their kin."""

from __future__ import annotations

import platform
import struct
import time
from dataclasses import dataclass
from typing import ClassVar, Final

import apsw
from bson import ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel import settings
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, array, document, param, string
from satchel.commands.rights import ANYONE
from satchel.values.bson_types import MAX_DOCUMENT_SIZE_BYTES, BsonValue, Document
from satchel.wire.op_compressed import negotiate
from satchel.wire.service import Presentation, Topology

SET_NAME: Final = "satchel"
_ELECTION_ID: Final = ObjectId("7fffffff0000000000000001")


def hello_reply(
    presentation: Presentation, address: tuple[str, int], connection_id: int, *, read_only: bool
) -> Document:
    """Return what `hello` says.

    Args:
        presentation: As what the server shows itself, and where.
        address: The service's own address, for a presentation without one.
        connection_id: The number of the connection; 0 for a monitor that has none.
        read_only: Whether writes are refused.
    """
    me = presentation.address or f"{address[0]}:{address[1]}"
    now = DatetimeMS(time.time_ns() // 1_000_000)
    return {
        "helloOk": True,
        **_topology_fields(presentation.topology, me, now),
        "maxBsonObjectSize": MAX_DOCUMENT_SIZE_BYTES,
        "maxMessageSizeBytes": settings.MAX_MESSAGE_SIZE_BYTES,
        "maxWriteBatchSize": settings.MAX_WRITE_BATCH_SIZE,
        "localTime": now,
        "logicalSessionTimeoutMinutes": settings.SESSION_TIMEOUT_MINUTES,
        "connectionId": connection_id,
        "minWireVersion": settings.MIN_WIRE_VERSION,
        "maxWireVersion": settings.MAX_WIRE_VERSION,
        "readOnly": read_only,
    }


def _topology_fields(topology: Topology, me: str, now: DatetimeMS) -> Document:
    if topology == "standalone":
        return {"isWritablePrimary": True}
    if topology == "mongos":
        return {"isWritablePrimary": True, "msg": "isdbgrid"}
    op_time: Document = {"ts": Timestamp(int(time.time()), 1), "t": 1}
    return {
        "setName": SET_NAME,
        "setVersion": 1,
        "isWritablePrimary": True,
        "secondary": False,
        "hosts": [me],
        "primary": me,
        "me": me,
        "electionId": _ELECTION_ID,
        "lastWrite": {"opTime": op_time, "lastWriteDate": now, "majorityOpTime": op_time, "majorityWriteDate": now},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloParams(NoFields):
    """Fields of hello and isMaster."""

    hello: BsonValue = param(any_value, default=1)
    is_master: BsonValue = param(any_value, wire="isMaster", default=1)
    ismaster: BsonValue = param(any_value, default=1)
    client: Document | None = param(document, default=None)
    compression: list[BsonValue] = param(array, default=[])
    sasl_supported_mechs: str | None = param(string, default=None)
    speculative_authenticate: Document | None = param(document, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"helloOk", "hostInfo", "topologyVersion", "maxAwaitTimeMS", "loadBalanced", "backpressure", "forShell",
         "internalClient"}
    )  # fmt: skip
    SECRETS: ClassVar[frozenset[str]] = frozenset({"speculativeAuthenticate"})


@COMMANDS.command("hello", HelloParams, access=ANYONE, strict=False)
def hello(params: HelloParams, invocation: Invocation) -> Reply:
    """Say what kind of server this is and what it can do."""
    connection = invocation.connection
    if params.client is not None and connection.metadata is None:
        connection.metadata = params.client
    reply = hello_reply(
        connection.presentation,
        invocation.service.address,
        connection.id,
        read_only=invocation.engine.storage.read_only,
    )
    if params.compression:
        reply["compression"] = negotiate(params.compression)
    if params.sasl_supported_mechs is not None or params.speculative_authenticate is not None:
        reply.update(_login_fields(params, invocation))
    return reply


def _login_fields(params: HelloParams, invocation: Invocation) -> Document:
    """Return what hello says of logging in."""
    from satchel.commands import authentication  # noqa: PLC0415 - a server answers its first client before it has that

    fields: Document = {}
    if params.sasl_supported_mechs is not None:
        fields["saslSupportedMechs"] = authentication.supported_mechanisms(params.sasl_supported_mechs, invocation)
    if params.speculative_authenticate is not None:
        begun = authentication.speculative_reply(params.speculative_authenticate, invocation)
        if begun is not None:
            fields["speculativeAuthenticate"] = begun
    return fields


@COMMANDS.command("isMaster", HelloParams, "ismaster", access=ANYONE, strict=False)
def is_master(params: HelloParams, invocation: Invocation) -> Reply:
    """Say what hello says, in the words of old drivers."""
    reply = hello(params, invocation)
    assert isinstance(reply, dict)
    return {"ismaster": True, **reply}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyParams(NoFields):
    """Fields of commands that have none of their own, or whose fields mean nothing here."""


@COMMANDS.command("ping", AnyParams, access=ANYONE, strict=False)
def ping(params: AnyParams, invocation: Invocation) -> Reply:
    """Answer, to show that somebody is there."""
    return {}


@COMMANDS.command("buildInfo", AnyParams, "buildinfo", access=ANYONE, strict=False)
def build_info(params: AnyParams, invocation: Invocation) -> Reply:
    """Tell the version: the MongoDB release whose behaviour this is, and the SQLite below."""
    return {
        "version": settings.VERSION,
        "versionArray": list(settings.VERSION_ARRAY),
        "gitVersion": "satchel",
        "modules": ["satchel"],
        "allocator": "python",
        "javascriptEngine": "none",
        "sysInfo": "deprecated",
        "openssl": {"running": "none", "compiled": "none"},
        "buildEnvironment": {
            "target_os": platform.system().lower(),
            "python": platform.python_version(),
            "sqlite": apsw.sqlite_lib_version(),
        },
        "bits": struct.calcsize("P") * 8,
        "debug": False,
        "maxBsonObjectSize": MAX_DOCUMENT_SIZE_BYTES,
        "storageEngines": ["sqlite"],
    }
