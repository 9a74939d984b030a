"""A copy of a file as it is at one moment, while others go on using it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Final

import apsw

from satchel.backends.sqlite import connection as connections
from satchel.backends.sqlite.cipher import Cipher
from satchel.backends.sqlite.connection import translate
from satchel.backends.sqlite.copying import compare, make_empty, sync_to_disk
from satchel.errors import StorageError

SUFFIX: Final = "-backup"
"""Behind the target's name: the copy, until it is whole and compared. What a crash leaves there is worthless."""

_STEP_PAGES: Final = 2000


def backup(
    path: str, target: str, cipher: Cipher | None, *, overwrite: bool, progress: Callable[[int, int], object]
) -> None:
    """Copy a file, compare the copy with it, and put the copy in place whole.

    Args:
        path: The file.
        target: Where the copy goes.
        cipher: The key of the file, which the copy has too.
        overwrite: Whether a file that is there is replaced.
        progress: Told of the pages that are done, and of how many there are.

    Raises:
        StorageError: The file is damaged, or the copy is not like it; nothing is at `target` that was not before.
        FileExistsError: There is a file at `target`.
    """
    if not overwrite and os.path.exists(target):
        raise FileExistsError(f"{target} is there already")
    copy = target + SUFFIX
    make_empty(copy, like=path)
    try:
        with _snapshot(path, cipher) as source:
            _copy(source, copy, cipher, progress)
            compare(source, copy, cipher)
        _put_in_place(copy, target, cipher, overwrite=overwrite)
    except apsw.Error as error:
        raise translate(error) from error
    finally:
        for leftover in (copy, f"{copy}-wal", f"{copy}-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(leftover)


@contextlib.contextmanager
def _snapshot(path: str, cipher: Cipher | None) -> Iterator[apsw.Connection]:
    """Open a file as it is now, and as it stays for this connection."""
    source = connections.open_read_only(path, cipher)
    try:
        source.execute("BEGIN; SELECT count(*) FROM sqlite_schema").fetchall()
        yield source
    finally:
        source.close()


def _copy(source: apsw.Connection, copy: str, cipher: Cipher | None, progress: Callable[[int, int], object]) -> None:
    target = connections.open_reader(copy, cipher)
    try:
        target.execute(f"PRAGMA page_size = {source.pragma('page_size')}")
        with target.backup("main", source, "main") as copying:
            while not copying.done:
                copying.step(_STEP_PAGES)
                progress(copying.page_count - copying.remaining, copying.page_count)
    finally:
        target.close()


def _put_in_place(copy: str, target: str, cipher: Cipher | None, *, overwrite: bool) -> None:
    for log in (f"{copy}-wal", f"{copy}-shm"):
        if os.path.exists(log):
            raise StorageError("the copy was not closed properly")
    sync_to_disk(copy)
    if overwrite:
        _remove_logs(target, cipher)
        os.replace(copy, target)
    else:
        os.link(copy, target)  # unlike a rename it fails when somebody has just made a file there
    sync_to_disk(os.path.dirname(os.path.abspath(target)))


def _remove_logs(target: str, cipher: Cipher | None) -> None:
    """Remove what a reader may have left beside a file that is replaced: a log would be taken for the new file's.

    Raises:
        StorageError: The file is open, or its log has something in it.
    """
    logs = [log for log in (f"{target}-wal", f"{target}-shm") if os.path.exists(log)]
    if logs and (connections.is_open_elsewhere(target, cipher) or connections.has_log(target)):
        raise StorageError(f"{target} is open, or was not closed properly; it cannot be replaced")
    for log in logs:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log)
