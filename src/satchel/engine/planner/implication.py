"""Whether a filter implies a partial index's filter, so that the index holds every document that can match."""

from __future__ import annotations

from satchel.mql.match.comparison import Comparison, Eq, Gt, Gte, In, Lt, Lte
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.tree import And, Leaf, MatchExpression, Or
from satchel.values.bson_types import BsonValue
from satchel.values.compare import compare, equal, type_order


def implies(filter_: MatchExpression, wanted: MatchExpression) -> bool:
    """Tell whether every document that matches `filter_` surely matches `wanted`; False when it cannot be seen."""
    if isinstance(wanted, And):
        return all(implies(filter_, child) for child in wanted.children)
    if isinstance(wanted, Or):
        return any(implies(filter_, child) for child in wanted.children) or equal(filter_.spec(), wanted.spec())
    if isinstance(filter_, And):
        return any(implies(child, wanted) for child in filter_.children)
    if isinstance(filter_, Or):
        return all(implies(child, wanted) for child in filter_.children)
    if isinstance(filter_, Leaf) and isinstance(wanted, Leaf) and filter_.path == wanted.path:
        return equal(filter_.spec(), wanted.spec()) or _leaf_implies(filter_, wanted)
    return False


def _leaf_implies(given: Leaf, wanted: Leaf) -> bool:
    values = _values_of(given)
    if isinstance(wanted, Exists):
        return values is not None and all(value is not None for value in values)
    if isinstance(given, Eq | In) and values is not None:
        return all(_is_scalar(value) and _value_satisfies(value, wanted) for value in values)
    if isinstance(given, Comparison) and isinstance(wanted, Lt | Lte | Gt | Gte):
        return _range_implies(given, wanted)
    return False


def _values_of(given: Leaf) -> tuple[BsonValue, ...] | None:
    """Return the operands of a leaf that only documents with the field can match (unless one is null)."""
    if isinstance(given, In):
        return None if given.regexes else given.values
    if isinstance(given, Comparison):
        return (given.value,)
    return None


def _is_scalar(value: BsonValue) -> bool:
    return value is not None and not isinstance(value, list | dict)


def _value_satisfies(value: BsonValue, wanted: Leaf) -> bool:
    """Tell whether a document (or one of its array elements) with this very value matches `wanted`."""
    return isinstance(wanted, Comparison | In | Type) and wanted.test(value)


def _range_implies(given: Comparison, wanted: Comparison) -> bool:
    if not (_is_scalar(given.value) and _is_scalar(wanted.value)):
        return False
    if type_order(given.value) != type_order(wanted.value):
        return False
    order = compare(given.value, wanted.value, wanted.collation)
    if isinstance(wanted, Gt | Gte) and isinstance(given, Gt | Gte):
        return order > 0 or (order == 0 and (isinstance(wanted, Gte) or isinstance(given, Gt)))
    if isinstance(wanted, Lt | Lte) and isinstance(given, Lt | Lte):
        return order < 0 or (order == 0 and (isinstance(wanted, Lte) or isinstance(given, Lt)))
    return False
