"""Some fields of many records at once, read from the column `doc`: several times as fast as decoding whole documents.

The projection says less than the document. What it leaves open is found out in the same statement: whether an integer
is an int or a long from the type byte and name that stand before it in the BSON. What stays open (a decimal, binary
data, a long string, two widths side by side) makes the whole answer None, and the documents themselves are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Final

import orjson
from bson import Binary, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.backends.sqlite.places import Place
from satchel.backends.sqlite.schema import quote
from satchel.values.bson_types import INT32_MAX, INT32_MIN, BsonValue, Document

MAX_RECORDS: Final = 512
"""How many records may be read at once; SQLite puts longer texts together more slowly."""

_MAX_FIELDS: Final = 6
"""More fields are read sooner by decoding the documents."""

_SLOT_BITS: Final = 12
"""Of each kind of integer a sum counts the records, which are fewer than 2 to this power."""

_SLOT_MASK: Final = (1 << _SLOT_BITS) - 1
_INT, _WIDE, _LONG, _UNSURE, _NESTED = (1 << _SLOT_BITS * slot for slot in range(5))
_PLAIN_NAME: Final = re.compile(r"[^$\"'\\\x00-\x1f][^\"'\\\x00-\x1f]*")
_INT_TYPE: Final = b"\x10"
_LONG_TYPE: Final = b"\x12"
_TAGGED: Final = '{"$'
"""Stands in JSON text where a value has a tag, and nowhere else."""


class _OpenError(Exception):
    """The projection leaves the value open."""


def can_read(names: Iterable[str]) -> bool:
    """Tell whether top-level fields of these names can be read this way, and are few enough for it to pay."""
    listed = list(names)
    return 0 < len(listed) <= _MAX_FIELDS and all(map(_is_plain, listed))


def _is_plain(name: str) -> bool:
    return name.isprintable() and _PLAIN_NAME.fullmatch(name) is not None


@lru_cache(maxsize=256)
def fields_sql(table: str, names: tuple[str, ...], possible: str, certain: str, *, with_rids: bool) -> str:
    """Return the statement that reads fields of up to `:limit` records beyond `:after`.

    Its one row has the last record id, whether each record has a projection and is certain to match, the record ids if
    they are wanted and the fields as members of a JSON array, and for each field a sum of what integers there are.
    """
    places = [Place("t.doc", path=(name,)) for name in names]
    weights = ", ".join(f"{_weight(place)} AS w{number}" for number, place in enumerate(places))
    sums = ", ".join(f"sum(w{number})" for number in range(len(places)))
    rids = "group_concat(rid, ',')" if with_rids else "NULL"
    return f"""
        SELECT max(rid), min(sure), {rids}, group_concat(fields, ','), {sums} FROM (
            SELECT t.rid, t.doc IS NOT NULL AND {certain} AS sure, {_object(places)} AS fields, {weights}
            FROM {quote(table)} AS t WHERE t.rid > :after AND {possible} ORDER BY t.rid LIMIT :limit
        )
    """


def _object(places: Sequence[Place]) -> str:
    """Return the SQL of a JSON object with the fields that are there."""
    members = (f"""ifnull(',"{place.path[0]}":' || {place.text}, '')""" for place in places)
    return f"'{{' || ltrim({' || '.join(members)}, ',') || '}}'"


def _weight(place: Place) -> str:
    """Return the SQL of what a record adds to the sum of a field."""
    name = place.path[0].encode() + b"\0"
    is_long, is_int = (f"instr(t.bson, x'{(kind + name).hex()}')" for kind in (_LONG_TYPE, _INT_TYPE))
    is_wide = f"{place.value} NOT BETWEEN {INT32_MIN} AND {INT32_MAX}"
    integer = (
        f"CASE WHEN NOT {is_long} THEN {_INT} WHEN {is_wide} THEN {_WIDE} WHEN {is_int} THEN {_UNSURE} ELSE {_LONG} END"
    )
    nested = f"CASE WHEN instr(t.bson, x'{_LONG_TYPE.hex()}') THEN {_NESTED} ELSE 0 END"
    return f"CASE {place.type} WHEN 'integer' THEN {integer} WHEN 'array' THEN {nested} WHEN 'object' THEN {nested} END"


def decode_fields(members: str, names: Sequence[str], sums: Sequence[int | None]) -> list[Document] | None:
    """Return the fields of records, or None when the projection leaves something open.

    Args:
        members: The members of a JSON array, an object for each record.
        names: The fields that were asked for.
        sums: For each of them the sum of its weights.
    """
    documents: list[Document] = orjson.loads(f"[{members}]")
    try:
        if _TAGGED in members:
            documents = [{name: _restored(value) for name, value in document.items()} for document in documents]
        for name, total in zip(names, sums, strict=True):
            if total:
                _restore_integers(documents, name, total)
    except _OpenError:
        return None
    return documents


def decode_rids(members: str | None) -> list[int]:
    """Return record ids; none if none were asked for."""
    rids: list[int] = orjson.loads(f"[{members or ''}]")
    return rids


def _restore_integers(documents: list[Document], name: str, total: int) -> None:
    """Give a field's integers their widths."""
    ints, wides, longs, unsure, nested = (total >> _SLOT_BITS * slot & _SLOT_MASK for slot in range(5))
    if unsure or (ints and longs):
        raise _OpenError
    if nested and _contain_integers([document[name] for document in documents if name in document]):
        raise _OpenError
    if not (wides or longs):
        return
    for document in documents:
        value = document.get(name)
        if value.__class__ is int and (longs or not INT32_MIN <= value <= INT32_MAX):
            document[name] = Int64(value)


def _contain_integers(values: list[BsonValue]) -> bool:
    """Tell whether there is an integer in one of those values that are arrays or objects, at whatever depth."""
    classes = set(map(type, values))
    while not classes.isdisjoint((dict, list)):
        values = list(chain.from_iterable(values if classes == {list} else map(_members, values)))  # type: ignore[arg-type]
        classes = set(map(type, values))
        if int in classes:
            return True
    return False


def _members(value: BsonValue) -> Iterable[BsonValue]:
    if isinstance(value, list):
        return value
    return value.values() if isinstance(value, dict) else ()


def _restored(value: BsonValue) -> BsonValue:
    """Return a value in the classes that decoding gives."""
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if tag[:1] != "$":
        return {name: _restored(inner) for name, inner in value.items()}
    restore = _RESTORE.get(tag)
    if restore is None:
        raise _OpenError
    return restore(value[tag])


def _date(text: str) -> DatetimeMS:
    return DatetimeMS((datetime.fromisoformat(text[:-1]) - _EPOCH) // _MILLISECOND)


_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RESTORE: Final[dict[str, Callable[..., BsonValue]]] = {
    "$oid": ObjectId,
    "$date": _date,
    "$uuid": lambda text: Binary(bytes.fromhex(text.replace("-", "")), 4),
}
"""What the projection says all of, by its tag."""
