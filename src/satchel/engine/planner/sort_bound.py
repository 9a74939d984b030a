"""What a bound of a sort says as a predicate: that a document is not beyond it for certain."""

from __future__ import annotations

from typing import Final

from satchel.engine.planner.narrowing import operand_type
from satchel.storage.predicate import (
    And,
    BoundPredicate,
    Holds,
    Kind,
    Not,
    Operand,
    Ordered,
    Path,
    Predicate,
    ValueTest,
)
from satchel.values.bson_types import BsonValue
from satchel.values.collation import Collation

_ARRAY: Final = ValueTest(yes=frozenset({Kind.ARRAY}))
_NULLS: Final = frozenset({Kind.NULL, Kind.MISSING})


def up_to(
    bound: BsonValue,
    path: Path,
    collation: Collation | None,
    *,
    descending: bool,
    predicate: BoundPredicate | None = None,
) -> BoundPredicate | None:
    """Return the predicate of what a predicate admits and a sort by a path does not put behind a bound.

    An array sorts by one of its elements, so that one at the path or on the way is never behind. None for a bound that
    no predicate compares with.
    """
    type_ = operand_type(bound, collation)
    if bound is None or type_ is None:
        return None
    values = predicate.values if predicate is not None else ()
    order = Ordered("<" if descending else ">", Operand(len(values), type_))
    test = ValueTest(yes=_NULLS if descending else frozenset(), relations=(order,))
    on_the_way = (path[:step] for step in range(1, len(path)))
    behind = And((Holds(path, test, expands=False), *(Not(Holds(part, _ARRAY, expands=False)) for part in on_the_way)))
    narrowed: Predicate = Not(behind) if predicate is None else And((predicate.predicate, Not(behind)))
    return BoundPredicate(narrowed, (*values, bound))
