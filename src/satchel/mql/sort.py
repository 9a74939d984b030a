"""Sort patterns: `{a: 1, "b.c": -1}` parsed, as sort keys of documents, and applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.field_path import split_path
from satchel.values.bson_types import BsonValue, Document, Field, is_number
from satchel.values.collation import Collation
from satchel.values.index_keys import ParallelArraysError, Path, index_keys
from satchel.values.key_string import encode_compound

RANDOM_PATH: Final = "$randVal"
"""The path of a `{$meta: "randVal"}` part: no field can have this name."""

MAX_SORT_PARTS: Final = 32

_TOP_K_SLACK: Final = 1000
_UNAVAILABLE_METADATA: Final = {
    "textScore": "text score",
    "searchScore": "$search score",
    "searchHighlights": "$search highlights",
    "vectorSearchScore": "$vectorSearch distance",
    "geoNearDistance": "$geoNear distance",
    "geoNearPoint": "$geoNear point",
    "score": "score",
    "scoreDetails": "scoreDetails",
    "recordId": "record ID",
    "indexKey": "index key",
}

Column = list[Field]


class SortPart(NamedTuple):
    """One field of a sort pattern.

    Attributes:
        path: The dotted path, or `RANDOM_PATH`.
        descending: Whether the greatest value comes first.
    """

    path: str
    descending: bool


class SortPattern:
    """A parsed sort pattern.

    Args:
        parts: The fields, most significant first.
        context: The operation (collation, source of random numbers).

    Attributes:
        parts: The fields, most significant first.
        paths: The same fields' paths, split at their dots.
        collation: How strings compare, or None.
        is_random: Whether `{$meta: "randVal"}` is one of the parts.
    """

    __slots__ = ("_descending", "_random", "collation", "is_random", "parts", "paths")

    def __init__(self, parts: tuple[SortPart, ...], context: Context) -> None:
        self.parts = parts
        self.collation: Collation | None = context.collation
        self.is_random = any(part.path == RANDOM_PATH for part in parts)
        self.paths: tuple[Path, ...] = tuple(tuple(part.path.split(".")) for part in parts)
        self._descending = tuple(part.descending for part in parts)
        self._random = context.random

    def key(self, document: Document) -> bytes:
        """Return the sort key of `document`: keys compare with memcmp as the pattern orders documents.

        A path through arrays gives several keys, of which the first in the pattern's order counts.

        Raises:
            ServerError: BadValue (2) when two paths run into different arrays.
        """
        if self.is_random:
            document = {**document, RANDOM_PATH: self._random.random()}
        plain = [_dotted(document, path) for path in self.paths]
        if not any(value.__class__ is list for value in plain):
            return encode_compound(plain, self._descending, self.collation)
        keys = self._keys(document)
        descending, collation = self._descending, self.collation
        if len(keys) == 1:
            return encode_compound(keys[0], descending, collation)
        return min(encode_compound(key, descending, collation) for key in keys)

    def _keys(self, document: Document) -> list[tuple[Field, ...]]:
        try:
            return index_keys(document, self.paths, missing=None)
        except ParallelArraysError as error:
            raise ServerError(ErrorCode.BadValue, "cannot sort with keys that are parallel arrays") from error

    def spec(self) -> Document:
        """Return the pattern as a document, `{a: 1, b: -1}`."""
        return {part.path: _spec_value(part) for part in self.parts}

    def extend(self, more: Sequence[SortPart], context: Context) -> SortPattern:
        """Return a pattern that breaks the ties of this one by `more`."""
        return SortPattern((*self.parts, *more), context)


def _spec_value(part: SortPart) -> BsonValue:
    if part.path == RANDOM_PATH:
        return {"$meta": "randVal"}
    return -1 if part.descending else 1


def parse_sort(spec: BsonValue, context: Context) -> SortPattern:
    """Parse a sort pattern.

    Args:
        spec: The user's document.
        context: The operation.

    Raises:
        ServerError: Location15973 (not a document), Location15974 and Location15975 (a direction that is not 1 or
            -1), Location15976 (empty), Location17312, Location31138 and FailedToParse (9) for a bad `$meta`,
            Location40218 for metadata that the query does not produce, Location13103 (too many fields), and
            the codes of bad field paths.

    Reference:
        MongoDB manual, "$sort (aggregation)".
    """
    if not isinstance(spec, dict):
        raise ServerError(15973, "the $sort key specification must be an object")
    parts = tuple(_parse_part(path, operand) for path, operand in spec.items())
    if not parts:
        raise ServerError(15976, "$sort stage must have at least one sort key")
    if len(parts) > MAX_SORT_PARTS:
        raise ServerError(13103, "too many compound keys")
    return SortPattern(parts, context)


def natural_order(spec: BsonValue) -> int | None:
    """Return 1 or -1 when a find's sort asks for natural order (`{$natural: 1}`), else None.

    Raises:
        ServerError: BadValue (2) when `$natural` has another direction or company.
    """
    if not isinstance(spec, dict) or "$natural" not in spec:
        return None
    operand = spec["$natural"]
    if len(spec) == 1 and is_number(operand) and (direction := _direction(operand)) is not None:
        return direction
    raise ServerError(ErrorCode.BadValue, "$natural sort cannot be set to a value other than -1 or 1.")


def _parse_part(path: str, operand: BsonValue) -> SortPart:
    if isinstance(operand, dict):
        return _parse_meta(operand)
    if not is_number(operand):
        raise ServerError(15974, f"Illegal key in $sort specification: {path}: {operand!r}")
    direction = _direction(operand)
    if direction is None:
        raise ServerError(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)")
    split_path(path)
    return SortPart(path, direction < 0)


def _direction(operand: BsonValue) -> int | None:
    number = operand.to_decimal() if isinstance(operand, Decimal128) else operand
    try:
        truncated = int(number)  # type: ignore[call-overload]
    except (ValueError, OverflowError):
        return None
    return truncated if truncated in (1, -1) else None


def _parse_meta(operand: Document) -> SortPart:
    if "$meta" not in operand:
        raise ServerError(17312, "$meta is the only expression supported by $sort right now")
    if len(operand) > 1:
        raise ServerError(ErrorCode.FailedToParse, "Cannot have additional keys in a $meta sort specification")
    name = operand["$meta"]
    if name == "randVal":
        return SortPart(RANDOM_PATH, descending=False)
    if isinstance(name, str) and name in _UNAVAILABLE_METADATA:
        raise ServerError(40218, f"query requires {_UNAVAILABLE_METADATA[name]} metadata, but it is not available")
    raise ServerError(31138, f"Illegal $meta sort: $meta: {name!r}")


def sort_documents(documents: Iterable[Document], pattern: SortPattern, limit: int | None = None) -> list[Document]:
    """Return `documents` in the order of `pattern`; equal ones keep their order.

    Args:
        documents: The documents.
        pattern: The order.
        limit: How many of the first to return; the others are let go on the way. None for all.
    """
    if limit is None:
        return _sorted(list(documents), pattern)
    best: list[Document] = []
    capacity = 2 * limit + _TOP_K_SLACK
    for document in documents:
        best.append(document)
        if len(best) >= capacity:
            best = _sorted(best, pattern)[:limit]
    return _sorted(best, pattern)[:limit]


def _sorted(documents: list[Document], pattern: SortPattern) -> list[Document]:
    """Sort by one stable pass per field, least significant first; by whole keys where arrays are met."""
    columns: list[Column] = []
    for path in pattern.paths:
        column = None if pattern.is_random else _column(documents, path)
        if column is None:
            return sorted(documents, key=pattern.key)
        columns.append(column)
    order = list(range(len(documents)))
    for column, part in zip(reversed(columns), reversed(pattern.parts), strict=True):
        keys = _comparable(column, pattern.collation)
        order.sort(key=keys.__getitem__, reverse=part.descending)  # type: ignore[arg-type]
    return [documents[index] for index in order]


def _column(documents: list[Document], path: Path) -> Column | None:
    """Return the documents' values at `path`, or None when one of them goes through an array."""
    values: list[Field]
    if len(path) == 1:
        name = path[0]
        values = [document.get(name) for document in documents]
    else:
        values = [_dotted(document, path) for document in documents]
    return None if any(value.__class__ is list for value in values) else values


def _dotted(document: Document, path: Path) -> Field:
    value: Field = document
    for part in path:
        if value.__class__ is not dict:
            return value if value.__class__ is list else None
        value = value.get(part)
    return value


def _comparable(column: Column, collation: Collation | None) -> Sequence[object]:
    """Return keys that Python compares as MongoDB compares the values: the values themselves where it can be so."""
    classes = set(map(type, column))
    if classes <= _PLAIN_NUMBERS:
        if float in classes and any(map(_is_nan, column)):
            return _encoded(column, collation)
        return column
    if len(classes) == 1:
        (cls,) = classes
        if cls is str and collation is None:
            return column
        convert = _NATIVE_KEYS.get(cls)
        if convert is not None:
            return list(map(convert, column))
    return _encoded(column, collation)


def _is_nan(number: Field) -> bool:
    return number != number  # noqa: PLR0124 - only NaN is not itself


def _encoded(column: Column, collation: Collation | None) -> list[bytes]:
    return [encode_compound((value,), (False,), collation) for value in column]


def _object_id_key(value: Field) -> bytes:
    return value.binary  # type: ignore[attr-defined,no-any-return]


_PLAIN_NUMBERS: Final = frozenset({int, Int64, float})
_NATIVE_KEYS: Final[dict[type, Callable[[Field], object]]] = {
    DatetimeMS: int,  # type: ignore[dict-item]
    ObjectId: _object_id_key,
    bool: bool,
}
