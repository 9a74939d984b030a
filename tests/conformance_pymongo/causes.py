"""Why tests fail, as far as it is known: the first pattern that `module::Class.test: message` matches."""

from __future__ import annotations

import re
from typing import Final

UNEXPLAINED: Final = "To be looked at"

CAUSES: Final[tuple[tuple[str, str], ...]] = (
    ("Text and geospatial indexes, which are to come", r"(text|geospatial) indexes are not supported"),
    ("Time series and clustered collections, which there are not", r"time series collections|clustered collections"),
    ("JavaScript in the server, which there is not", r"\$where|to_list_csot_applied"),
    ("The oplog, which there is not", r"to_list_tailable"),
    (
        "In process: no sockets, round trips, heartbeats, exhaust cursors, background threads; smaller messages",
        r"test_pooling|[Ee]xhaust|[Hh]eartbeat|_executor|kill_cursors_thread|min_pool_size|max_idle_time|socketKeepAlive"
        r"|compression_commands|background_connections|periodic_tasks|batch_splits|unacknowledged_write_across_batches"
        r"|maintains?_pool|uri_connect_option|cluster_time_not_used_by_sdam|topology_reset|close_closes_sockets"
        r"|test_contextlib|test_operation_failure|starts_with_batched_write|batch_splitting:|pool_paused_error"
        r"|BlockConnection|socket_timeouts?_-_|CsotCommandExecution",
    ),
    ("A set of one member, which has no secondary to select, difference 16", r"no replica set members match"),
    ("Short cuts send no implicit session, difference 15", r"test_database_aggregation"),
    ("A new file has no databases, difference 16", r"test_list_databases"),
    ("Retries of with_transaction, not traced yet (difference 24 is suspected)", r"retry_backoff"),
    (
        "The suite's expectations of the machine (no container, a name server, its own client class)",
        r"handshake_\d+|metadata|DNS|service_name_from_kwargs|sigstop|mypy_failures|test_types|test_bad_uri|test_constants"
        r"|hedge_deprecated",
    ),
)


def cause(module: str, name: str, message: str) -> str:
    """Return the cause of one failure."""
    text = f"{module}::{name}: {message}"
    return next((title for title, pattern in CAUSES if re.search(pattern, text)), UNEXPLAINED)
