"""Which modules of PyMongo's test suite talk to a server, by what they are about."""

from __future__ import annotations

from typing import Final

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "GridFS": ("test_grid_file", "test_gridfs", "test_gridfs_bucket", "test_gridfs_spec"),
    "CRUD": (
        "test_binary",
        "test_bulk",
        "test_client_bulk_write",
        "test_collation",
        "test_collection",
        "test_collection_management",
        "test_comment",
        "test_crud_unified",
        "test_cursor",
        "test_custom_types",
        "test_database",
        "test_decimal128",
        "test_index_management",
        "test_json_util_integration",
        "test_raw_bson",
        "test_read_concern",
        "test_run_command",
    ),
    "Sessions, transactions, retries": (
        "test_causal_consistency",
        "test_retryable_reads",
        "test_retryable_reads_unified",
        "test_retryable_writes",
        "test_retryable_writes_unified",
        "test_session",
        "test_sessions_unified",
        "test_transactions",
        "test_transactions_unified",
    ),
    "Others": (
        "test_change_stream",
        "test_client",
        "test_client_metadata",
        "test_command_logging",
        "test_command_monitoring",
        "test_connection_logging",
        "test_create_entities",
        "test_csot",
        "test_examples",
        "test_fork",
        "test_handshake_unified",
        "test_logger",
        "test_monitoring",
        "test_operation_id_retry",
        "test_pooling",
        "test_read_preferences",
        "test_read_write_concern_spec",
        "test_threads",
        "test_typing",
        "test_unified_format",
        "test_versioned_api_integration",
    ),
}
"""Modules about TLS, DNS, authentication, encryption, load balancers and several members need what a file has not."""

ASYNC_FOLDER: Final = "asynchronous"
