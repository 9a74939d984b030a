"""One random command with the documents that it runs on."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pprint import pformat
from types import NoneType
from typing import Final

from satchel.mql.pipeline.stage import STAGES
from satchel.values.bson_types import BsonValue, Document

from ..conformance.case import Case, RecordedCase, resolve
from . import finds, updates, values
from .draw import Draw
from .pipelines import Pipelines


@dataclass(frozen=True, slots=True)
class Trial:
    """A command on documents.

    Attributes:
        command: As a conformance case has it: `$coll` stands for the collection.
        documents: The collection's documents.
        others: Those of `$coll.other`.
        indexes: Keys of the indexes that Satchel gets and the oracle does not; they must not show.
        unordered: The order of the result says nothing.
    """

    command: Document
    documents: Sequence[Document]
    others: Sequence[Document] = ()
    indexes: Sequence[Document] = field(default=())
    unordered: bool = False

    def case(self, name: str = "fuzz") -> Case:
        """Return the conformance case."""
        others = {"other": list(self.others)} if self.others else {}
        return Case(name, self.command, list(self.documents), others, unordered=self.unordered)

    def recorded(self, *, indexed: bool) -> RecordedCase:
        """Return the case in the form in which it runs, with or without the indexes."""
        spec = self.case().as_document()
        if indexed and self.indexes:
            keys = [{"key": key, "name": f"i{i}"} for i, key in enumerate(self.indexes)]
            spec["setup"] = [{"createIndexes": "$coll", "indexes": keys}]
        return resolve("fuzz", spec, {})

    def unoptimised(self) -> Trial:
        """Return the trial with a stage between the stages of its pipelines that keeps MongoDB's optimiser off."""
        return replace(self, command=_inhibited(self.command))

    def reordered(self) -> Iterator[Trial]:
        """Yield the trial with conditions that have to hold together the other way round.

        Those of `$and`, `$or` and `$nor`; those that are fields of one filter, or operators on one field; all of them.
        """
        for reversal in (_Reversal(lists=True), _Reversal(fields=True), _Reversal(lists=True, fields=True)):
            yield replace(self, command=reversal.of(self.command))

    def text(self) -> str:
        """Return the source of the case, ready for a module of `tests/conformance/cases`."""
        shown = f"{pformat(self.command, sort_dicts=False, width=110)},\n{pformat(list(self.documents), width=110)},"
        if self.others:
            shown += f"\nothers={{'other': {pformat(list(self.others), width=110)}}},"
        if self.unordered:
            shown += "\nunordered=True,"
        if self.indexes:
            shown += f"\n# indexes: {list(self.indexes)}"
        name = f"fuzz-{zlib.crc32(shown.encode()):08x}"
        return f'Case(\n"{name}",\n{shown}\n)'


_INHIBITOR: Document = {"$_internalInhibitOptimization": {}}


def _inhibited(value: BsonValue) -> BsonValue:
    if isinstance(value, dict):
        return {name: _inhibited(item) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    found = [_inhibited(item) for item in value]
    if not all(isinstance(item, dict) and len(item) == 1 and next(iter(item)) in STAGES for item in found):
        return found
    return [part for stage in found for part in ([stage] if "$documents" in stage else [_INHIBITOR, stage])]


_CONNECTIVES: Final = ("$and", "$or", "$nor")
_FILTERS: Final = ("filter", "query", "q", "$match", "$elemMatch", "restrictSearchWithMatch")
"""Fields of a command whose documents are filters."""


@dataclass(frozen=True, slots=True)
class _Reversal:
    """Reverses conditions: those in lists, and those that are fields of one document."""

    lists: bool = False
    fields: bool = False

    def of(self, value: BsonValue) -> BsonValue:
        """Return a part of a command with the filters in it reversed."""
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: self._field(name, item) for name, item in value.items()}

    def _field(self, name: str, value: BsonValue) -> BsonValue:
        if name in _FILTERS and isinstance(value, dict):
            return self._filter(value)
        found = self.of(value)
        return found[::-1] if self.lists and name in _CONNECTIVES and isinstance(found, list) else found

    def _filter(self, filter_: Document) -> Document:
        items = [(name, self._condition(name, item)) for name, item in filter_.items()]
        return dict(items[::-1] if self.fields else items)

    def _condition(self, name: str, value: BsonValue) -> BsonValue:
        if name in _CONNECTIVES and isinstance(value, list):
            found = [self._filter(item) if isinstance(item, dict) else item for item in value]
            return found[::-1] if self.lists else found
        if name == "$expr":
            return self.of(value)
        is_condition = isinstance(value, dict) and all(inner.startswith("$") for inner in value)
        return self._filter(value) if is_condition or (name == "$elemMatch" and isinstance(value, dict)) else value


_INDEXES: Sequence[Document] = ({"n": 1}, {"s": 1}, {"a": 1}, {"r.n": 1}, {"x": 1}, {"w": 1}, {"$**": 1}, {"d": 1})
_ON_SCALARS: Sequence[Document] = ({"n": -1, "s": 1}, {"o.n": 1, "n": 1}, {"k": 1, "n": -1}, {"k": "hashed"})
"""Indexes that refuse some documents in which their fields hold arrays."""


def trials(kind: str, seed: str, number: int) -> list[Trial]:
    """Return trials of a kind that share their documents.

    Args:
        kind: One of `KINDS`.
        seed: Decides everything.
        number: How many.
    """
    draw = Draw(seed)
    documents = values.documents(draw, 1 if draw.chance(0.95) else 0)
    others = values.documents(draw, 1, 5) if kind == "pipelines" else []
    choices = [*_INDEXES, *(_ON_SCALARS if kind != "updates" and _has_scalars(documents) else ())]
    indexes = draw.some(choices, 1, 3) if draw.chance(0.4) else []
    return [_trial(kind, draw, Trial({}, documents, others, indexes)) for _ in range(number)]


def _has_scalars(documents: Sequence[Document]) -> bool:
    inner = (document.get("o") for document in documents)
    rows = [*documents, *(value for value in inner if isinstance(value, dict))]
    is_object = all(isinstance(document.get("o", {}), dict | NoneType) for document in documents)
    return is_object and not any(isinstance(row.get(name), list) for row in rows for name in ("n", "s", "k"))


def _trial(kind: str, draw: Draw, given: Trial) -> Trial:
    unordered = False
    if kind == "pipelines":
        command, ordered = Pipelines(draw, indexed=bool(given.indexes)).command()
        unordered = not ordered
    elif kind == "filters":
        command = finds.filter_command(draw)
        unordered = "distinct" in command
    elif kind == "projections":
        command = finds.projection_command(draw)
    else:
        command = updates.Updates(draw).command()
    return Trial(command, given.documents, given.others, given.indexes, unordered)


KINDS = ("filters", "projections", "updates", "pipelines")
