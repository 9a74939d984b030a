"""Every private name of PyMongo that the driver stands on; a test checks them against the installed version.

PyMongo keeps `_pool_class` and `_monitor_class` "for deep customization of PyMongo, e.g. Motor". Through them our
clients get a pool whose connections call a function, and a monitor that asks a function. Nothing is patched.

`tests/driver/test_private.py` compares the table with the installed PyMongo, and says how to run the driver's tests on
the oldest supported one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bson import _decode_all_selective as decode_all_selective
from pymongo._csot import apply_write_concern
from pymongo._csot import get_timeout as client_side_timeout
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection as AsyncPyMongoCollection
from pymongo.asynchronous.database import AsyncDatabase as AsyncPyMongoDatabase
from pymongo.asynchronous.mongo_client import AsyncMongoClient as AsyncPyMongoClient
from pymongo.asynchronous.mongo_client import _ClientCheckout as AsyncHandler
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.asynchronous.pool import Pool as AsyncPool
from pymongo.asynchronous.topology import Topology as AsyncTopology
from pymongo.client_options import ClientOptions
from pymongo.client_session import ClientSession
from pymongo.cursor_shared import _CURSOR_DOC_FIELDS as CURSOR_DOCUMENT_FIELDS
from pymongo.hello import Hello
from pymongo.helpers_shared import _check_command_response as check_command_response
from pymongo.message import _FIELD_MAP as SEQUENCE_FIELDS
from pymongo.message import _GetMore as GetMore
from pymongo.message import _OpMsg as OpMsg
from pymongo.message import _Query as Query
from pymongo.monitoring import ConnectionClosedReason
from pymongo.pool_options import PoolOptions
from pymongo.read_concern import ReadConcern
from pymongo.response import Response
from pymongo.server_description import ServerDescription
from pymongo.synchronous.collection import Collection as PyMongoCollection
from pymongo.synchronous.cursor import Cursor
from pymongo.synchronous.database import Database as PyMongoDatabase
from pymongo.synchronous.mongo_client import MongoClient as PyMongoClient
from pymongo.synchronous.mongo_client import _ClientCheckout as Handler
from pymongo.synchronous.pool import Connection, Pool
from pymongo.synchronous.topology import Topology
from pymongo.typings import _DocumentType as DocumentType
from pymongo.write_concern import WriteConcern

__all__ = [
    "CURSOR_DOCUMENT_FIELDS",
    "PRIVATE_NAMES",
    "SEQUENCE_FIELDS",
    "AsyncClientSession",
    "AsyncConnection",
    "AsyncHandler",
    "AsyncPool",
    "AsyncPyMongoClient",
    "AsyncPyMongoCollection",
    "AsyncPyMongoDatabase",
    "AsyncTopology",
    "ClientOptions",
    "ClientSession",
    "Connection",
    "ConnectionClosedReason",
    "Cursor",
    "DocumentType",
    "GetMore",
    "Handler",
    "Hello",
    "OpMsg",
    "Pool",
    "PoolOptions",
    "PrivateName",
    "PyMongoClient",
    "PyMongoCollection",
    "PyMongoDatabase",
    "Query",
    "ReadConcern",
    "Response",
    "ServerDescription",
    "Topology",
    "WriteConcern",
    "apply_write_concern",
    "check_command_response",
    "client_side_timeout",
    "decode_all_selective",
]


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A name of PyMongo that no documentation promises.

    Attributes:
        owners: The classes that have it, the synchronous one first.
        name: The name.
        use: What the driver does with it.
        parameters: Of a method that we call or override: its parameters after `self`, in order; None for an attribute
            of instances.
    """

    owners: tuple[type, ...]
    name: str
    use: str
    parameters: tuple[str, ...] | None = None


_CLIENTS: Final = (PyMongoClient, AsyncPyMongoClient)
_POOLS: Final = (Pool, AsyncPool)
_CONNECTIONS: Final = (Connection, AsyncConnection)
_TOPOLOGIES: Final = (Topology, AsyncTopology)
_HANDLERS: Final = (Handler, AsyncHandler)

PRIVATE_NAMES: Final = (
    PrivateName(
        _CLIENTS, "_init_background", "override: no thread that kills cursors, where nobody looks", ("old_pid",)
    ),
    PrivateName(_CLIENTS, "_kill_cursors_executor", "replace by something that does nothing"),
    PrivateName(_CLIENTS, "_kill_cursors_queue", "read: whether cursors of the garbage collector wait"),
    PrivateName(_CLIENTS, "_process_kill_cursors", "call: let them go", ()),
    PrivateName(
        _CLIENTS,
        "_close_cursor_soon",
        "override: drop the engine's cursor at once",
        ("cursor_id", "address", "conn_mgr"),
    ),
    PrivateName(_CLIENTS, "_duplicate", "override: the copy shares the service", ("kwargs",)),
    PrivateName(_CLIENTS, "_init_kwargs", "read: what the client was made with"),
    PrivateName(_CLIENTS, "_closed", "set: a client without its loop cannot be closed, and need not be warned of"),
    PrivateName((AsyncPyMongoClient,), "_opened", "read: whether PyMongo has begun; the first command is its own"),
    PrivateName((AsyncPyMongoClient,), "_loop", "read: whether the client is of the loop that runs"),
    PrivateName(_CLIENTS, "_topology", "read: gossip the cluster time of the handshake"),
    PrivateName(_CLIENTS, "_get_bound_session", "call: whether the caller's block has a session", ()),
    PrivateName(_CLIENTS, "_ensure_session", "override: no session for a short cut", ("session",)),
    PrivateName(
        _CLIENTS,
        "_retryable_write",
        "override: short cuts",
        ("retryable", "func", "session", "operation", "bulk", "operation_id"),
    ),
    PrivateName(
        _CLIENTS,
        "_retryable_read",
        "override: short cuts",
        (
            "func",
            "read_pref",
            "session",
            "operation",
            "address",
            "retryable",
            "operation_id",
            "is_run_command",
            "is_aggregate_write",
        ),
    ),
    PrivateName(_CLIENTS, "_run_operation", "override: short cuts", ("operation", "run_with_conn", "address")),
    PrivateName((PoolOptions,), "_event_listeners", "read: whether anybody listens to commands"),
    PrivateName((Query, GetMore), "as_command", "call: build find or getMore", ("conn", "apply_timeout")),
    PrivateName((Query, GetMore), "reset", "call: build it anew", ()),
    PrivateName(
        (Cursor,),
        "_unpack_response",
        "call: decode a reply",
        ("response", "cursor_id", "codec_options", "user_fields", "legacy_response"),
    ),
    PrivateName(_POOLS, "__init__", "extend", ("address", "options", "is_sdam", "client_id")),
    PrivateName(_POOLS, "connect", "override: make our kind of connection", ("handler",)),
    PrivateName(_POOLS, "close", "extend: those who wait on its connections are gone", ()),
    PrivateName(_POOLS, "lock", "hold"),
    PrivateName(_POOLS, "next_connection_id", "count up"),
    PrivateName(_POOLS, "active_contexts", "keep"),
    PrivateName(_POOLS, "is_writable", "set from hello"),
    PrivateName(_POOLS, "is_sdam", "read"),
    PrivateName(_POOLS, "address", "read"),
    PrivateName(_POOLS, "_telemetry", "publish ConnectionCreatedEvent"),
    PrivateName(_CONNECTIONS, "__init__", "extend", ("conn", "pool", "address", "id", "is_sdam")),
    PrivateName(_CONNECTIONS, "send_message", "override: run the command", ("message", "max_doc_size")),
    PrivateName(_CONNECTIONS, "receive_message", "override: hand out its replies", ("request_id",)),
    PrivateName(_CONNECTIONS, "conn_closed", "override: there is no socket to poll", ()),
    PrivateName(_CONNECTIONS, "hello", "call", ()),
    PrivateName(_CONNECTIONS, "authenticate", "call", ("reauthenticate",)),
    PrivateName(_CONNECTIONS, "close_conn", "call, extend: a cursor whose batches come unasked dies", ("reason",)),
    PrivateName(_CONNECTIONS, "_raise_connection_failure", "call", ("error",)),
    PrivateName(_CONNECTIONS, "cancel_context", "read"),
    PrivateName(_CONNECTIONS, "max_bson_size", "read"),
    PrivateName(_CONNECTIONS, "max_message_size", "set: where bulk writes are divided"),
    PrivateName(_CONNECTIONS, "max_write_batch_size", "set: where bulk writes are divided"),
    PrivateName(_CONNECTIONS, "_cluster_time", "read"),
    PrivateName(_TOPOLOGIES, "_process_change", "call", ("server_description", "reset_pool", "interrupt_connections")),
    PrivateName(_TOPOLOGIES, "on_change", "call", ("server_description", "reset_pool", "interrupt_connections")),
    PrivateName(_TOPOLOGIES, "receive_cluster_time", "call", ("cluster_time",)),
    PrivateName(_TOPOLOGIES, "description", "read: whether the server is known"),
    PrivateName(_HANDLERS, "contribute_socket", "call", ("conn", "completed_handshake")),
    PrivateName(_HANDLERS, "client", "read"),
    PrivateName((OpMsg,), "unpack", "call: a reply's sections", ("msg",)),
)
"""The names, and what for. The keyword arguments `_pool_class` and `_monitor_class` of the clients belong to them."""
