"""The commonest reads, past everything that other queries need: a document by an indexed field, or the first one.

It finds what `planner.plan` and the scans find for the same filter; MongoDB calls its own such plans EXPRESS.
"""

from __future__ import annotations

from satchel.engine.engine import Engine, server_error
from satchel.engine.namespaces import Namespace
from satchel.engine.planner.indexes import sole_index
from satchel.engine.planner.lookup import first_record
from satchel.errors import StorageError
from satchel.values.bson_types import MISSING as NOT_EXPRESS
from satchel.values.bson_types import BsonValue, Missing, decode_document, encode_document


def find_equal(engine: Engine, namespace: Namespace, path: str, value: BsonValue) -> bytes | Missing | None:
    """Return the BSON of the first document in which a path leads to a value, or None when there is none.

    Args:
        engine: The engine.
        namespace: A collection's namespace.
        path: The path.
        value: The value, of one of `PLAIN_CLASSES`.

    Returns:
        NOT_EXPRESS when the namespace is not that of a collection that is there, or it is not clear that one index
        alone is the one to use: other rules apply then.

    Raises:
        ServerError: The storage has failed.
    """
    if path != "_id" and not _may_be_indexed(engine, namespace, path):
        return NOT_EXPRESS
    try:
        with engine.storage.read() as reader:
            entry = engine.catalog_of(reader).get(namespace)
            if entry is None or entry.is_view:
                return NOT_EXPRESS
            record = first_record(reader, entry, path, value)
    except StorageError as error:
        raise server_error(error) from error
    if record is NOT_EXPRESS:
        return NOT_EXPRESS
    engine.opcounters["find"] += 1
    return None if record is None else record[1]


def find_first(engine: Engine, namespace: Namespace, *, only_id: bool) -> bytes | Missing | None:
    """Return the BSON of the first document of a collection in natural order, or None when there is none.

    Args:
        engine: The engine.
        namespace: A collection's namespace.
        only_id: Whether only its `_id` is asked for.

    Returns:
        NOT_EXPRESS when the namespace is not that of a collection that is there.

    Raises:
        ServerError: The storage has failed.
    """
    with engine.read() as unit:
        entry = unit.catalog.get(namespace)
        if entry is None or entry.is_view:
            return NOT_EXPRESS
        record = next(unit.reader.scan(entry.table), None)
    engine.opcounters["find"] += 1
    if record is None:
        return None
    return encode_document({"_id": decode_document(record[1])["_id"]}) if only_id else record[1]


def _may_be_indexed(engine: Engine, namespace: Namespace, path: str) -> bool:
    """Tell whether it is worth while to look, as far as the catalog is known."""
    entry = engine.last_catalog and engine.last_catalog.get(namespace)
    return entry is not None and sole_index(entry, path) is not None


__all__ = ["NOT_EXPRESS", "find_equal", "find_first"]
