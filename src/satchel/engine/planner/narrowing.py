"""Narrowing: what a filter says as a predicate, with which the storage tells documents apart before they are decoded.

A predicate answers yes, no, or ask; "ask" is always right, and a wrong "no" loses a document. Every node of the filter
language has a rule here or stands in `HAS_NONE`; a test sees to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
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
    BoundPredicate,
    Holds,
    Kind,
    Length,
    Operand,
    OperandType,
    Ordered,
    Path,
    Predicate,
    Text,
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


class Operands:
    """The operands of a predicate while it is made."""

    def __init__(self) -> None:
        self.values: list[BsonValue] = []

    def add(self, value: BsonValue, type_: OperandType, *, is_list: bool = False) -> Operand:
        """Add a value and return its place."""
        self.values.append(value)
        return Operand(len(self.values) - 1, type_, is_list)


Rule: TypeAlias = Callable[..., ValueTest | None]


def narrow(filter_: MatchExpression) -> BoundPredicate | None:
    """Return a filter as a predicate on documents, or None when nothing is gained by it."""
    leaves = sum(not node.branches() for node in filter_.descendants())
    if leaves > MAX_LEAVES:
        return None
    translation = _Translation()
    predicate = translation.predicate(filter_, MAX_DEPTH)
    if isinstance(predicate, Unknown) or predicate == ALWAYS:
        return None
    return BoundPredicate(predicate, tuple(translation.operands.values))


class _Translation:
    """The translation of one filter."""

    def __init__(self) -> None:
        self.operands = Operands()

    def predicate(self, node: MatchExpression, depth: int, *, on_value: bool = False) -> Predicate:
        """Return the predicate of a node.

        Args:
            node: A filter, or with `on_value` a condition whose path is left out.
            depth: How many levels may lie below.
            on_value: Whether it is about the element itself that `$elemMatch` looks at.
        """
        if not depth:
            return UNKNOWN
        if isinstance(node, Leaf):
            return self._leaf(node, depth, on_value=on_value)
        connect = CONNECTIVES.get(type(node))
        if connect is None:
            return UNKNOWN
        return connect([self.predicate(branch, depth - 1, on_value=on_value) for branch in node.branches()])

    def _leaf(self, node: Leaf, depth: int, *, on_value: bool) -> Predicate:
        path: Path | None = () if on_value else plain_path(node.parts)
        test = None if path is None else self._test(node, depth)
        if path is None or test is None:
            return UNKNOWN
        return Holds(path, test, expands=node.expands and not on_value)

    def _test(self, node: Leaf, depth: int) -> ValueTest | None:
        if isinstance(node, ElemMatchObject):
            inner = self.predicate(node.child, depth - 1)
            return ValueTest(relations=(AnyElement(inner, objects_only=True),))
        if isinstance(node, ElemMatchValue):
            inner = _and([self.predicate(child, depth - 1, on_value=True) for child in node.children])
            return ValueTest(relations=(AnyElement(inner),))
        rule = RULES.get(type(node))
        return None if rule is None else rule(node, self.operands)


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


def plain_path(parts: tuple[str, ...]) -> Path | None:
    """Return a path if it can only mean what it says: no names like tags, no empty ones on a longer way."""
    if len(parts) > _MAX_STEPS or any(part.startswith("$") or "\0" in part for part in parts):
        return None
    return None if len(parts) > 1 and "" in parts else parts


def _comparison(node: Comparison, operands: Operands) -> ValueTest | None:
    value = node.value
    if isinstance(node, Eq):
        return _equal_to([value], node.collation, operands)
    if value is None:
        return _NULL_TEST if isinstance(node, Lte | Gte) else _NOTHING
    if isinstance(value, bool):
        relation = type(node).relation
        return ValueTest(yes=frozenset(kind for kind, other in _BOOLEANS.items() if relation(other, value)))
    if isinstance(value, MinKey | MaxKey):
        return None  # they compare with values of every type
    kinds = _kinds_like(value)
    type_ = operand_type(value, node.collation)
    if type_ is None or type_ is OperandType.UUID:
        return ValueTest(ask=kinds)
    operand = operands.add(_operand_value(value), type_)
    return ValueTest(ask=kinds & _DECIMALS, relations=(Ordered(_SIGNS[type(node)], operand),))


def _equal_to(values: Sequence[BsonValue], collation: Collation | None, operands: Operands) -> ValueTest:
    """Return the test of a value that equals one of several."""
    yes: set[Kind] = set()
    ask: set[Kind] = set()
    compared: dict[OperandType, list[BsonValue]] = {}
    for value in values:
        type_ = operand_type(value, collation)
        if type_ is not None:
            compared.setdefault(type_, []).append(_operand_value(value))
            ask |= _kinds_like(value) & _DECIMALS
        elif value is None or isinstance(value, bool | MinKey | MaxKey):
            yes |= _kinds_like(value)
        else:
            ask |= _kinds_like(value)
    relations = [
        Among(operands.add(found if len(found) > 1 else found[0], type_, is_list=len(found) > 1))
        for type_, found in compared.items()
    ]
    return ValueTest(frozenset(yes), frozenset(ask), tuple(relations))


def operand_type(value: BsonValue, collation: Collation | None) -> OperandType | None:
    """Return as what a predicate may have a value for an operand, None where it may not."""
    cls = value.__class__
    if cls is Decimal128:
        return None if exact_int64(value) is None else OperandType.NUMBER
    if isinstance(value, Binary):
        return OperandType.UUID if value.subtype == 4 and len(value) == 16 else None
    if is_nan(value) or (cls is str and collation is not None):
        return None
    return _OPERAND_TYPES.get(cls)


def _operand_value(value: BsonValue) -> BsonValue:
    return exact_int64(value) if isinstance(value, Decimal128) else value


_OPERAND_TYPES: Final[dict[type, OperandType]] = {
    **dict.fromkeys((int, Int64, float), OperandType.NUMBER),
    str: OperandType.STRING,
    ObjectId: OperandType.OBJECT_ID,
    DatetimeMS: OperandType.DATE,
}
_SIGNS: Final[dict[type[Comparison], str]] = {Lt: "<", Lte: "<=", Gt: ">", Gte: ">="}
_BOOLEANS: Final = {Kind.FALSE: False, Kind.TRUE: True}
_NOTHING: Final = ValueTest()
_NULLS: Final = frozenset({Kind.NULL, Kind.MISSING})
_NULL_TEST: Final = ValueTest(yes=_NULLS)
_DECIMALS: Final = frozenset({Kind.DECIMAL})
_ALL_KINDS: Final = frozenset(Kind)
_STRINGS_OR_REGEXES: Final = frozenset({Kind.STRING, Kind.REGEX})

_KINDS_OF_CLASS: Final[dict[type, frozenset[Kind]]] = {
    **dict.fromkeys((int, Int64, float, Decimal128), NUMBERS),
    **dict.fromkeys((bytes, Binary), frozenset({Kind.BINARY})),
    type(None): _NULLS,
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
    return _KINDS_OF_CLASS.get(value.__class__, _ALL_KINDS)


def _in(node: In, operands: Operands) -> ValueTest:
    test = _equal_to(node.values, node.collation, operands)
    return replace(test, ask=test.ask | _STRINGS_OR_REGEXES) if node.regexes else test


def _regex(node: Regex, operands: Operands) -> ValueTest:
    found = literal_text(node.pattern, node.options)
    if found is None or not (found.text or found.is_enough):
        return ValueTest(ask=_STRINGS_OR_REGEXES)
    operand = operands.add(found.text, OperandType.STRING)
    text = Text(operand, found.at_start, found.ignore_case, found.is_enough)
    return ValueTest(ask=frozenset({Kind.REGEX}), relations=(text,))


def _size(node: Size, operands: Operands) -> ValueTest:
    return ValueTest(relations=(Length(operands.add(node.size, OperandType.NUMBER)),))


def _type(node: Type, _operands: Operands) -> ValueTest:
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
    return lambda _node, _operands: ValueTest(ask=kinds)


RULES: Final[dict[type[MatchExpression], Rule]] = {
    **dict.fromkeys((Eq, Lt, Lte, Gt, Gte), _comparison),
    In: _in,
    Regex: _regex,
    Exists: lambda _node, _operands: ValueTest(yes=PRESENT),
    Type: _type,
    Size: _size,
    Mod: _only(NUMBERS),
    **dict.fromkeys((BitsAllClear, BitsAllSet, BitsAnyClear, BitsAnySet), _only(NUMBERS | {Kind.BINARY})),
}
"""What a leaf asks of one value; `$elemMatch`, which asks a filter of it, is translated with its branches."""

HAS_NONE: Final[frozenset[type[MatchExpression]]] = frozenset({Expr, JsonSchema, SampleRate})
"""Nodes that nothing is known of without the document."""
