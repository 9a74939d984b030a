"""Where commands have a file's key from: a key file or the environment. An argument would show in the process list."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

KEY_VARIABLE: Final = "SATCHEL_KEY"
NEW_KEY_VARIABLE: Final = "SATCHEL_NEW_KEY"
_HEX: Final = "hex:"
_KEY_BYTES: Final = 32


class NoKeyError(Exception):
    """Where a key should be there is none."""


def add_key_option(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--key-file`."""
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help=f"the key of an encrypted file: a passphrase, or {_HEX} and 64 hexadecimal digits (or {KEY_VARIABLE})",
    )


def read_key(key_file: Path | None, variable: str = KEY_VARIABLE) -> str | bytes | None:
    """Return the key in a key file, otherwise in an environment variable, otherwise None.

    Raises:
        NoKeyError: There is no key in it. The message does not show what is.
    """
    if key_file is not None:
        try:
            text = key_file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise NoKeyError(f"{key_file}: a key file is text") from None
        return parse_key(text.removesuffix("\n").removesuffix("\r"), str(key_file))
    value = os.environ.get(variable)
    return None if value is None else parse_key(value, variable)


def parse_key(text: str, source: str) -> str | bytes:
    """Return a passphrase, or the 32 bytes that `hex:` and 64 hexadecimal digits say."""
    if not text:
        raise NoKeyError(f"{source}: the key is empty")
    if not text.startswith(_HEX):
        return text
    try:
        key = bytes.fromhex(text[len(_HEX) :])
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise NoKeyError(f"{source}: behind {_HEX} there are to be {2 * _KEY_BYTES} hexadecimal digits")
    return key
