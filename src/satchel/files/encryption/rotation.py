"""Bringing what is stored to the active key, while others read and write."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, cast

from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.collection import Collection

from satchel.files.encryption.client import bypassed, encrypters_of
from satchel.files.encryption.documents import FieldEncrypter
from satchel.files.encryption.hashing import is_hashed
from satchel.files.encryption.policy import Treatment
from satchel.files.encryption.values import is_encrypted
from satchel.files.field_paths import change_within, field_values
from satchel.values.bson_types import CODEC_OPTIONS, BsonValue, Document

_BATCH: Final = 200

Progress = Callable[[int], None]
"""Told, now and then, how many documents have been looked at."""


class Rotation:
    """A rotation that runs in a thread.

    Killed or stopped, it can be started again: it goes past what is done already.
    """

    def __init__(self, collection: Collection[Any]) -> None:
        self.checked = 0
        self.changed = 0
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(collection,), name="satchel-rotation", daemon=True)
        self._thread.start()

    def _run(self, collection: Collection[Any]) -> None:
        try:
            self.changed = rotate(collection, self._note)
        except _StoppedError:
            pass
        except BaseException as error:
            self._error = error

    def _note(self, checked: int) -> None:
        self.checked = checked
        if self._stop.is_set():
            raise _StoppedError

    def stop(self) -> None:
        """End it soon, and wait until it has."""
        self._stop.set()
        self._thread.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, and tell whether it has.

        Raises:
            BaseException: What it failed with.
        """
        self._thread.join(timeout)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()


class _StoppedError(Exception):
    """The rotation was told to stop."""


def rotate(collection: Collection[Any], progress: Progress | None = None) -> int:
    """Encrypt a collection's fields with the active key: those under other keys, and those that are not encrypted yet.

    A document that somebody changes at the same moment is looked at again, so no change is lost. It can be broken off
    and started again at any time.

    Args:
        collection: A collection of a client that `encrypt_fields` was called for.
        progress: Told how many documents have been looked at; what it raises ends the rotation.

    Returns:
        How many documents were changed.

    Raises:
        EncryptionError: A value does not decrypt; its document is as it was.
    """
    encrypter = _encrypter(collection)
    changed = 0
    with bypassed():
        raw = collection.with_options(codec_options=CODEC_OPTIONS)
        for checked, document in enumerate(raw.find(batch_size=_BATCH).sort("_id", ASCENDING), 1):
            found: Document | None = document
            was_changed = False
            while found is not None and (change := _change(encrypter, found)) is not None:
                filter_, update = change
                if raw.update_one(filter_, update).matched_count:
                    was_changed = True
                    break
                found = raw.find_one({"_id": {"$eq": document["_id"]}})
            changed += was_changed
            if progress is not None:
                progress(checked)
    return changed


async def rotate_async(collection: AsyncCollection[Any], progress: Progress | None = None) -> int:
    """Do what `rotate` does, for an `AsyncMongoClient`."""
    encrypter = _encrypter(collection)
    changed = 0
    with bypassed():
        raw = collection.with_options(codec_options=CODEC_OPTIONS)
        checked = 0
        async for document in raw.find(batch_size=_BATCH).sort("_id", ASCENDING):
            checked += 1
            found: Document | None = document
            was_changed = False
            while found is not None and (change := await asyncio.to_thread(_change, encrypter, found)) is not None:
                filter_, update = change
                if (await raw.update_one(filter_, update)).matched_count:
                    was_changed = True
                    break
                found = await raw.find_one({"_id": {"$eq": document["_id"]}})
            changed += was_changed
            if progress is not None:
                progress(checked)
    return changed


def _encrypter(collection: Collection[Any] | AsyncCollection[Any]) -> FieldEncrypter:
    encrypters = encrypters_of(collection.database.client)
    encrypter = encrypters.find(collection.database.name, collection.name)
    if encrypter is None:
        raise ValueError(f"no fields of {collection.full_name} are encrypted")
    return encrypter


def _change(encrypter: FieldEncrypter, document: Document) -> tuple[Document, Document] | None:
    """Return the filter and the update that bring a stored document to the active key; None when it is there."""
    new: Document = {}
    for name in {path.partition(".")[0] for path in encrypter.treatments} & document.keys():
        value = document[name]
        if not all(_is_done(encrypter, *each) for each in field_values(value, name, encrypter.treatments)):
            new[name] = change_within(
                value, name, encrypter.treatments, lambda path, each: _renew(encrypter, path, each)
            )
    if not new:
        return None
    old = {name: {"$eq": document[name]} for name in new}
    return {"_id": {"$eq": document["_id"]}, **old}, {"$set": new}


def _is_done(encrypter: FieldEncrypter, path: str, value: BsonValue) -> bool:
    if value is None:
        return True
    treatment = encrypter.treatments[path]
    if treatment is Treatment.HASH:
        return is_hashed(value)
    is_deterministic = treatment is Treatment.DETERMINISTIC
    return is_encrypted(value) and encrypter.cipher.is_current(cast("Any", value), deterministic=is_deterministic)


def _renew(encrypter: FieldEncrypter, path: str, value: BsonValue) -> BsonValue:
    if _is_done(encrypter, path, value):
        return value
    return encrypter.encrypt_element(path, encrypter.decrypt_at(path, value))
