"""The normal form of a filter, which matching, planning and explain share.

First what is simpler: nested `$and` and `$or` flattened, constants worked in, equalities of one path under `$or` made
one `$in`. Then MongoDB's order: the children of `$and` and `$or` by kind, path and operands, without repetitions. It
decides which of several array positions the positional operator stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cmp_to_key
from operator import is_
from typing import Final, TypeAlias

from bson import Regex as BsonRegex

from satchel.mql.match.array import ElemMatchObject, ElemMatchValue
from satchel.mql.match.comparison import Eq, In, in_list
from satchel.mql.match.evaluation import Regex
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, Connective, Leaf, MatchExpression, Nor, Not, Or
from satchel.values.bson_types import BsonValue
from satchel.values.compare import equal

Rewrite: TypeAlias = Callable[[MatchExpression], MatchExpression]


def normalise(expression: MatchExpression) -> MatchExpression:
    """Return the normal form of a parsed filter; its `written` is the simplified form in the user's order."""
    simple = simplify(expression)
    ordered = order(simple)
    return ordered if ordered is simple else ordered.keeping(simple)


def simplify(expression: MatchExpression) -> MatchExpression:
    """Return an equivalent condition without needless nodes."""
    expression = _map_branches(expression, simplify)
    rule = _RULES.get(expression.__class__)
    return expression if rule is None else rule(expression)


def order(expression: MatchExpression) -> MatchExpression:
    """Return the same condition with children in MongoDB's order, equal ones only once."""
    expression = _map_branches(expression, order)
    kind = expression.__class__
    if kind not in _ORDERED:
        return expression
    assert isinstance(expression, Connective | ElemMatchValue)
    children = _sorted(expression.children)
    if kind is not Nor:
        children = _without_repetitions(children)
    if len(children) == 1 and (kind is And or kind is Or):
        return children[0]
    return _with_children(expression, children)


_ORDERED: Final = frozenset({And, Or, Nor, ElemMatchValue})


def _map_branches(expression: MatchExpression, rewrite: Rewrite) -> MatchExpression:
    # Most nodes are leaves, and asking whether something is of an abstract class takes long.
    if expression.__class__ not in _BRANCHED:
        return expression
    if isinstance(expression, Connective | ElemMatchValue):
        return _with_children(expression, tuple([rewrite(child) for child in expression.children]))
    assert isinstance(expression, Not | ElemMatchObject)
    child = rewrite(expression.child)
    return expression if child is expression.child else replace(expression, child=child)


_BRANCHED: Final = frozenset({And, Or, Nor, Not, ElemMatchObject, ElemMatchValue})


def _with_children(
    expression: Connective | ElemMatchValue, children: tuple[MatchExpression, ...]
) -> Connective | ElemMatchValue:
    """Return the same node with other children; the node itself when they are no others."""
    if len(children) == len(expression.children) and all(map(is_, children, expression.children)):
        return expression
    return replace(expression, children=children)


def _simplify_and(node: MatchExpression) -> MatchExpression:
    children: list[MatchExpression] = []
    for child in node.branches():
        kind = child.__class__
        if kind is AlwaysFalse:
            return child
        if kind is And:
            children.extend(child.branches())
        elif kind is not AlwaysTrue:
            children.append(child)
    if len(children) < 2:
        return children[0] if children else AlwaysTrue()
    return And(tuple([part for child in children for part in _conjuncts(child)]))


def _conjuncts(child: MatchExpression) -> tuple[MatchExpression, ...]:
    return tuple([Not(negated) for negated in child.branches()]) if child.__class__ is Nor else (child,)


def _simplify_or(node: MatchExpression) -> MatchExpression:
    children: list[MatchExpression] = []
    for child in node.branches():
        if isinstance(child, AlwaysTrue):
            return child
        if isinstance(child, Or):
            children.extend(child.children)
        elif not isinstance(child, AlwaysFalse):
            children.append(child)
    children = _merge_equalities(children)
    return children[0] if len(children) == 1 else Or(tuple(children)) if children else AlwaysFalse()


def _simplify_nor(node: MatchExpression) -> MatchExpression:
    if any(isinstance(child, AlwaysTrue) for child in node.branches()):
        return AlwaysFalse()
    children = tuple(child for child in node.branches() if not isinstance(child, AlwaysFalse))
    if not children:
        return AlwaysTrue()
    return Not(children[0]) if len(children) == 1 else Nor(children)


def _simplify_not(node: MatchExpression) -> MatchExpression:
    (child,) = node.branches()
    if isinstance(child, AlwaysTrue):
        return AlwaysFalse()
    return AlwaysTrue() if isinstance(child, AlwaysFalse) else node


def _simplify_elem_match(node: MatchExpression) -> MatchExpression:
    if any(isinstance(child, AlwaysFalse) for child in node.branches()):
        return AlwaysFalse()
    if isinstance(node, ElemMatchValue):
        flat = _simplify_and(And(node.children))
        children = flat.children if isinstance(flat, And) else () if isinstance(flat, AlwaysTrue) else (flat,)
        return replace(node, children=children)
    return node


def _simplify_in(node: MatchExpression) -> MatchExpression:
    if not isinstance(node, In) or len(node.values) + len(node.regexes) > 1:
        return node
    if node.values:
        return Eq(node.path, node.values[0], node.collation)
    return Regex.of(node.path, node.regexes[0]) if node.regexes else AlwaysFalse()


_RULES: dict[type[MatchExpression], Rewrite] = {
    And: _simplify_and,
    Or: _simplify_or,
    Nor: _simplify_nor,
    Not: _simplify_not,
    ElemMatchObject: _simplify_elem_match,
    ElemMatchValue: _simplify_elem_match,
    In: _simplify_in,
}


def _merge_equalities(children: Sequence[MatchExpression]) -> list[MatchExpression]:
    """Make the equalities and regular expressions of one path a `$in`, where the first of them stood."""
    groups: dict[str, list[Eq | Regex]] = {}
    for child in children:
        if isinstance(child, Regex) or (isinstance(child, Eq) and not isinstance(child.value, BsonRegex)):
            groups.setdefault(child.path, []).append(child)
    merged: list[MatchExpression] = []
    done: set[str] = set()
    for child in children:
        group = groups.get(child.path, ()) if isinstance(child, Eq | Regex) else ()
        if len(group) < 2 or child not in group:
            merged.append(child)
        elif isinstance(child, Leaf) and child.path not in done:
            done.add(child.path)
            merged.append(_simplify_in(_in_of(child.path, group)))
    return merged


def _in_of(path: str, group: Iterable[Eq | Regex]) -> In:
    members: list[BsonValue] = [leaf.value if isinstance(leaf, Eq) else leaf.regex for leaf in group]
    collation = next((leaf.collation for leaf in group if isinstance(leaf, Eq)), None)
    return in_list(path, members, collation)


def _sorted(children: Iterable[MatchExpression]) -> tuple[MatchExpression, ...]:
    return tuple(sorted(children, key=cmp_to_key(_compare)))


def _compare(left: MatchExpression, right: MatchExpression) -> int:
    keys = [(node.rank, node.path if isinstance(node, Leaf) else "") for node in (left, right)]
    if keys[0] != keys[1]:
        return -1 if keys[0] < keys[1] else 1
    left_branches, right_branches = left.branches(), right.branches()
    for child, other in zip(left_branches, right_branches, strict=False):
        if (result := _compare(child, other)) != 0:
            return result
    return len(left_branches) - len(right_branches)


def _without_repetitions(children: Sequence[MatchExpression]) -> tuple[MatchExpression, ...]:
    kept: list[MatchExpression] = []
    for child in children:
        if not any(_is_same(child, other) for other in reversed(kept)):
            kept.append(child)
    return tuple(kept)


def _is_same(left: MatchExpression, right: MatchExpression) -> bool:
    return left.rank == right.rank and _compare(left, right) == 0 and equal(left.spec(), right.spec())
