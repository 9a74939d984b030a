"""Whole-file encryption: the key of a file, and how a connection is given it (`docs/format.md`, Encryption)."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

import apsw

from satchel.errors import WrongKeyError

KEY_BYTES: Final = 32
KDF_ITERATIONS: Final = 600_000
"""OWASP's number for PBKDF2-HMAC-SHA256."""

_CIPHER: Final = "chacha20"
_SALT_BYTES: Final = 16
_VFS: Final = "win32" if os.name == "nt" else "unix"
_HEADER_BYTES: Final = 24
_PLAIN_HEADER: Final = b"SQLite format 3\0"
_UNENCRYPTED_CONSTANTS: Final = b"\x20\x40\x20\x20"
"""The bytes 20 to 23 of an encrypted file: 32 bytes reserved on each page, and SQLite's constants."""


class Cipher:
    """The key of an encrypted file. Nothing shows it: neither `repr` nor an error.

    Args:
        key: A passphrase, from which the key is derived with the file's salt, or the 32 bytes of the key itself.

    Raises:
        ValueError: The key is empty, or not 32 bytes long.
    """

    __slots__ = ("_derived", "_key")

    def __init__(self, key: str | bytes) -> None:
        if isinstance(key, str) and not key:
            raise ValueError("the passphrase of a file cannot be empty")
        if isinstance(key, bytes) and len(key) != KEY_BYTES:
            raise ValueError(f"the key of a file has {KEY_BYTES} bytes; this one has {len(key)}")
        self._key = key
        self._derived: tuple[bytes, bytes] = (b"", b"")

    def __repr__(self) -> str:
        return "Cipher(…)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")

    def is_same(self, other: Cipher | None) -> bool:
        """Tell whether both hold the same key, in a time that says nothing of the keys."""
        if other is None or isinstance(self._key, str) != isinstance(other._key, str):
            return False
        return hmac.compare_digest(_bytes(self._key), _bytes(other._key))

    def unlock(self, connection: apsw.Connection, path: str) -> None:
        """Give a connection the key, before anything is read; keep what SQLite puts aside out of files.

        Args:
            connection: A new connection to the file.
            path: The file's path: a passphrase needs the salt that the file begins with. A new file gets a new one.
        """
        connection.execute(f"PRAGMA cipher = '{_CIPHER}'", can_cache=False).fetchall()
        connection.execute(
            f"PRAGMA key = '{self._raw(read_header(path)[:_SALT_BYTES] or os.urandom(_SALT_BYTES))}'", can_cache=False
        ).fetchall()
        connection.execute("PRAGMA temp_store = MEMORY")

    def uri_options(self) -> str:
        """Return the options of an SQLite URI that name a new file to be encrypted with this key."""
        return f"cipher={_CIPHER}&key={self._raw(os.urandom(_SALT_BYTES))}"

    def _raw(self, salt: bytes) -> str:
        """Return the key in SQLite3 Multiple Ciphers' notation for keys that are not derived."""
        if isinstance(self._key, bytes):
            return f"raw:{self._key.hex()}"
        known, key = self._derived
        if known != salt:
            key = hashlib.pbkdf2_hmac("sha256", self._key.encode(), salt, KDF_ITERATIONS, KEY_BYTES)
            self._derived = (salt, key)
        return f"raw:{key.hex()}{salt.hex()}"


def explain_refusal(path: str, cipher: Cipher | None) -> WrongKeyError | None:
    """Return what is wrong with the key of a file that SQLite takes for no database; None when it is not the key."""
    header = read_header(path)
    if cipher is not None and header.startswith(_PLAIN_HEADER):
        return WrongKeyError(f"{path} is not encrypted, but a key was given (`satchel rekey` encrypts it)")
    if header[_SALT_BYTES:][4:8] != _UNENCRYPTED_CONSTANTS:
        return None
    if cipher is None:
        return WrongKeyError(f"{path} is encrypted, and no key was given")
    return WrongKeyError(f"{path} is encrypted with another key, or damaged")


def read_header(path: str) -> bytes:
    """Return the first 24 bytes of a file, or fewer if it has not as many or is not there.

    SQLite reads them: when this process opened and closed the file by itself, POSIX would drop the locks that SQLite
    holds on it.
    """
    if not os.path.exists(path):
        return b""
    file = apsw.VFSFile(_VFS, path, [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
    try:
        return file.xRead(_HEADER_BYTES, 0)
    finally:
        file.xClose()


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key
