"""Why a document does not pass a validator: what MongoDB reports as `errInfo.details`.

It follows the filter as the user wrote it, not its normal form. Every clause describes the state it finds: a clause
under `$not` or `$nor` is described because it holds.

Reference:
    MongoDB manual, "Specify Validation", and results recorded from a server.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bson import Regex

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.expression import NO_VARIABLES
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.match.comparison import is_operator_document
from satchel.mql.match.json_schema import parse_schema
from satchel.mql.match.parser import Parser
from satchel.mql.match.registry import FIELD_OPERATORS, Operand
from satchel.mql.match.tree import Matcher, Not
from satchel.values.bson_types import MISSING, NUMBER_TYPE_NAMES, BsonValue, Document, type_name
from satchel.values.path import leaf_values, split


def explain_failure(spec: Document, document: Document, context: Context) -> Document:
    """Return the details of a validation failure.

    Args:
        spec: The validator, which `parse_filter` has accepted.
        document: A document that it does not match.
        context: The circumstances in which the validator was parsed.
    """
    return _filter_clause(spec, context).details(document)


class _Clause(ABC):
    """A part of a filter."""

    @abstractmethod
    def holds(self, document: Document) -> bool:
        """Tell whether a document meets the clause."""

    @abstractmethod
    def details(self, document: Document) -> Document:
        """Say why a document meets the clause, or does not."""


@dataclass(frozen=True)
class _Group(_Clause):
    """`$and`, `$or` or `$nor`, or several conditions in one document."""

    operator: str
    clauses: list[_Clause]

    def holds(self, document: Document) -> bool:
        results = (clause.holds(document) for clause in self.clauses)
        if self.operator == "$and":
            return all(results)
        return any(results) is (self.operator == "$or")

    def details(self, document: Document) -> Document:
        satisfied = self.holds(document) is not (self.operator == "$nor")
        described = [
            {"index": i, "details": clause.details(document)}
            for i, clause in enumerate(self.clauses)
            if clause.holds(document) is satisfied
        ]
        return {"operatorName": self.operator, f"clauses{'' if satisfied else 'Not'}Satisfied": described}


@dataclass(frozen=True)
class _Negation(_Clause):
    """`$not`."""

    clause: _Clause

    def holds(self, document: Document) -> bool:
        return not self.clause.holds(document)

    def details(self, document: Document) -> Document:
        return {"operatorName": "$not", "details": self.clause.details(document)}


@dataclass(frozen=True)
class _Kind:
    """What is said of an operator.

    Attributes:
        failed: The reason when its condition is not met; of `$ne` and the like, the condition they negate.
        met: The reason when it is met.
        expected: The types of values for which it can be met; empty means all.
        expands: Whether an array is considered element by element.
    """

    failed: str
    met: str
    expected: tuple[str, ...] = ()
    expands: bool = True


_NUMBERS: Final = tuple(sorted(NUMBER_TYPE_NAMES))
_COMPARED: Final = _Kind("comparison failed", "comparison succeeded")
_FOUND: Final = _Kind("no matching value found in array", "matching value found in array")
_BITS: Final = _Kind(
    "bitwise operator failed to match", "bitwise operator matched successfully", ("binData", *_NUMBERS)
)
_KINDS: Final[dict[str, _Kind]] = {
    **dict.fromkeys(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), _COMPARED),
    **dict.fromkeys(("$in", "$nin"), _FOUND),
    **dict.fromkeys(("$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"), _BITS),
    "$exists": _Kind("path does not exist", "path does exist"),
    "$type": _Kind("type did not match", "type did match"),
    "$mod": _Kind("$mod did not evaluate to expected remainder", "$mod did evaluate to expected remainder", _NUMBERS),
    "$regex": _Kind(
        "regular expression did not match", "regular expression did match", expected=("regex", "string", "symbol")
    ),
    "$size": _Kind(
        "array length was not equal to given size",
        "array length was equal to given size",
        expected=("array",),
        expands=False,
    ),
    "$elemMatch": _Kind(
        "array did not satisfy the child predicate",
        "array did satisfy the child predicate",
        expected=("array",),
        expands=False,
    ),
    "$all": _Kind(
        "array did not contain all specified values", "array did contain all specified values", expands=False
    ),
}
_UNKNOWN: Final = _Kind("expression did not match", "expression did match")


@dataclass(frozen=True)
class _PathClause(_Clause):
    """One operator on a path.

    Attributes:
        operator: Its name.
        path: The path.
        specified: What the user wrote.
        condition: Tells whether the condition is met, which the operator may negate.
        is_negative: Whether it does.
    """

    operator: str
    path: str
    specified: Document
    condition: Matcher
    is_negative: bool

    def holds(self, document: Document) -> bool:
        return self.condition(document) is not self.is_negative

    def details(self, document: Document) -> Document:
        described: Document = {"operatorName": self.operator, "specifiedAs": self.specified}
        kind, is_met = _KINDS.get(self.operator, _UNKNOWN), self.condition(document)
        reason = kind.met if is_met else kind.failed
        if self.operator == "$exists":
            return {**described, "reason": reason}
        if self.operator == "$all" and self.specified == {self.path: {"$all": []}}:
            return {**described, "reason": "expression always evaluates to false"}
        reached = [value for value in leaf_values(document, split(self.path)) if value is not MISSING]
        if not reached:
            return {**described, "reason": "field was missing"}
        values = list(_elements(reached)) if kind.expands else reached
        types = sorted({type_name(value) for value in values})
        if not is_met and kind.expected and not set(kind.expected).intersection(types):
            return {**described, **_wrong_type(kind, types), **_some("consideredValue", values)}
        described |= {"reason": reason, **_some("consideredValue", values)}
        if self.operator == "$type" and types:
            described |= _some("consideredType", types)
        return described


def _elements(values: list[BsonValue]) -> Iterator[BsonValue]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _wrong_type(kind: _Kind, types: list[str]) -> Document:
    considered = _some("consideredType", types) if types else {}
    return {"reason": "type did not match", **considered, **_some("expectedType", list(kind.expected))}


def _some(name: str, values: list[BsonValue] | list[str]) -> Document:
    return {name: values[0]} if len(values) == 1 else {f"{name}s": values}


@dataclass(frozen=True)
class _ExpressionClause(_Clause):
    """`$expr`."""

    source: BsonValue
    context: Context
    matches: Matcher

    def holds(self, document: Document) -> bool:
        try:
            return self.matches(document)
        except ServerError:
            return False

    def details(self, document: Document) -> Document:
        described: Document = {"operatorName": "$expr", "specifiedAs": {"$expr": self.source}}
        try:
            result = parse_expression(self.source, self.context).evaluate(document, NO_VARIABLES)
        except ServerError as error:
            failure = {"code": error.code, "codeName": error.code_name, "errmsg": error.message}
            return {**described, "reason": "failed to evaluate aggregation expression", "details": failure}
        described["reason"] = _UNKNOWN.met if self.holds(document) else _UNKNOWN.failed
        return described if result is MISSING else {**described, "expressionResult": result}


@dataclass(frozen=True)
class _SchemaClause(_Clause):
    """`$jsonSchema`."""

    source: Document

    def holds(self, document: Document) -> bool:
        return parse_schema(self.source, is_root=True).test(document)

    def details(self, document: Document) -> Document:
        schema = parse_schema(self.source, is_root=True)
        described: Document = {"operatorName": "$jsonSchema"}
        if not schema.is_possible:
            specified = {"$jsonSchema": self.source}
            return {**described, "specifiedAs": specified, "reason": "expression always evaluates to false"}
        if schema.test(document):
            return {**described, "reason": "schema matched"}
        return {**described, **schema.annotations, "schemaRulesNotSatisfied": schema.failures(document)}


@dataclass(frozen=True)
class _OtherClause(_Clause):
    """A condition that says the same of all documents, or draws lots."""

    specified: Document
    matches: Matcher

    def holds(self, document: Document) -> bool:
        return self.matches(document)

    def details(self, document: Document) -> Document:
        (name,) = self.specified
        result = self.holds(document)
        reason = _UNKNOWN.met if result else _UNKNOWN.failed
        return {"operatorName": name, "specifiedAs": self.specified, "reason": reason, "expressionResult": result}


def _filter_clause(spec: Document, context: Context) -> _Clause:
    clauses: list[_Clause] = []
    for name, value in spec.items():
        if name != "$comment":
            clauses += _entry_clauses(name, value, context)
    return clauses[0] if len(clauses) == 1 else _Group("$and", clauses)


def _entry_clauses(name: str, value: BsonValue, context: Context) -> list[_Clause]:
    if not name.startswith("$"):
        return _path_clauses(name, value, context)
    if name in ("$and", "$or", "$nor"):
        members = value if isinstance(value, list) else []
        return [_Group(name, [_filter_clause(member, context) for member in members])]
    if name == "$jsonSchema" and isinstance(value, dict):
        return [_SchemaClause(value)]
    node = Parser(context).document({name: value})
    if name == "$expr":
        return [_ExpressionClause(value, context, node.matches)]
    return [_OtherClause({name: value}, node.matches)]


def _path_clauses(path: str, value: BsonValue, context: Context) -> list[_Clause]:
    if isinstance(value, dict) and is_operator_document(value):
        return _operator_clauses(path, value, context)
    node = Parser(context).predicate(path, value)
    name = "$regex" if isinstance(value, Regex) else "$eq"
    return [_PathClause(name, path, {path: value}, node.matches, is_negative=False)]


def _operator_clauses(path: str, spec: Document, context: Context) -> list[_Clause]:
    clauses: list[_Clause] = []
    for name, value in spec.items():
        if name == "$not":
            clauses.append(_negation(path, value, context))
        elif name != "$options":
            specified: Document = {path: spec if name == "$regex" else {name: value}}
            clauses.append(_operator_clause(path, Operand(path, name, value, spec, Parser(context)), specified))
    return clauses


def _operator_clause(path: str, operand: Operand, specified: Document) -> _Clause:
    parse = FIELD_OPERATORS.get(operand.name)
    node = parse(operand) if parse is not None else None
    assert node is not None, "the validator was parsed before"
    if isinstance(node, Not):
        return _PathClause(operand.name, path, specified, node.child.matches, is_negative=True)
    return _PathClause(operand.name, path, specified, node.matches, is_negative=False)


def _negation(path: str, value: BsonValue, context: Context) -> _Clause:
    clauses = _path_clauses(path, value, context)
    return _Negation(clauses[0] if len(clauses) == 1 else _Group("$and", clauses))
