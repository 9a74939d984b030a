"""A short cut for insert_many: documents are encoded once, and no message is made of them.

What PyMongo does to the caller's documents, and what its results and exceptions say, is done and said here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import GeneratorType
from typing import Any, Final

import bson
from bson import ObjectId
from bson.codec_options import CodecOptions
from pymongo.errors import BulkWriteError

from satchel.driver.direct import DirectConnection, NotDirectError
from satchel.driver.exchange import MESSAGE_SIZE_LIMIT_BYTES
from satchel.settings import MAX_WRITE_BATCH_SIZE
from satchel.values.namespace import Namespace

Rest = Callable[[Iterable[Any]], object]
"""PyMongo's own insert_many, for documents that are left."""

_PLAIN_ITERABLES: Final = frozenset({list, tuple, GeneratorType})
_LARGE_DOCUMENT_BYTES: Final = 16 * 1024
_LARGE_DOCUMENTS_BYTES: Final = 1024 * 1024
"""How much of large documents is encoded before it is written."""

_COMMAND_BYTES: Final = 1024
"""What PyMongo's message of a batch has besides the documents, or a little more."""


def is_plain(documents: object, ordered: object) -> bool:
    """Tell whether these are arguments of the usual kinds, about which PyMongo has nothing to say."""
    return documents.__class__ in _PLAIN_ITERABLES and bool(documents) and ordered.__class__ is bool


def with_ids(documents: Iterable[Any]) -> tuple[list[dict[str, Any]], list[Any], Iterable[Any]]:
    """Take documents and give those an `_id` that have none, as PyMongo does before it sends the first of them.

    Returns:
        The documents and their `_id`s. When there are none, or something that is not a dict is among them, PyMongo is
        to be given what comes third.
    """
    taken: list[dict[str, Any]] = []
    ids: list[Any] = []
    iterator = iter(documents)
    for document in iterator:
        if document.__class__ is not dict:
            return [], [], chain(taken, (document,), iterator)
        if "_id" not in document:
            document["_id"] = ObjectId()
        ids.append(document["_id"])
        taken.append(document)
    return taken, ids, iter(())


class DirectInserts:
    """Inserts documents and keeps count of what became of them.

    Args:
        direct: What takes the short cut.
        namespace: The collection.
        ordered: Whether nothing is inserted after the first failure.
    """

    def __init__(self, direct: DirectConnection, namespace: Namespace, *, ordered: bool) -> None:
        self._direct = direct
        self._namespace = namespace
        self._ordered = ordered
        self._inserted = 0
        self._errors: list[dict[str, Any]] = []

    def run(self, documents: Sequence[Mapping[str, Any]], options: CodecOptions[Any], rest: Rest) -> None:
        """Insert documents, as many at once as PyMongo would send in one message.

        Args:
            documents: The documents.
            options: How they are encoded.
            rest: Takes those for which there is no short cut.

        Raises:
            BulkWriteError: Some could not be inserted.
        """
        done = 0
        while done < len(documents) and not (self._ordered and self._errors):
            try:
                if len(documents) == 1 and self._is_inserted(documents[0], options):
                    return
                batch = _encoded(documents, done, options)
                reply = self._direct.insert_many(self._namespace, batch, self._ordered, options)
            except NotDirectError:
                self._run_rest(documents, done, rest)
                break
            self._note(documents, done, reply["n"], reply.get("writeErrors", ()))
            done += len(batch)
        if self._errors:
            raise BulkWriteError(self._details([]))

    def _is_inserted(self, document: Mapping[str, Any], options: CodecOptions[Any]) -> bool:
        """Insert a document if that takes no command."""
        try:
            self._direct.insert_one(self._namespace, document, options)
        except NotDirectError:
            return False
        return True

    def _run_rest(self, documents: Sequence[Mapping[str, Any]], done: int, rest: Rest) -> None:
        """Insert what is left in PyMongo's own way, and add its result to what is known."""
        try:
            rest(documents[done:])
        except BulkWriteError as error:
            self._note(documents, done, error.details["nInserted"], error.details["writeErrors"])
            raise BulkWriteError(self._details(error.details["writeConcernErrors"])) from None

    def _note(
        self, documents: Sequence[Mapping[str, Any]], done: int, inserted: int, errors: Iterable[Mapping[str, Any]]
    ) -> None:
        self._inserted += inserted
        for error in errors:
            index = error["index"] + done
            self._errors.append({**error, "index": index, "op": documents[index]})

    def _details(self, write_concern_errors: list[Any]) -> dict[str, Any]:
        return {
            "writeErrors": self._errors,
            "writeConcernErrors": write_concern_errors,
            "nInserted": self._inserted,
            "nUpserted": 0,
            "nMatched": 0,
            "nModified": 0,
            "nRemoved": 0,
            "upserted": [],
        }


def _encoded(documents: Sequence[Mapping[str, Any]], start: int, options: CodecOptions[Any]) -> list[bytes]:
    """Encode as many documents as go into one transaction: fewer of large ones, so that they are not twice in memory.

    Raises:
        NotDirectError: The first one does not fit into any message; PyMongo says so.
    """
    batch: list[bytes] = []
    size_bytes = 0
    for document in documents[start : start + MAX_WRITE_BATCH_SIZE]:
        encoded = bson.encode(document, False, options)
        size_bytes += len(encoded)
        if size_bytes > MESSAGE_SIZE_LIMIT_BYTES - _COMMAND_BYTES:
            break
        batch.append(encoded)
        if size_bytes >= _LARGE_DOCUMENTS_BYTES and size_bytes >= len(batch) * _LARGE_DOCUMENT_BYTES:
            break
    if not batch:
        raise NotDirectError
    return batch
