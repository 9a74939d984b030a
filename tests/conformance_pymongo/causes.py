"""Why tests fail, as far as it is known: the first pattern that `module::Class.test: message` matches."""

from __future__ import annotations

import re
from typing import Final

UNEXPLAINED: Final = "To be looked at"

CAUSES: Final[tuple[tuple[str, str], ...]] = (
    ("Text and geospatial indexes, which are to come", r"(text|geospatial) indexes are not supported"),
    ("Time series and clustered collections, which there are not", r"time series collections|clustered collections"),
    (
        "JavaScript in the server, which there is not",
        r"\$where|to_list_csot_applied|interrupt_signal|socket_timeout_message|test_socket_timeout|PoolMaxSize",
    ),
    ("The oplog, which there is not", r"to_list_tailable"),
    ("A set of one member, which has no secondary to select, difference 16", r"no replica set members match"),
    ("A new file has no databases, difference 16", r"test_list_databases"),
    ("No name server on the machine that ran the suite", r"DNS"),
    (
        "Time limits of tenths of a second, which a machine with other work exceeds",
        r"only_1_RTT_measurement|LegacyTimeouts|Non-tailable_cursor_lifetime",
    ),
    (
        "In process: a message has 17 MB at most, for asynchronous clients 512 KB or 500 documents, difference 15",
        r"batch_splits|across_batches|starts_with_batched_write|batch_splitting|requiring_getMore|handles_getMore_error",
    ),
    (
        "In process: no sockets that a test could make, look at or close",
        r"test_pooling|closes_sockets|socketKeepAlive|compression_commands|sigstop|test_exhaust|connection_timeout_message",
    ),
    (
        "In process: what nobody observes takes no connection from the pool, and begins no session, difference 15",
        r"test_contextlib|test_operation_failure|test_database_aggregation|background_connections_do_not",
    ),
    (
        "In process: the server is known at once, with no monitor, heartbeats, round-trip times or paused pools",
        r"[Hh]eartbeat|cluster_time_not_used_by_sdam|pool_paused_error|CsotCommandExecution|maintains?_pool",
    ),
    (
        "In process: the background thread runs only for clients for which it has something to do, difference 15",
        r"kill_cursors_thread|uri_connect_option|process_periodic_tasks|background_connections_log",
    ),
    (
        "In process: connecting and pinging wait for nothing, so that other tasks do not get a turn meanwhile",
        r"reset_during_update_pool|WaitQueueTimeoutError_does_not_clear",
    ),
    ("In process: PyMongo is not told of a fork, and does not warn, difference 15", r"topology_reset"),
)


def cause(module: str, name: str, message: str) -> str:
    """Return the cause of one failure."""
    text = f"{module}::{name}: {message}"
    return next((title for title, pattern in CAUSES if re.search(pattern, text)), UNEXPLAINED)
