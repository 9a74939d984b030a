"""`satchel rekey`: encrypt a file, decrypt it, or change its key."""

from __future__ import annotations

from argparse import Namespace

from satchel.cli.info import existing
from satchel.cli.keys import NEW_KEY_VARIABLE, NoKeyError, read_key
from satchel.deployment import rekey_file


def run(options: Namespace) -> int:
    """Give a file another key, or none, and print what it is now.

    Raises:
        NoKeyError: It is not said which key.
    """
    new = None if options.decrypt else read_key(options.new_key_file, NEW_KEY_VARIABLE)
    if new is None and not options.decrypt:
        raise NoKeyError(f"which key? Give --new-key-file, {NEW_KEY_VARIABLE}, or --decrypt")
    rekey_file(existing(options.path), read_key(options.key_file), new)
    print(f"{options.path}: {'decrypted' if new is None else 'encrypted'}, and compared with what it was")
    return 0
