"""`$unwind`: one document per element of an array."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import cast

from bson import Int64

from satchel.errors import ServerError
from satchel.mql.expressions.field_path import split_path
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.documents import get_path, set_path, without_path
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name


class UnwindStage(Stage):
    """Repeats a document for every element of an array.

    Attributes:
        path: The array's dotted path.
        index_path: The field that takes the element's position, or None.
        keeps_empty: Whether documents without an element pass.
    """

    name = "$unwind"

    def __init__(self, path: str, index_path: str | None, *, keeps_empty: bool) -> None:
        self.path = path
        self.index_path = index_path
        self.keeps_empty = keeps_empty
        self._parts = split_path(path)
        self._index_parts = split_path(index_path) if index_path is not None else None

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents, element by element."""
        if self._index_parts is None and len(self._parts) == 1:
            return self._run_plain(documents)
        return self._run_general(documents)

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Chunk] | None:
        """Yield columns, the array's taken apart and the others as often as there are elements."""
        return None if self._index_parts is not None else map(self._unwound, chunks)

    def _unwound(self, chunk: Chunk) -> Chunk:
        if chunk.columns is None or self.path not in chunk.columns:
            return Chunk(list(self.run(iter(chunk.documents))))
        arrays = cast("list[list[Field]]", chunk.columns[self.path])
        if self.keeps_empty or set(map(type, arrays)) != {list}:
            arrays = list(map(self._elements, arrays))
        counts = list(map(len, arrays))
        columns = {
            other: list(chain.from_iterable(map(repeat, column, counts)))
            for other, column in chunk.columns.items()
            if other != self.path
        }
        return Chunk(columns={**columns, self.path: list(chain.from_iterable(arrays))})

    def _elements(self, value: Field) -> list[Field]:
        """Return what stands for a value in the documents that it gives."""
        if isinstance(value, list) and value:
            return value
        is_empty = value is MISSING or value is None or value == []
        if is_empty and not self.keeps_empty:
            return []
        return [MISSING if value == [] else value]

    def _run_plain(self, documents: Iterator[Document]) -> Iterator[Document]:
        name = self._parts[0]
        for document in documents:
            value = document.get(name, MISSING)
            if value.__class__ is list and value:
                if len(document) == 1:
                    for element in value:
                        yield {name: element}
                    continue
                for element in value:
                    copy = document.copy()
                    copy[name] = element
                    yield copy
            else:
                yield from self._without_elements(document, value)

    def _run_general(self, documents: Iterator[Document]) -> Iterator[Document]:
        parts, index_parts = self._parts, self._index_parts
        for document in documents:
            value = get_path(document, parts)
            if value.__class__ is list and value:
                for position, element in enumerate(value):
                    unwound = set_path(document, parts, element)
                    if index_parts is not None:
                        unwound = set_path(unwound, index_parts, Int64(position))
                    yield unwound
            else:
                yield from self._without_elements(document, value)

    def _without_elements(self, document: Document, value: BsonValue) -> Iterator[Document]:
        """Yield a document whose field is no array, or an empty one."""
        is_empty = value is MISSING or value is None or value == []
        if is_empty and not self.keeps_empty:
            return
        if value.__class__ is list:
            document = without_path(document, self._parts)
        if self._index_parts is not None:
            document = set_path(document, self._index_parts, None)
        yield document

    def operand(self) -> BsonValue:
        """Return the long form."""
        operand: Document = {"path": f"${self.path}"}
        if self.keeps_empty:
            operand["preserveNullAndEmptyArrays"] = True
        if self.index_path is not None:
            operand["includeArrayIndex"] = self.index_path
        return operand

    def dependencies(self) -> Dependencies:
        """Return the array's path."""
        return Dependencies(frozenset({self.path}))

    def preserves(self, name: str) -> bool:
        """Fields beside the array, and beside the position, are copied."""
        return name != self._parts[0] and (self._index_parts is None or name != self._index_parts[0])


@STAGES.operator("$unwind")
def parse_unwind(operand: BsonValue, scope: Scope) -> UnwindStage:
    """Make one document per element of an array.

    Raises:
        ServerError: Location15981, 28808 to 28812, 28818 and 28822 for a bad operand, and the codes of bad paths.

    Reference:
        MongoDB manual, "$unwind (aggregation)".
    """
    if isinstance(operand, str):
        operand = {"path": operand}
    if not isinstance(operand, dict):
        raise ServerError(
            15981,
            f"expected either a string or an object as specification for $unwind stage, got {type_name(operand)}",
        )
    for name, value in operand.items():
        _check_option(name, value)
    path = operand.get("path")
    if not isinstance(path, str) or not path:
        raise ServerError(28812, "no path specified to $unwind stage")
    if path[0] != "$":
        raise ServerError(28818, f"path option to $unwind stage should be prefixed with a '$': {path}")
    index_path = operand.get("includeArrayIndex")
    if isinstance(index_path, str) and index_path[0] == "$":
        raise ServerError(
            28822, f"includeArrayIndex option to $unwind stage should not be prefixed with a '$': {index_path}"
        )
    return UnwindStage(
        path[1:],
        index_path if isinstance(index_path, str) else None,
        keeps_empty=operand.get("preserveNullAndEmptyArrays") is True,
    )


def _check_option(name: str, value: BsonValue) -> None:
    got = type_name(value)
    if name == "path":
        if got != "string":
            raise ServerError(28808, f"expected a string as the path for $unwind stage, got {got}")
    elif name == "preserveNullAndEmptyArrays":
        if got != "bool":
            raise ServerError(
                28809, f"expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got {got}"
            )
    elif name == "includeArrayIndex":
        if got != "string" or not value:
            raise ServerError(
                28810, f"expected a non-empty string for the includeArrayIndex  option to $unwind stage, got {got}"
            )
    else:
        raise ServerError(28811, f"unrecognized option to $unwind stage: {name}")
