"""The commonest read, a document by its `_id`, past everything that other queries need.

It finds what `planner.plan` and the scans find for the same filter; MongoDB calls its own such plans EXPRESS.
"""

from __future__ import annotations

from typing import Final

from bson import Int64, ObjectId

from satchel.engine.engine import Engine
from satchel.engine.namespaces import Namespace
from satchel.values import key_string
from satchel.values.bson_types import MISSING as NOT_EXPRESS
from satchel.values.bson_types import BsonValue, Missing

EXPRESS_CLASSES: Final = frozenset({ObjectId, int, Int64, str})
"""Classes of which every value, as a filter's `_id`, means equality and nothing else."""


def find_by_id(engine: Engine, namespace: Namespace, identifier: BsonValue) -> bytes | Missing | None:
    """Return the BSON of the document with an `_id`, or None when there is none.

    Args:
        engine: The engine.
        namespace: A collection's namespace.
        identifier: The `_id`, of one of `EXPRESS_CLASSES`.

    Returns:
        NOT_EXPRESS when the namespace is not that of a collection that is there: other rules apply then.

    Raises:
        ServerError: The storage has failed.
    """
    with engine.read() as unit:
        entry = unit.catalog.get(namespace)
        if entry is None or entry.is_view:
            return NOT_EXPRESS
        engine.opcounters["find"] += 1
        record = unit.reader.get_by_id(entry.table, key_string.encode(identifier, entry.collation))
        return None if record is None else record[1]


__all__ = ["EXPRESS_CLASSES", "NOT_EXPRESS", "find_by_id"]
