"""Places in JSON: where a condition finds the value that it is about, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import orjson

from satchel.storage.predicate import Path

_KNOWN: Final = "v"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: at the end of a path in the column `doc`, or in an element that `json_each` has found.

    Attributes:
        json: The SQL of the JSON that the path starts in.
        row: The name of the row of `json_each`, empty for the column.
        path: The path.
        is_known: Whether the value has been looked up, by a query around (`looked_up`).
    """

    json: str
    row: str = ""
    path: Path = ()
    is_known: bool = False

    def at(self, path: Path) -> Place:
        """Return the place at the end of a path that starts where this one does."""
        return Place(self.json, self.row, path)

    def element(self) -> Place:
        """Return the place of an element of the array that stands here."""
        row = f"e{self.depth + 1}"
        return Place(f"{row}.value", row)

    def known(self) -> Place:
        """Return the place for conditions inside `looked_up`."""
        return Place(self.json, self.row, self.path, is_known=True)

    def looked_up(self, condition: str) -> str:
        """Return a condition about the known value as one that looks the value up, once."""
        return f"(SELECT {condition} FROM (SELECT {self.value} AS {_KNOWN}))"

    @property
    def depth(self) -> int:
        """How many arrays have been opened on the way here."""
        return int(self.row[1:] or 0)

    @property
    def is_element(self) -> bool:
        """Whether it is the element itself, whose type and value are columns."""
        return bool(self.row) and not self.path

    @property
    def arguments(self) -> str:
        """The arguments of an SQL function on JSON that make it look here."""
        return self.json if self.is_element else f"{self.json}, {_json_path(self.path)}"

    @property
    def type(self) -> str:
        """The JSON type, NULL where there is no value."""
        return f"{self.row}.type" if self.is_element else f"json_type({self.arguments})"

    @property
    def value(self) -> str:
        """The value, in SQLite's own types; of an object its text."""
        if self.is_known:
            return _KNOWN
        return f"{self.row}.value" if self.is_element else f"({self.json} ->> {_json_path(self.path)})"

    @property
    def text(self) -> str:
        """The value as JSON text."""
        return f"({self.json} -> {_json_path(self.path)})"

    def tagged(self, tag: str) -> str:
        """Return what a tag of the projection holds, NULL where there is no such tag."""
        return f"({self.json} ->> {_json_path((*self.path, tag))})"

    def under(self, form: str) -> str:
        """Return the value that has a form: a JSON type, or a tag of the projection."""
        return self.tagged(form) if form[0] == "$" else self.value


@lru_cache(maxsize=1024)
def _json_path(path: Path) -> str:
    """Return an SQL literal of SQLite's JSON path, every name quoted as JSON quotes it."""
    return "'$" + "".join("." + orjson.dumps(name).decode().replace("'", "''") for name in path) + "'"
