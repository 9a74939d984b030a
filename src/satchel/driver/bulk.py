"""Bulk operations as plain dictionaries: what `bulk_write` takes, made from what a JSON file or mongosh has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

WriteOperation: TypeAlias = InsertOne[Any] | UpdateOne | UpdateMany | ReplaceOne[Any] | DeleteOne | DeleteMany

_OPERATIONS: Final[dict[str, Callable[..., WriteOperation]]] = {
    "insert_one": InsertOne,
    "update_one": UpdateOne,
    "update_many": UpdateMany,
    "replace_one": ReplaceOne,
    "delete_one": DeleteOne,
    "delete_many": DeleteMany,
}
_CAPITAL: Final = re.compile(r"(?<=[a-z])([A-Z])")


def bulk_operations(requests: Iterable[Mapping[str, Mapping[str, Any]]]) -> list[WriteOperation]:
    """Return PyMongo's operations for dictionaries of one operation each.

        users.bulk_write(bulk_operations([
            {"insert_one": {"document": {"name": "Ada"}}},
            {"updateMany": {"filter": {}, "update": {"$set": {"x": 1}}, "upsert": True}},
        ]))

    Names are PyMongo's (`update_one`, `array_filters`) or mongosh's (`updateOne`, `arrayFilters`).

    Raises:
        TypeError: A request is not a dictionary of one operation, or has a field that the operation does not take.
    """
    return [_operation(request) for request in requests]


def _operation(request: Mapping[str, Mapping[str, Any]]) -> WriteOperation:
    if not isinstance(request, Mapping) or len(request) != 1:
        raise TypeError(f"a request is a dictionary of one operation, not {request!r}")
    (name, fields), *_ = request.items()
    make = _OPERATIONS.get(_snake_case(name))
    if make is None:
        raise TypeError(f"{name!r} is no operation of a bulk write; these are: {', '.join(_OPERATIONS)}")
    if not isinstance(fields, Mapping):
        raise TypeError(f"the fields of {name} are a dictionary, not {type(fields).__name__}")
    return make(**{_snake_case(field): value for field, value in fields.items()})


def _snake_case(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()
