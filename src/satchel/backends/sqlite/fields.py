"""Some fields of many records at once, read from the column `doc`: several times as fast as decoding whole documents.

The projection says less than the document. Whether an integer is an int or a long tell the type byte and name that
stand before it in the BSON, for which SQL looks where there are integers. What stays open (a decimal,
binary data, a long string, two widths side by side) makes the whole answer None, and the documents themselves are read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias, cast

import apsw
import orjson
from bson import Binary, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.backends.sqlite.places import Place
from satchel.backends.sqlite.predicates import Narrowing
from satchel.backends.sqlite.schema import quote
from satchel.storage.interface import PartialRecords
from satchel.values.bson_types import INT32_MAX, INT32_MIN, MISSING, BsonValue, Field

MAX_RECORDS: Final = 2048
"""How many records may be read at once."""

_MAX_PROJECTION_BYTES: Final = 32 << 10
"""Larger projections are left alone, so that what is read at once stays small."""

_MAX_FIELDS: Final = 6
"""More fields are read sooner by decoding the documents."""

_PLAIN_NAME: Final = re.compile(r"[^$\"'\\\x00-\x1f][^\"'\\\x00-\x1f]*")
_INT_TYPE: Final = b"\x10"
_LONG_TYPE: Final = b"\x12"
_TAGGED: Final = '{"$'
"""Stands in JSON text where a value has a tag, and nowhere else."""

_NO_VALUE: Final = '{"$":0}'
"""Stands for a field that a record lacks."""

_THROUGH_ARRAY: Final = '{"$array":0}'
"""Stands for a field on the way to which there is an array, so that it has any number of values."""

_LARGE: Final = '{"$large":0}'
"""Stands for what is in a record that is left alone."""

Column: TypeAlias = list[Field]


class _OpenError(Exception):
    """The projection leaves a value open."""


class _Source(NamedTuple):
    """Where records are read, as parts of SQL.

    Attributes:
        records: What follows FROM, up to a condition that others may join; `{}` stands for the table.
        order: The order, and the limit.
        same: The condition that leaves no more than what was read with the limit.
    """

    records: str
    order: str
    same: str


_NEXT: Final = _Source("{} AS t WHERE t.rid > :after", "t.rid LIMIT :limit", "t.rid <= :last")
_LISTED: Final = _Source("json_each(:rids) AS r CROSS JOIN {} AS t ON t.rid = r.value WHERE TRUE", "r.key", "TRUE")


class _Question(NamedTuple):
    """What is to be read, and of which records."""

    table: str
    names: tuple[str, ...]
    possible: str
    certain: str
    source: _Source
    with_rids: bool = False


class FieldReader:
    """Reads fields within one snapshot.

    Args:
        connection: The connection that has the snapshot.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._marks: defaultdict[tuple[str, tuple[str, ...]], list[bytes]] = defaultdict(list)

    def read_next(
        self, table: str, names: tuple[str, ...], narrowed: Narrowing, *, after: int, with_rids: bool
    ) -> PartialRecords:
        """Return fields of the next records beyond the record id `after`."""
        question = _Question(table, names, narrowed.possible, narrowed.certain, _NEXT, with_rids)
        return self._read(question, {"after": after, "limit": MAX_RECORDS, **narrowed.arguments})

    def read_listed(
        self, table: str, names: tuple[str, ...], narrowed: Narrowing, rids: Sequence[int]
    ) -> PartialRecords:
        """Return fields of the records of a list, in its order."""
        question = _Question(table, names, narrowed.possible, narrowed.certain, _LISTED)
        return self._read(question, {"rids": orjson.dumps(rids).decode(), **narrowed.arguments})

    def _read(self, question: _Question, arguments: dict[str, object]) -> PartialRecords:
        names = question.names
        # What had to be looked for among the records before is looked for at once.
        marks = self._marks[question.table, names]
        sql = _fields_sql(question, tuple(marks))
        row = cast("tuple[Any, ...]", self._connection.execute(sql, arguments).get)
        last_rid, is_sure, rids = row[:3]
        if not is_sure:
            return PartialRecords(last_rid, None, [])
        counts: dict[bytes, int] = dict(zip(marks, row[3 + len(names) :], strict=True))

        def count(mark: bytes) -> int:
            if mark not in counts:
                marks.append(mark)
                found = self._connection.execute(_count_sql(question, mark), {**arguments, "last": last_rid}).get
                counts[mark] = cast("int", found)
            return counts[mark]

        try:
            columns = {name: _column(name, members, count) for name, members in zip(names, row[3:], strict=False)}
        except _OpenError:
            return PartialRecords(last_rid, None, [])
        return PartialRecords(last_rid, columns, orjson.loads(f"[{rids or ''}]"))


def can_read(names: Iterable[str]) -> bool:
    """Tell whether fields of these dotted paths can be read this way, and are few enough for it to pay."""
    listed = list(names)
    return 0 < len(listed) <= _MAX_FIELDS and all(map(_is_plain, listed))


def _is_plain(path: str) -> bool:
    return path.isprintable() and all(map(_PLAIN_NAME.fullmatch, path.split(".")))


@lru_cache(maxsize=256)
def _fields_sql(question: _Question, marks: tuple[bytes, ...]) -> str:
    """Return the statement that reads fields.

    Its one row has the last record id, whether each record has a projection and is certain to match, the record ids if
    they are wanted, for each field its values as the members of a JSON array, and for each mark in how many it stands.
    """
    places = [Place("t.doc", path=tuple(name.split("."))) for name in question.names]
    found = [
        *(f"{_value(place)} AS f{number}" for number, place in enumerate(places)),
        *(f"{_stands(mark)} AS m{number}" for number, mark in enumerate(marks)),
    ]
    together = [
        *(f"group_concat(f{number}, ',')" for number in range(len(places))),
        *(f"sum(m{number})" for number in range(len(marks))),
    ]
    rids = "group_concat(rid, ',')" if question.with_rids else "NULL"
    source = question.source
    return f"""
        SELECT max(rid), min(sure), {rids}, {", ".join(together)} FROM (
            SELECT t.rid, t.doc IS NOT NULL AND {question.certain} AS sure, {", ".join(found)}
            FROM {source.records.format(quote(question.table))} AND {question.possible} ORDER BY {source.order}
        )
    """


def _count_sql(question: _Question, mark: bytes) -> str:
    """Return the statement that counts the same records in whose BSON some bytes stand."""
    records = f"{question.source.records.format(quote(question.table))} AND {question.source.same}"
    return f"SELECT count(*) FROM {records} AND {question.possible} AND {_stands(mark)}"


def _stands(mark: bytes) -> str:
    return f"instr(t.bson, x'{mark.hex()}') > 0"


def _value(place: Place) -> str:
    """Return the SQL of a value as JSON text, or of what stands for it."""
    value = f"ifnull({place.text}, {_missing(place)})"
    return f"CASE WHEN length(t.doc) > {_MAX_PROJECTION_BYTES} THEN '{_LARGE}' ELSE {value} END"


def _missing(place: Place) -> str:
    """Return the SQL of what stands for no value at a place, or for an array on the way."""
    on_the_way = [place.at(place.path[:step]).type for step in range(1, len(place.path))]
    if not on_the_way:
        return f"'{_NO_VALUE}'"
    cases = " ".join(f"WHEN {type_} THEN '{_THROUGH_ARRAY}'" for type_ in on_the_way)
    return f"CASE 'array' {cases} ELSE '{_NO_VALUE}' END"


def _column(name: str, members: str, count: Callable[[bytes], int]) -> Column:
    """Return the values of a field.

    Args:
        name: The field's dotted path.
        members: The values, as the members of a JSON array.
        count: Tells in how many of the records some bytes stand.

    Raises:
        _OpenError: The projection leaves one of them open.
    """
    column: Column = orjson.loads(f"[{members}]")
    if _TAGGED in members:
        column = [_restored(value) for value in column]
    classes = set(map(type, column))
    if _contain_integers(column, classes) and count(_LONG_TYPE):
        raise _OpenError
    if int not in classes:
        return column
    mark = name.rpartition(".")[2].encode() + b"\0"
    longs = count(_LONG_TYPE + mark)
    if not longs:
        return column
    if longs == sum(map(_is_wide, column)):  # an integer beyond int32 is a long, and those are all
        return [_long(value) if _is_wide(value) else value for value in column]
    if count(_INT_TYPE + mark):
        raise _OpenError
    return [_long(value) if value.__class__ is int else value for value in column]


def _is_wide(value: Field) -> bool:
    return value.__class__ is int and not INT32_MIN <= value <= INT32_MAX


def _long(value: Field) -> Int64:
    return Int64(cast("int", value))


def _contain_integers(values: Sequence[Any], classes: set[type]) -> bool:
    """Tell whether there is an integer in one of those values that are arrays or objects, at whatever depth."""
    while not classes.isdisjoint((dict, list)):
        values = list(chain.from_iterable(values if classes == {list} else map(_members, values)))
        classes = set(map(type, values))
        if int in classes:
            return True
    return False


def _members(value: Field) -> Iterable[Field]:
    if isinstance(value, list):
        return value
    return value.values() if isinstance(value, dict) else ()


def _restored(value: BsonValue) -> Field:
    """Return a value in the classes that decoding gives."""
    if isinstance(value, dict):
        tag = next(iter(value), "")
        restore = _RESTORE.get(tag)
        if restore is not None:
            return restore(value[tag])
        if tag[:1] == "$":
            raise _OpenError
        return {name: _restored(inner) for name, inner in value.items()}
    return [_restored(item) for item in value] if isinstance(value, list) else value


def date(text: str) -> DatetimeMS:
    """Return a date of the projection."""
    return DatetimeMS((datetime.fromisoformat(text[:-1]) - _EPOCH) // _MILLISECOND)


_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RESTORE: Final[dict[str, Callable[..., Field]]] = {
    "$": lambda _: MISSING,
    "$oid": ObjectId,
    "$date": date,
    "$uuid": lambda text: Binary(bytes.fromhex(text.replace("-", "")), 4),
}
"""What the projection says all of, by its tag, and what stands for no value."""
