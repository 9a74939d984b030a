"""What a filter reads, taken from its document: for moving `$match` about."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.mql.context import Context
from satchel.mql.expressions.parser import parse_expression
from satchel.values.bson_types import BsonValue, Document

_LOGICAL = frozenset({"$and", "$or", "$nor"})
_WITHOUT_FIELDS = frozenset({"$comment", "$alwaysTrue", "$alwaysFalse"})


def conjuncts(filter_: Document) -> Iterator[Document]:
    """Yield filters that together, joined by "and", are `filter_`."""
    for name, operand in filter_.items():
        if name == "$and" and isinstance(operand, list):
            for member in operand:
                yield from conjuncts(member)
        else:
            yield {name: operand}


def join(filters: list[Document]) -> Document:
    """Return the filter that asks for all of `filters`, in their order."""
    filters = [filter_ for filter_ in filters if filter_]
    if len(filters) == 1:
        return filters[0]
    names = [name for filter_ in filters for name in filter_]
    if len(set(names)) == len(names):
        return {name: operand for filter_ in filters for name, operand in filter_.items()}
    return {"$and": filters}


def below(filter_: Document, prefix: str) -> Document | None:
    """Return a filter on the documents at `prefix` that says what `filter_` says of them, or None if it says more."""
    inner: Document = {}
    for name, operand in filter_.items():
        if name in _LOGICAL and isinstance(operand, list):
            members = [below(member, prefix) for member in operand]
            if any(member is None for member in members):
                return None
            inner[name] = members
        elif name.startswith(prefix + ".") and name[:1] != "$":
            inner[name[len(prefix) + 1 :]] = operand
        else:
            return None
    return inner


def filter_paths(filter_: Document, context: Context) -> frozenset[str] | None:
    """Return the dotted paths that a (valid) filter reads, or None when it may read anything."""
    paths: set[str] = set()
    for name, operand in filter_.items():
        found = _paths_of(name, operand, context)
        if found is None:
            return None
        paths |= found
    return frozenset(paths)


def _paths_of(name: str, operand: BsonValue, context: Context) -> frozenset[str] | None:
    if name[:1] != "$":
        return frozenset({name})
    if name in _LOGICAL and isinstance(operand, list):
        members = [filter_paths(member, context) for member in operand]
        found = [member for member in members if member is not None]
        return frozenset().union(*found) if len(found) == len(members) else None
    if name == "$expr":
        fields = parse_expression(operand, context).fields
        return None if "" in fields else fields
    return frozenset() if name in _WITHOUT_FIELDS else None
