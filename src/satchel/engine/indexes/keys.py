"""The keys that a document has in an index: ordered bytes, one for each array element that it is found by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol, cast

from satchel.engine.catalog import IndexEntry
from satchel.engine.indexes.wildcard import WildcardPaths
from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.values import key_string
from satchel.values.bson_types import MISSING, PLAIN_CLASSES, UNDEFINED, Document, Field
from satchel.values.index_keys import Key, Path, index_keys, plain_value

HASH_BYTES = 8


class KeyGenerator(Protocol):
    """Knows one index's keys."""

    def keys(self, document: Document) -> list[bytes]:
        """Return the document's keys, distinct and in order; none if the index leaves the document out.

        Raises:
            ServerError: CannotIndexParallelArrays (171), or what the index's kind has against the document.
        """

    def plain_keys(self, documents: Sequence[Document]) -> Sequence[bytes | None]:
        """Return the only key of each document that meets no array, if quickly found; None means: ask `keys`."""

    def is_multikey(self, document: Document) -> bool:
        """Tell whether one of the indexed paths runs into an array in this document."""

    def is_untouched(self, old: Document, new: Document) -> bool:
        """Tell whether a document has, for certain, the same keys as another that shares what has not changed."""

    def key_value(self, document: Document, key: bytes) -> Document:
        """Return the values behind one of the document's keys, by path, for a duplicate key error."""


@lru_cache(maxsize=1024)
def key_generator(index: IndexEntry) -> KeyGenerator:
    """Return the key generator of an index."""
    return WildcardKeys(index) if index.kind == "wildcard" else FieldKeys(index)


class FieldKeys:
    """Keys of an index over named fields, ascending, descending or hashed."""

    def __init__(self, index: IndexEntry) -> None:
        self._paths: tuple[Path, ...] = tuple(tuple(path.split(".")) for path in index.paths)
        self._top_names = tuple(path[0] for path in self._paths)
        self._names = index.paths
        self._descending = index.descending
        self._collation = index.collation
        self._sparse = index.sparse
        self._hashed = tuple(direction == "hashed" for direction in index.key_pattern.values())
        self._holds = _membership(index)
        self._is_plain = self._holds is None and self._collation is None and not any(self._hashed)

        is_single = len(self._paths) == 1 and len(self._paths[0]) == 1 and not self._descending[0]
        self._only_name = self._names[0] if is_single else None

    def plain_keys(self, documents: Sequence[Document]) -> Sequence[bytes | None]:
        """Return the only key of each document that meets no array, or None."""
        if not self._is_plain:
            return [None] * len(documents)
        if self._only_name is None:
            return [self._plain_key(document) for document in documents]
        name = self._only_name
        values = [document.get(name) for document in documents]
        if list in set(map(type, values)):
            return [None if value.__class__ is list else key_string.encode(value) for value in values]
        return key_string.encode_all(values)

    def _plain_key(self, document: Document) -> bytes | None:
        values: list[Field] = []
        for path in self._paths:
            value = document.get(path[0]) if len(path) == 1 else plain_value(document, path)
            if value.__class__ is list:
                return None
            values.append(None if value is MISSING else value)
        return key_string.encode_compound(values, self._descending)

    def is_untouched(self, old: Document, new: Document) -> bool:
        """Tell whether all that the keys are made of is the same in both documents, as far as a quick look tells."""
        if self._holds is not None:
            return False
        for name in self._top_names:
            before, after = old.get(name, MISSING), new.get(name, MISSING)
            if before is not after and not _are_plainly_equal(before, after):
                return False
        return True

    def keys(self, document: Document) -> list[bytes]:
        """Return the document's keys, distinct and in order."""
        if self._holds is not None and not self._holds(document):
            return []
        tuples = self._tuples(document)
        if len(tuples) == 1:
            return [self._encode(tuples[0])]
        return sorted({self._encode(values) for values in tuples})

    def is_multikey(self, document: Document) -> bool:
        """Tell whether one of the indexed paths runs into an array in this document."""
        return any(_meets_array(document, path) for path in self._paths)

    def key_value(self, document: Document, key: bytes) -> Document:
        """Return the values behind one of the document's keys, by path."""
        tuples = self._tuples(document)
        values = next((values for values in tuples if self._encode(values) == key), tuples[0])
        return {
            name: hashed_value(value) if hashed else (None if value is UNDEFINED else value)
            for name, value, hashed in zip(self._names, values, self._hashed, strict=True)
        }

    def _tuples(self, document: Document) -> list[Key]:
        if any(self._hashed) and self.is_multikey(document):
            raise ServerError(16766, "hashed indexes do not currently support array values")
        if self._sparse:
            found = index_keys(document, self._paths)
            kept = [values for values in found if any(value is not MISSING for value in values)]
            return [tuple(None if value is MISSING else value for value in values) for values in kept]
        return index_keys(document, self._paths, missing=None)

    def _encode(self, values: Key) -> bytes:
        if any(self._hashed):
            values = tuple(
                hashed_value(value) if hashed else value for value, hashed in zip(values, self._hashed, strict=True)
            )
        return key_string.encode_compound(values, self._descending, self._collation)


class WildcardKeys:
    """Keys of a wildcard index: one for each path and value in the document, after the index's named fields."""

    def __init__(self, index: IndexEntry) -> None:
        self._index = index
        self._names = index.paths
        self._wildcard = WildcardPaths(index)
        self._position = next(
            position for position, name in enumerate(self._names) if name == "$**" or name.endswith(".$**")
        )
        self._fixed: tuple[Path, ...] = tuple(
            tuple(name.split(".")) for position, name in enumerate(self._names) if position != self._position
        )
        self._holds = _membership(index)

    def keys(self, document: Document) -> list[bytes]:
        """Return the document's keys, distinct and in order."""
        if self._holds is not None and not self._holds(document):
            return []
        return sorted({key for key, _, _ in self._entries(document)})

    def plain_keys(self, documents: Sequence[Document]) -> Sequence[None]:
        """Return None for each: there is never only one key."""
        return [None] * len(documents)

    def is_untouched(self, old: Document, new: Document) -> bool:
        """Return False: every field may have keys."""
        return False

    def is_multikey(self, document: Document) -> bool:
        """Tell whether an array is met: what a wildcard index does then is the same, so that it is always so."""
        return True

    def key_value(self, document: Document, key: bytes) -> Document:
        """Return the path and value behind a key (a wildcard index is never unique)."""
        return next({path: value} for found, path, value in self._entries(document) if found == key)

    def _entries(self, document: Document) -> Iterator[tuple[bytes, str, Field]]:
        fixed_keys = index_keys(document, self._fixed, missing=None) if self._fixed else [()]
        for path, value in self._wildcard.leaves(document):
            for fixed in fixed_keys:
                values = (*fixed[: self._position], path, value, *fixed[self._position :])
                yield self._encode(values), path, value

    def _encode(self, values: tuple[Field, ...]) -> bytes:
        descending, collation = self._index.descending, self._index.collation
        position = self._position
        before = key_string.encode_compound(values[:position], descending[:position], collation)
        after = key_string.encode_compound(values[position + 1 :], descending[position:], collation)
        # A path is a path under every collation.
        return before + key_string.encode(values[position]) + after


def _are_plainly_equal(left: Field, right: Field) -> bool:
    """Tell whether two values are of one class, of which equal values have equal keys, and equal."""
    return left.__class__ in PLAIN_CLASSES and left.__class__ is right.__class__ and left == right


def _membership(index: IndexEntry) -> Callable[[Document], bool] | None:
    """Return what decides whether a document has keys at all, or None when every document has."""
    conditions: list[Callable[[Document], bool]] = []
    if index.partial_filter is not None:
        conditions.append(parse_filter(index.partial_filter, Context(collation=index.collation)).matches)
    if index.sparse and index.kind != "wildcard":
        paths: tuple[Path, ...] = tuple(tuple(path.split(".")) for path in index.paths)
        conditions.append(lambda document: _has_any(document, paths))
    if not conditions:
        return None
    return lambda document: all(condition(document) for condition in conditions)


def _has_any(document: Document, paths: tuple[Path, ...]) -> bool:
    return any(value is not MISSING for values in index_keys(document, paths) for value in values)


def _meets_array(document: Document, path: Path) -> bool:
    value: Field = document
    for part in path:
        if value.__class__ is not dict:
            break
        value = cast("Document", value).get(part, MISSING)
    return value.__class__ is list


def hashed_value(value: Field) -> bytes:
    """Return what stands for `value` in a hashed index: equal values have equal hashes."""
    return hashlib.blake2b(key_string.encode(value), digest_size=HASH_BYTES).digest()
