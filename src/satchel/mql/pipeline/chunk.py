"""Chunks: some documents in a row, as documents or as columns of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias, cast

from satchel.mql.expressions.expression import Expression, Variables
from satchel.values.bson_types import MISSING, Document, Field, Missing

CHUNK_SIZE: Final = 4096
"""How many documents are put into a chunk."""

Column: TypeAlias = list[Field]
"""A value of each document, MISSING where it has none."""


class Chunk:
    """Documents, of which stages may ask column by column: made of one form, it has the other when it is asked for.

    Args:
        documents: The documents; None where `columns` tells them.
        columns: At least one column, by the dotted path of its field. No path lies below another, and none goes through
            an array.

    Attributes:
        columns: The columns, if it was made of such.
        size: How many documents there are.
    """

    __slots__ = ("_documents", "columns", "size")

    def __init__(
        self, documents: Sequence[Document] | None = None, columns: Mapping[str, Column] | None = None
    ) -> None:
        self._documents = documents
        self.columns = columns
        self.size = len(self.documents if columns is None else next(iter(columns.values())))

    @property
    def documents(self) -> Sequence[Document]:
        """The documents; made of columns, they have no more fields than these, in any order."""
        if self._documents is None:
            self._documents = _documents(self.columns or {})
        return self._documents

    def field(self, name: str) -> Column:
        """Return a top-level field of each document."""
        column = self._column((name,))
        return column if column is not None else [document.get(name, MISSING) for document in self.documents]

    def column(self, expression: Expression, variables: Variables) -> Column:
        """Return the value of an expression for each document."""
        if expression.is_constant:
            return [expression.value] * self.size
        if expression.path is not None:
            column = self.field(expression.path[0]) if len(expression.path) == 1 else self._column(expression.path)
            if column is not None:
                return column
        evaluate = expression.evaluate
        return [evaluate(document, variables) for document in self.documents]

    def _column(self, path: tuple[str, ...]) -> Column | None:
        return None if self.columns is None else self.columns.get(".".join(path))


def _documents(columns: Mapping[str, Column]) -> list[Document]:
    size = len(next(iter(columns.values())))
    plain = {name: column for name, column in columns.items() if "." not in name}
    documents = _plain_documents(plain) if plain else [{} for _ in range(size)]
    for path, column in columns.items():
        if path not in plain:
            *parents, name = path.split(".")
            for document, value in zip(documents, column, strict=True):
                if value is not MISSING:
                    _parent(document, parents)[name] = value
    return documents


def _plain_documents(columns: Mapping[str, Column]) -> list[Document]:
    names = tuple(columns)
    if any(has_missing(column) for column in columns.values()):
        return [
            {name: value for name, value in zip(names, values, strict=True) if value is not MISSING}
            for values in zip(*columns.values(), strict=True)
        ]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _parent(document: Document, parents: Iterable[str]) -> Document:
    for parent in parents:
        document = cast("Document", document.setdefault(parent, {}))
    return document


def has_missing(column: Column) -> bool:
    """Tell whether a document has no value."""
    return Missing in set(map(type, column))


def chunked(documents: Iterable[Document], size: int = CHUNK_SIZE) -> Iterator[Chunk]:
    """Yield documents in chunks."""
    left = iter(documents)
    while found := list(islice(left, size)):
        yield Chunk(found)
