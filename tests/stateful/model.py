"""A collection as a list of dicts: small, slow, and sharing no code with what it checks.

Values are None, ints, strings and flat lists of them; fields are top-level. Within this, it means what MongoDB means.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field


@dataclass
class Refused(Exception):  # noqa: N818
    """The write that the model refuses: a duplicate key."""


@dataclass
class Model:
    """One collection.

    Attributes:
        documents: By `_id`, in natural order.
        unique: The fields with a unique index, by index name.
    """

    documents: dict[int, dict] = field(default_factory=dict)
    unique: dict[str, str] = field(default_factory=dict)

    def insert(self, document: dict) -> None:
        """Insert a document that has an `_id`."""
        if document["_id"] in self.documents:
            raise Refused
        self._check(document)
        self.documents[document["_id"]] = copy.deepcopy(document)

    def find(self, path: str, operator: str, operand: object) -> list[int]:
        """Return the `_id` of the documents where `path` satisfies the condition."""
        return [i for i, document in self.documents.items() if _satisfies(document, path, operator, operand)]

    def replace(self, identifier: int, document: dict) -> None:
        """Put another document in the place of one."""
        self._check(document)
        self.documents[identifier] = copy.deepcopy(document)

    def delete(self, identifiers: list[int]) -> None:
        """Remove documents."""
        for identifier in identifiers:
            del self.documents[identifier]

    def clashes(self, name: str) -> bool:
        """Tell whether two documents share a key of a field."""
        keys: set[object] = set()
        for document in self.documents.values():
            own = _keys(document, name)
            if keys & own:
                return True
            keys |= own
        return False

    def _check(self, document: dict) -> None:
        for name in self.unique.values():
            for other in self.documents.values():
                if other["_id"] != document["_id"] and _keys(other, name) & _keys(document, name):
                    raise Refused


def _keys(document: dict, name: str) -> set[object]:
    value = document.get(name)
    if value == []:
        return {"the empty array"}
    return {(type(item).__name__, item) for item in (value if isinstance(value, list) else [value])}


def _satisfies(document: dict, path: str, operator: str, operand: object) -> bool:
    if operator == "$exists":
        return (path in document) is operand
    value = document.get(path)
    found = value if isinstance(value, list) else [value]
    return any(_compares(item, operator, operand) for item in found)


def _compares(item: object, operator: str, operand: object) -> bool:
    if operator == "$in":
        return any(_compares(item, "$eq", one) for one in operand)  # type: ignore[attr-defined]
    if type(item) is not type(operand):
        return False
    if operator == "$eq" or item is None:
        return item == operand and operator in ("$eq", "$gte", "$lte")
    below, above = item < operand, item > operand  # type: ignore[operator]
    return {"$lt": below, "$gt": above, "$lte": not above, "$gte": not below}[operator]
