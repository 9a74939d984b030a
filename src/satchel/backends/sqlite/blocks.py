"""Blocks put aside beside an encrypted file: in a temporary file that is encrypted too."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from typing import Final

import apsw

from satchel.backends.sqlite.cipher import KEY_BYTES, Cipher

_SETTINGS: Final = """
    PRAGMA page_size = 65536;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE blocks (number INTEGER PRIMARY KEY, block BLOB NOT NULL);
    BEGIN
"""


class EncryptedBlocks:
    """A `satchel.storage.blocks.BlockStore` in a temporary SQLite file, whose key nobody has but this object."""

    def __init__(self) -> None:
        descriptor, self._path = tempfile.mkstemp(prefix="satchel-spill-")
        os.close(descriptor)
        self._connection = apsw.Connection(self._path)
        Cipher(secrets.token_bytes(KEY_BYTES)).unlock(self._connection, self._path)
        self._connection.execute(_SETTINGS).fetchall()
        if os.name != "nt":
            os.unlink(self._path)

    def append(self, block: bytes) -> None:
        """Add a block."""
        self._connection.execute("INSERT INTO blocks (block) VALUES (?)", (block,))

    def __iter__(self) -> Iterator[bytes]:
        for (block,) in self._connection.execute("SELECT block FROM blocks ORDER BY number"):
            yield block

    def close(self) -> None:
        """Close the file, which drops it."""
        self._connection.close(True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
