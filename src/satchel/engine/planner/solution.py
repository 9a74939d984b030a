"""Plans: how the documents of a query are reached, and what is still to be done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from satchel.engine.catalog import IndexEntry
from satchel.mql.match import MatchExpression
from satchel.mql.sort import SortPattern
from satchel.storage.interface import KeyRange
from satchel.storage.predicate import BoundPredicate
from satchel.values.bson_types import Document
from satchel.values.collation import Collation


@dataclass(frozen=True, slots=True)
class CanonicalQuery:
    """What is asked for, parsed.

    Attributes:
        filter: The parsed filter.
        sort: The wanted order, or None for any.
        natural: The direction of `{$natural: ±1}` as a sort or a hint: 1, -1, or 0 for none.
        hint: An index's name or key pattern, or None.
        minimum, maximum: The `min` and `max` of find: index bounds given by the user (they need a hint).
        collation: How strings compare.
        limit: How many documents will be taken at the most (skip included), or None; only a help for the choice.
    """

    filter: MatchExpression
    sort: SortPattern | None = None
    natural: int = 0
    hint: str | Document | None = None
    minimum: Document | None = None
    maximum: Document | None = None
    collation: Collation | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class CollScan:
    """Read every record in natural order."""

    backward: bool = False


@dataclass(frozen=True, slots=True)
class IxScan:
    """Read the records that ranges of an index lead to, in key order.

    Attributes:
        ranges: Disjoint, in ascending order of their keys.
        backward: Read from the last key to the first.
        shown: Returns the same ranges as MongoDB's explain prints them: path → interval texts.
    """

    index: IndexEntry
    ranges: tuple[KeyRange, ...]
    backward: bool
    shown: Callable[[], Document] = field(compare=False)


@dataclass(frozen=True, slots=True)
class IndexUnion:
    """Read several index ranges and pass each record on once (MongoDB's OR stage)."""

    children: tuple[IxScan, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """Read nothing: no document can match (MongoDB's EOF stage)."""


Access: TypeAlias = CollScan | IxScan | IndexUnion | Empty


@dataclass(frozen=True, slots=True)
class QuerySolution:
    """How a query runs.

    Attributes:
        access: Where the documents come from.
        residual: What each of them has still to match, or None when the access path has already decided.
        predicate: What the storage may decide of the residual, or None for nothing.
        sorted: Whether they come in the wanted order.
        rejected: The other access paths that were considered, for explain.
    """

    access: Access
    residual: MatchExpression | None
    sorted: bool
    rejected: tuple[Access, ...] = ()
    predicate: BoundPredicate | None = None
