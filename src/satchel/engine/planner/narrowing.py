"""Narrowing: what a filter says as a predicate, with which the storage tells documents apart before they are decoded.

A predicate answers yes, no, or ask; "ask" is always right, and a wrong "no" loses a document. Every node of the filter
language has a rule here or stands in `HAS_NONE`; a test sees to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Timestamp
from bson import Regex as BsonRegex
from bson.datetime_ms import DatetimeMS

from satchel.engine.planner.literals import literal_text
from satchel.mql.match.array import ElemMatchObject, ElemMatchValue, Size
from satchel.mql.match.bitwise import BitsAllClear, BitsAllSet, BitsAnyClear, BitsAnySet
from satchel.mql.match.comparison import Comparison, Eq, Gt, Gte, In, Lt, Lte
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.evaluation import Expr, Mod, Regex, SampleRate
from satchel.mql.match.json_schema import JsonSchema
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, Leaf, MatchExpression, Nor, Not, Or
from satchel.storage import predicate as predicates
from satchel.storage.predicate import (
    ALWAYS,
    NEVER,
    NUMBERS,
    PRESENT,
    UNKNOWN,
    Among,
    AnyElement,
    Holds,
    Kind,
    Length,
    Ordered,
    Path,
    Predicate,
    Unknown,
    ValueTest,
)
from satchel.values.bson_types import BsonValue
from satchel.values.collation import Collation
from satchel.values.numbers import exact_int64, is_nan

MAX_LEAVES: Final = 64
"""A filter of more conditions is not narrowed: SQL has limits, and so has its worth."""

MAX_DEPTH: Final = 16
"""How deep connectives are followed; what lies deeper is unknown."""

_MAX_STEPS: Final = 8

Rule: TypeAlias = Callable[..., ValueTest | None]


def narrow(filter_: MatchExpression) -> Predicate | None:
    """Return a filter as a predicate on documents, or None when nothing is gained by it."""
    leaves = sum(not node.branches() for node in filter_.descendants())
    if leaves > MAX_LEAVES:
        return None
    predicate = _translate(filter_, MAX_DEPTH)
    return None if isinstance(predicate, Unknown) or predicate == ALWAYS else predicate


def _translate(node: MatchExpression, depth: int, *, on_value: bool = False) -> Predicate:
    """Return the predicate of a node.

    Args:
        node: A filter, or with `on_value` a condition whose path is left out.
        depth: How many levels may lie below.
        on_value: Whether it is about the element itself that `$elemMatch` looks at.
    """
    if not depth:
        return UNKNOWN
    if isinstance(node, Leaf):
        return _leaf(node, depth, on_value=on_value)
    children = [_translate(branch, depth - 1, on_value=on_value) for branch in node.branches()]
    connect = CONNECTIVES.get(type(node))
    return UNKNOWN if connect is None else connect(children)


def _and(children: list[Predicate]) -> Predicate:
    known = [child for child in children if child is not UNKNOWN]
    if not known:
        return UNKNOWN if children else ALWAYS
    if len(children) == 1:
        return children[0]
    return predicates.And((*known, *((UNKNOWN,) if len(known) < len(children) else ())))


def _or(children: list[Predicate]) -> Predicate:
    if children and (len(children) == 1 or all(child is UNKNOWN for child in children)):
        return children[0]
    return predicates.Or(tuple(children))


def _negated(child: Predicate) -> Predicate:
    return UNKNOWN if child is UNKNOWN else predicates.Not(child)


CONNECTIVES: Final[dict[type[MatchExpression], Callable[[list[Predicate]], Predicate]]] = {
    And: _and,
    Or: _or,
    Nor: lambda children: _negated(_or(children)),
    Not: lambda children: _negated(children[0]),
    AlwaysTrue: lambda _children: ALWAYS,
    AlwaysFalse: lambda _children: NEVER,
}


def _leaf(node: Leaf, depth: int, *, on_value: bool) -> Predicate:
    path: Path | None = () if on_value else _plain_path(node.parts)
    if path is None:
        return UNKNOWN
    test = _element_test(node, depth) if isinstance(node, ElemMatchObject | ElemMatchValue) else _value_test(node)
    return UNKNOWN if test is None else Holds(path, test, expands=node.expands and not on_value)


def _plain_path(parts: tuple[str, ...]) -> Path | None:
    """Return the path if it can only mean what it says: no names like tags, no empty ones on a longer way."""
    if len(parts) > _MAX_STEPS or any(part.startswith("$") or "\0" in part for part in parts):
        return None
    return None if len(parts) > 1 and "" in parts else parts


def _value_test(node: Leaf) -> ValueTest | None:
    rule = RULES.get(type(node))
    return None if rule is None else rule(node)


def _element_test(node: ElemMatchObject | ElemMatchValue, depth: int) -> ValueTest | None:
    if isinstance(node, ElemMatchObject):
        inner = _translate(node.child, depth - 1)
        return ValueTest(relation=AnyElement(inner, objects_only=True))
    inner = _and([_translate(child, depth - 1, on_value=True) for child in node.children])
    return ValueTest(relation=AnyElement(inner))


def _comparison(node: Comparison) -> ValueTest | None:
    value = node.value
    if isinstance(node, Eq):
        return _equal_to(value, node.collation)
    if value is None:
        return _NULL_TEST if isinstance(node, Lte | Gte) else _NOTHING
    if value.__class__ is bool:
        relation = type(node).relation
        return ValueTest(yes=frozenset(kind for kind, other in _BOOLEANS.items() if relation(other, value)))
    if isinstance(value, MinKey | MaxKey):
        return None  # they compare with values of every type
    operand = _ordered_operand(value)
    ask = _kinds_like(value)
    if operand is None or (isinstance(value, str) and node.collation is not None):
        return ValueTest(ask=ask)
    return ValueTest(ask=ask & {Kind.DECIMAL}, relation=Ordered(_SIGNS[type(node)], operand))


def _equal_to(value: BsonValue, collation: Collation | None) -> ValueTest:
    if value is None:
        return _NULL_TEST
    kinds = _kinds_like(value)
    if isinstance(value, bool | MinKey | MaxKey):
        return ValueTest(yes=kinds)
    operand = value if _is_uuid(value) else _ordered_operand(value)
    if operand is None or (isinstance(value, str) and collation is not None):
        return ValueTest(ask=kinds)
    return ValueTest(ask=kinds & {Kind.DECIMAL}, relation=Among((operand,)))


def _ordered_operand(value: BsonValue) -> BsonValue:
    """Return a value as a predicate may have it for an operand, None when it may not."""
    if isinstance(value, Decimal128):
        return exact_int64(value)
    return None if value.__class__ not in _ORDERED_CLASSES or is_nan(value) else value


def _is_uuid(value: BsonValue) -> bool:
    return isinstance(value, Binary) and value.subtype == 4 and len(value) == 16


_ORDERED_CLASSES: Final = frozenset({int, Int64, float, str, ObjectId, DatetimeMS})
_SIGNS: Final[dict[type[Comparison], str]] = {Lt: "<", Lte: "<=", Gt: ">", Gte: ">="}
_BOOLEANS: Final = {Kind.FALSE: False, Kind.TRUE: True}
_NOTHING: Final = ValueTest()
_NULL_TEST: Final = ValueTest(yes=frozenset({Kind.NULL, Kind.MISSING}))

_KINDS_OF_CLASS: Final[dict[type, frozenset[Kind]]] = {
    **dict.fromkeys((int, Int64, float, Decimal128), NUMBERS),
    **dict.fromkeys((bytes, Binary), frozenset({Kind.BINARY})),
    str: frozenset({Kind.STRING}),
    dict: frozenset({Kind.OBJECT}),
    list: frozenset({Kind.ARRAY}),
    ObjectId: frozenset({Kind.OBJECT_ID}),
    DatetimeMS: frozenset({Kind.DATE}),
    Timestamp: frozenset({Kind.TIMESTAMP}),
    BsonRegex: frozenset({Kind.REGEX}),
    Code: frozenset({Kind.CODE}),
    MinKey: frozenset({Kind.MIN_KEY}),
    MaxKey: frozenset({Kind.MAX_KEY}),
}


def _kinds_like(value: BsonValue) -> frozenset[Kind]:
    """Return the kinds of the values that may be compared with `value`."""
    if isinstance(value, bool):
        return frozenset({Kind.TRUE if value else Kind.FALSE})
    return _KINDS_OF_CLASS.get(value.__class__, frozenset(Kind))


def _in(node: In) -> ValueTest:
    tests = [_equal_to(value, node.collation) for value in node.values]
    tests.extend(ValueTest(ask=frozenset({Kind.STRING, Kind.REGEX})) for _ in node.regexes)
    return _any_of(tests)


def _any_of(tests: Iterable[ValueTest]) -> ValueTest:
    operands: list[BsonValue] = []
    yes: set[Kind] = set()
    ask: set[Kind] = set()
    for test in tests:
        yes |= test.yes
        ask |= test.ask
        if isinstance(test.relation, Among):
            operands.extend(test.relation.operands)
    return ValueTest(frozenset(yes), frozenset(ask), Among(tuple(operands)) if operands else None)


def _regex(node: Regex) -> ValueTest:
    text = literal_text(node.pattern, node.options)
    if text is None or (not text.text and not text.is_enough):
        return ValueTest(ask=frozenset({Kind.STRING, Kind.REGEX}))
    return ValueTest(ask=frozenset({Kind.REGEX}), relation=text)


def _type(node: Type) -> ValueTest:
    names = node.types.names()
    yes = {kind for name, kind in _KIND_OF_TYPE.items() if name in names}
    if "bool" in names:
        yes |= {Kind.FALSE, Kind.TRUE}
    ask: set[Kind] = set()
    if not names.isdisjoint(("int", "long")):
        (yes if {"int", "long"} <= names else ask).add(Kind.INTEGER)
    if not names.isdisjoint(("javascript", "javascriptWithScope")):
        ask.add(Kind.CODE)
    return ValueTest(frozenset(yes), frozenset(ask))


_KIND_OF_TYPE: Final[dict[str, Kind]] = {
    "double": Kind.DOUBLE,
    "string": Kind.STRING,
    "object": Kind.OBJECT,
    "array": Kind.ARRAY,
    "binData": Kind.BINARY,
    "objectId": Kind.OBJECT_ID,
    "date": Kind.DATE,
    "null": Kind.NULL,
    "regex": Kind.REGEX,
    "timestamp": Kind.TIMESTAMP,
    "decimal": Kind.DECIMAL,
    "minKey": Kind.MIN_KEY,
    "maxKey": Kind.MAX_KEY,
}


def _only(kinds: frozenset[Kind]) -> Rule:
    """Return the rule of a condition that only values of these kinds can meet."""
    return lambda _node: ValueTest(ask=kinds)


RULES: Final[dict[type[MatchExpression], Rule]] = {
    **dict.fromkeys((Eq, Lt, Lte, Gt, Gte), _comparison),
    In: _in,
    Regex: _regex,
    Exists: lambda _node: ValueTest(yes=PRESENT),
    Type: _type,
    Size: lambda node: ValueTest(relation=Length(node.size)),
    Mod: _only(NUMBERS),
    **dict.fromkeys((BitsAllClear, BitsAllSet, BitsAnyClear, BitsAnySet), _only(NUMBERS | {Kind.BINARY})),
}
"""What a leaf asks of one value; `$elemMatch`, which asks a filter of it, is translated with its branches."""

HAS_NONE: Final[frozenset[type[MatchExpression]]] = frozenset({Expr, JsonSchema, SampleRate})
"""Nodes that nothing is known of without the document."""
