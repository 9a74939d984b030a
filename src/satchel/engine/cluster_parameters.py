"""Parameters of the whole deployment, which the file keeps: `config.clusterParameters`, as in MongoDB."""

from __future__ import annotations

from typing import Final

from satchel.engine.namespaces import Namespace
from satchel.engine.timestamps import current_timestamp
from satchel.engine.units import ReadUnit, WriteUnit
from satchel.engine.writes.collection_writer import CollectionWriter
from satchel.engine.writes.documents import prepare_insert
from satchel.values import key_string
from satchel.values.bson_types import Document, decode_document

CHANGE_STREAM_OPTIONS: Final = "changeStreamOptions"
_PARAMETERS: Final = Namespace("config", "clusterParameters")


def read_parameter(unit: ReadUnit, name: str) -> Document | None:
    """Return a parameter as it is kept, or None when nobody has set it."""
    found = _find(unit, name)
    return None if found is None else found[1]


def write_parameter(unit: WriteUnit, name: str, value: Document) -> None:
    """Set a parameter."""
    entry = unit.ensure_collection(_PARAMETERS)
    document: Document = {"_id": name, "clusterParameterTime": current_timestamp(), **value}
    found = _find(unit, name)
    if found is None:
        CollectionWriter(unit, entry).insert([prepare_insert(document)])
    else:
        CollectionWriter(unit, entry).replace(*found, document)


def _find(unit: ReadUnit, name: str) -> tuple[int, Document] | None:
    entry = unit.catalog.get(_PARAMETERS)
    if entry is None or entry.is_view:
        return None
    record = unit.reader.get_by_id(entry.table, key_string.encode(name, entry.collation))
    return None if record is None else (record[0], decode_document(record[1]))


def image_lifetime_seconds(unit: ReadUnit) -> int | None:
    """Return how long images of changed documents are shown; None for as long as the log has them."""
    options = read_parameter(unit, CHANGE_STREAM_OPTIONS) or {}
    images = options.get("preAndPostImages")
    seconds = images.get("expireAfterSeconds") if isinstance(images, dict) else None
    return seconds if isinstance(seconds, int) else None
