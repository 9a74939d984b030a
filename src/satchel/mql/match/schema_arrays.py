"""JSON Schema keywords about arrays.

A keyword lets every value pass that is of another type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bson import Int64

from satchel.mql.match.json_schema import (
    KEYWORDS,
    Keyword,
    Rule,
    Schema,
    considered,
    count_of,
    parse_schema,
    unordered_key,
)
from satchel.mql.match.tree import Test
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name


@KEYWORDS.operator("minItems")
def min_items(keyword: Keyword) -> Rule:
    """Demand of arrays that they have no fewer elements.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _size_rule(keyword, lambda value: len(value) >= limit)


@KEYWORDS.operator("maxItems")
def max_items(keyword: Keyword) -> Rule:
    """Demand of arrays that they have no more elements.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _size_rule(keyword, lambda value: len(value) <= limit)


def _size_rule(keyword: Keyword, test: Callable[[list[BsonValue]], bool]) -> Rule:
    shown = considered(keyword.spec, "array did not match specified length")

    def details(value: BsonValue) -> Document:
        return {**shown(value), "numberOfItems": len(_array(value))}

    return Rule(keyword.name, _if_array(test), details)


@KEYWORDS.operator("uniqueItems")
def unique_items(keyword: Keyword) -> Rule | None:
    """Demand of arrays that no two elements are equal; objects are, whatever the order of their fields.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a boolean.
    """
    if not isinstance(keyword.value, bool):
        raise keyword.wrong_type("must be a boolean")
    if not keyword.value:
        return None
    shown = considered(keyword.spec, "found a duplicate item")

    def details(value: BsonValue) -> Document:
        return {**shown(value), "duplicatedValue": next(_duplicates(_array(value)))}

    return Rule(keyword.name, _if_array(lambda value: next(_duplicates(value), MISSING) is MISSING), details)


def _duplicates(array: list[BsonValue]) -> Iterator[BsonValue]:
    seen: set[bytes] = set()
    for element in array:
        key = unordered_key(element)
        if key in seen:
            yield element
        seen.add(key)


@KEYWORDS.operator("items")
def items(keyword: Keyword) -> Rule:
    """Demand of arrays that their elements obey a schema, or each of the first ones a schema of its own.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a schema or an array of schemas; the schemas' errors.
    """
    spec = keyword.value
    if isinstance(spec, dict):
        return _every_item(keyword, parse_schema(spec))
    if not isinstance(spec, list):
        raise keyword.wrong_type(f"must be an array or an object, not {type_name(spec)}")
    schemas = []
    for member in spec:
        if not isinstance(member, dict):
            demand = f"requires that each element of the array is an object, but found a {type_name(member)}"
            raise keyword.wrong_type(demand)
        schemas.append(parse_schema(member))
    return _leading_items(keyword, schemas)


def _every_item(keyword: Keyword, schema: Schema, start: int = 0) -> Rule:
    noun = "additional item" if start else "item"

    def details(value: BsonValue) -> Document:
        array = _array(value)
        index = next(i for i in range(start, len(array)) if not schema.test(array[i]))
        reason = f"At least one {noun} did not match the sub-schema"
        failures = schema.failures(array[index])
        return {**schema.annotations, "reason": reason, "itemIndex": index, "details": failures}

    return Rule(keyword.name, _if_array(lambda value: all(map(schema.test, value[start:]))), details)


def _leading_items(keyword: Keyword, schemas: list[Schema]) -> Rule:
    def details(value: BsonValue) -> Document:
        pairs = enumerate(zip(_array(value), schemas, strict=False))
        return {
            "details": [
                {"itemIndex": Int64(i), "details": schema.failures(item)}
                for i, (item, schema) in pairs
                if not schema.test(item)
            ]
        }

    def test(value: list[BsonValue]) -> bool:
        return all(schema.test(item) for item, schema in zip(value, schemas, strict=False))

    return Rule(keyword.name, _if_array(test), details)


@KEYWORDS.operator("additionalItems")
def additional_items(keyword: Keyword) -> Rule | None:
    """Demand of the elements beyond an array of schemas in `items` that they obey a schema, or are not there.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a boolean or a schema; the schema's errors.
    """
    spec, leading = keyword.value, keyword.schema.get("items")
    if not isinstance(spec, bool | dict):
        raise keyword.wrong_type(f"must be either an object or a boolean, but got a {type_name(spec)}")
    schema = parse_schema(spec) if isinstance(spec, dict) else None
    if spec is True or not isinstance(leading, list):
        return None
    start = len(leading)
    if schema is not None:
        return _every_item(keyword, schema, start)

    def details(value: BsonValue) -> Document:
        return {
            "specifiedAs": keyword.spec,
            "reason": "found additional items",
            "additionalItems": _array(value)[start:],
        }

    return Rule(keyword.name, _if_array(lambda value: len(value) <= start), details)


def _if_array(test: Callable[[list[BsonValue]], bool]) -> Test:
    return lambda value: test(value) if isinstance(value, list) else True


def _array(value: BsonValue) -> list[BsonValue]:
    assert isinstance(value, list)
    return value
