"""Full names of collections."""

from __future__ import annotations

from typing import NamedTuple


class Namespace(NamedTuple):
    """A collection's full name.

    Attributes:
        database: The name of the database.
        collection: The name of the collection, dots and all; empty where a pipeline runs on the database itself.
    """

    database: str
    collection: str

    def __str__(self) -> str:
        return f"{self.database}.{self.collection}"
