"""The keys of encrypted fields: a ring of them, by name, of which one encrypts."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pymongo.errors import ConfigurationError

KEY_BYTES: Final = 32
VARIABLE: Final = "SATCHEL_FIELD_KEYS"
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class KeyRing:
    """Keys by their ids. The active one encrypts; all of them decrypt. Nothing shows a key, `repr` neither.

        ring = KeyRing({"2026": key})                          # 32 bytes, from wherever secrets are kept
        ring = KeyRing.from_file("/run/secrets/field-keys")    # lines of `id:base64`; the first key is active
        ring = KeyRing.from_environment()                      # the same in SATCHEL_FIELD_KEYS, commas between
        print(KeyRing.new_line("2026"))                        # such a line, with a new key

    Args:
        keys: The keys, 32 bytes each.
        active: The id of the one that encrypts; the first if it is not given.

    Raises:
        ConfigurationError: There is no key, an id or a key is malformed, or `active` is not among them.
    """

    def __init__(self, keys: Mapping[str, bytes], active: str | None = None) -> None:
        if not keys:
            raise ConfigurationError("a key ring needs a key; none is made up")
        for key_id, key in keys.items():
            if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
                raise ConfigurationError("the id of a key has 1 to 64 letters, digits, dots, dashes or underscores")
            if not isinstance(key, bytes) or len(key) != KEY_BYTES:
                raise ConfigurationError(f"key {key_id!r} is not {KEY_BYTES} bytes")
        self.active = next(iter(keys)) if active is None else active
        if self.active not in keys:
            raise ConfigurationError("the active key is not in the ring")
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"KeyRing(ids={list(self._keys)}, active={self.active!r})"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    @property
    def ids(self) -> list[str]:
        """The ids of the keys, the active one first."""
        return [self.active, *(key_id for key_id in self._keys if key_id != self.active)]

    def derive(self, key_id: str, purpose: str, size_bytes: int) -> bytes | None:
        """Return a key for one purpose, derived from the key with this id; None when there is none."""
        key = self._keys.get(key_id)
        if key is None:
            return None
        info = b"satchel field encryption 1 " + purpose.encode()
        return HKDF(algorithm=SHA256(), length=size_bytes, salt=None, info=info).derive(key)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> KeyRing:
        """Read a ring from a file with a key on each line.

        Raises:
            ConfigurationError: A line is not `id:base64` of 32 bytes, or there is none.
            OSError: The file cannot be read.
        """
        return cls._parse(Path(path).read_text(encoding="ascii", errors="replace").splitlines(), os.fspath(path))

    @classmethod
    def from_environment(cls, variable: str = VARIABLE) -> KeyRing:
        """Read a ring from an environment variable.

        Raises:
            ConfigurationError: The variable is not set, or malformed.
        """
        return cls._parse(os.environ.get(variable, "").split(","), variable)

    @classmethod
    def _parse(cls, lines: list[str], source: str) -> KeyRing:
        keys: dict[str, bytes] = {}
        for line in filter(None, map(str.strip, lines)):
            key_id, _, text = line.partition(":")
            try:
                key = base64.b64decode(text, validate=True)
            except binascii.Error:
                key = b""
            if len(key) != KEY_BYTES or key_id in keys:
                raise ConfigurationError(f"{source}: a key is `id:` and the base64 of {KEY_BYTES} bytes, each id once")
            keys[key_id] = key
        if not keys:
            raise ConfigurationError(f"{source}: no keys in it; none is made up")
        return cls(keys)

    @staticmethod
    def new_line(key_id: str) -> str:
        """Return a line for a key file, with a new random key."""
        return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
