"""Operators on documents: merging, and fields by names that paths cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from satchel.errors import ServerError
from satchel.mql.expressions.expression import Expression, Variables, is_nullish, unoptimised
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import Parser, Signature, checking, operator, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name

_GET_FIELD = Signature("$getField", {"field": 3041702, "input": 3041703}, not_object=3041700, unknown=3041701)
_SET_FIELD = Signature(
    "$setField", {"field": 4161102, "value": 4161103, "input": 4161109}, not_object=4161100, unknown=4161101
)
_UNSET_FIELD = Signature("$unsetField", {"field": 4161102, "input": 4161109}, not_object=4161100, unknown=4161101)


def _is_never_null(values: Sequence[Field]) -> bool:
    """Check the operand of `$mergeObjects` that was evaluated last."""
    _check_document(values[-1])
    return False


@operator("$mergeObjects", evaluation=checking(_is_never_null))
def merge_objects(*documents: Field) -> Field:
    """Return one document of the fields of all; later values win, earlier positions stay. Nulls do not count.

    A single operand may be an array of documents.

    Raises:
        ServerError: Location40400 for what is neither document nor null.

    Reference:
        MongoDB manual, "$mergeObjects (aggregation)".
    """
    merged: Document = {}
    only = documents[0] if len(documents) == 1 else None
    for document in only if isinstance(only, list) else documents:
        _check_document(document)
        if isinstance(document, dict):
            merged.update(document)
    return merged


def _check_document(value: Field) -> None:
    if not isinstance(value, dict) and not is_nullish(value):
        raise ServerError(
            40400, f"$mergeObjects requires object inputs, but input {describe(value)} is of type {type_name(value)}"
        )


@syntax("$getField")
def get_field(operand: BsonValue, parser: Parser) -> Expression:
    """Return a field of a document by a name that may hold dots and dollars; no path through arrays.

    The operand is `{field, input}`, or the field alone for the current document.

    Raises:
        ServerError: Location3041701 to 3041703 for bad arguments, Location3041704 when the field is not a string.

    Reference:
        MongoDB manual, "$getField".
    """
    if isinstance(operand, dict) and not next(iter(operand), "").startswith("$"):
        given = parser.without_optimising().named(_GET_FIELD, operand)
        name, source = given["field"], given["input"]
    else:
        name, source = parser.without_optimising().parse(operand), parser.parse("$$CURRENT")
    name_of, source_of = name.evaluate, source.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        field = name_of(document, variables)
        if not isinstance(field, str):
            raise ServerError(
                3041704, f"$getField requires 'field' to evaluate to type String, but got {type_name(field)}"
            )
        value = source_of(document, variables)
        if isinstance(value, dict):
            return value.get(field, MISSING)
        return None if value is None else MISSING

    return _narrowed(unoptimised(evaluate, [name, source]), name, source)


def _narrowed(expression: Expression, name: Expression, source: Expression) -> Expression:
    """Say which field is read where that is known: constant name, path (or the whole document) as the source."""
    if not name.is_constant or not isinstance(name.value, str) or "." in name.value or source.fields != {""}:
        return expression
    return replace(expression, fields=frozenset({name.value}))


@syntax("$setField")
def set_field(operand: BsonValue, parser: Parser) -> Expression:
    """Return a document with one field set; `$$REMOVE` as the value removes it.

    Raises:
        ServerError: Location4161100 to 4161109 for bad arguments, Location4161105 when `input` is not a document.

    Reference:
        MongoDB manual, "$setField".
    """
    specs = parser.named_specs(_SET_FIELD, operand)
    return _setting(specs, specs["value"], parser)


@syntax("$unsetField")
def unset_field(operand: BsonValue, parser: Parser) -> Expression:
    """Return a document without one of its fields.

    Raises:
        ServerError: Location4161100 to 4161109 for bad arguments, Location4161105 when `input` is not a document.

    Reference:
        MongoDB manual, "$unsetField".
    """
    return _setting(parser.named_specs(_UNSET_FIELD, operand), "$$REMOVE", parser)


def _setting(specs: Document, value_spec: BsonValue, parser: Parser) -> Expression:
    field = _constant_name(specs["field"], parser)
    inner = parser.without_optimising()
    source, value = inner.parse(specs["input"]), inner.parse(value_spec)
    source_of, value_of = source.evaluate, value.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        target = source_of(document, variables)
        if is_nullish(target):
            return None
        if not isinstance(target, dict):
            raise ServerError(4161105, "$setField requires 'input' to evaluate to type Object")
        new_value = value_of(document, variables)
        if new_value is MISSING:
            return {name: inner for name, inner in target.items() if name != field}
        return {**target, field: new_value}

    return unoptimised(evaluate, [source, value])


def _constant_name(spec: BsonValue, parser: Parser) -> str:
    if isinstance(spec, str) and spec[:1] == "$":
        raise ServerError(
            4161108,
            f"'{spec}' is a field path reference which is not allowed in this context. Did you mean "
            f"{{$literal: '{spec}'}}?",
        )
    is_plain = not isinstance(spec, dict | list) or (isinstance(spec, dict) and spec.keys() <= {"$literal", "$const"})
    name = parser.parse(spec)
    if not is_plain or not name.is_constant:
        raise ServerError(
            4161106, "$setField requires 'field' to evaluate to a constant, but got a non-constant argument"
        )
    if not isinstance(name.value, str):
        raise ServerError(
            4161107, f"$setField requires 'field' to evaluate to type String, but got {type_name(name.value)}"
        )
    return name.value
