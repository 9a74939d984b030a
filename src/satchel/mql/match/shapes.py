"""Shapes of filters: what paths and operators alone decide is worked out once for all filters that have the same.

`{a: 1, b: {$gt: 2}}` and `{a: 5, b: {$gt: 6}}` have one shape. It is known for the commonest filters, in which all
comparisons with plain values have to hold; those are then made without being parsed and put into order again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from satchel.mql.match.comparison import Comparison, Eq, Gt, Gte, Lt, Lte
from satchel.mql.match.normalise import normalise
from satchel.mql.match.tree import And, MatchExpression, Not
from satchel.values.bson_types import PLAIN_CLASSES, BsonValue, Document
from satchel.values.collation import Collation

_Key: TypeAlias = tuple[str | tuple[str, ...], ...]
"""For each path either the path alone, for an equality, or the path and its operators."""

_NODES: Final[dict[str, type[Comparison]]] = {
    "$eq": Eq, "$ne": Eq, "$gt": Gt, "$gte": Gte, "$lt": Lt, "$lte": Lte,
}  # fmt: skip
_NEGATED: Final = "$ne"


@dataclass(frozen=True, slots=True)
class _Shape:
    """Comparisons that have to hold together.

    Attributes:
        leaves: The class and the path of each, in the user's order.
        negated: The numbers of those that must not hold.
        order: Their numbers in MongoDB's order.
    """

    leaves: tuple[tuple[type[Comparison], str], ...]
    negated: tuple[int, ...]
    order: tuple[int, ...]

    def nodes(self, values: Sequence[BsonValue], collation: Collation | None) -> list[MatchExpression]:
        """Return the comparisons with values, in the user's order."""
        nodes: list[MatchExpression] = [
            cls(path, value, collation) for (cls, path), value in zip(self.leaves, values, strict=True)
        ]
        for number in self.negated:
            nodes[number] = Not(nodes[number])
        return nodes

    def filled(self, values: Sequence[BsonValue], collation: Collation | None) -> MatchExpression:
        """Return the filter in normal form."""
        nodes = self.nodes(values, collation)
        if len(nodes) == 1:
            return nodes[0]
        written = And(tuple(nodes))
        ordered = And(tuple([nodes[number] for number in self.order]))
        return written if written.children == ordered.children else ordered.keeping(written)


def conjunction(spec: Document, collation: Collation | None) -> MatchExpression | None:
    """Return the normal form of a filter whose shape is known, None for another one."""
    key: list[str | tuple[str, ...]] = []
    values: list[BsonValue] = []
    for path, condition in spec.items():
        if condition.__class__ in PLAIN_CLASSES:
            key.append(path)
            values.append(condition)
        elif isinstance(condition, dict) and PLAIN_CLASSES.issuperset(map(type, condition.values())):
            key.append((path, *condition))
            values += condition.values()
        else:
            return None
    shape = _shape(tuple(key))
    return None if shape is None else shape.filled(values, collation)


@lru_cache(maxsize=1024)
def _shape(key: _Key) -> _Shape | None:
    leaves: list[tuple[type[Comparison], str]] = []
    negated: list[int] = []
    for each in key:
        path, *names = (each, "$eq") if isinstance(each, str) else each
        if path.startswith("$") or not names or not _NODES.keys() >= set(names):
            return None
        negated += [len(leaves) + place for place, name in enumerate(names) if name == _NEGATED]
        leaves += [(_NODES[name], path) for name in names]
    shape = _Shape(tuple(leaves), tuple(negated), ())
    return _Shape(shape.leaves, shape.negated, _order(shape)) if leaves else None


def _order(shape: _Shape) -> tuple[int, ...]:
    """Return the order of comparisons, which does not depend on their values."""
    nodes = shape.nodes(range(len(shape.leaves)), None)
    ordered = normalise(And(tuple(nodes)))
    children = ordered.children if isinstance(ordered, And) else (ordered,)
    leaves = [child.child if isinstance(child, Not) else child for child in children]
    return tuple(leaf.value for leaf in leaves if isinstance(leaf, Comparison))  # type: ignore[misc]
