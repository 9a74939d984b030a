"""JSON Schema keywords about values of any type: types, enumerations, combinations of schemas, annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.element import NUMBER_ALIAS, TypeSet, type_of_alias
from satchel.mql.match.json_schema import (
    KEYWORDS,
    Keyword,
    Rule,
    Schema,
    considered,
    is_string,
    parse_schema,
    unordered_key,
)
from satchel.values.bson_types import BsonValue, Document, type_name

_JSON_TYPES: Final = frozenset({"array", "bool", "boolean", "null", "number", "object", "string"})


@KEYWORDS.operator("allOf")
def all_of(keyword: Keyword) -> Rule:
    """Demand that a value obeys all the schemas.

    Raises:
        ServerError: TypeMismatch (14) or BadValue (2) unless the value is a non-empty array of schemas; their errors.
    """
    schemas = _schemas(keyword)
    return Rule(keyword.name, lambda value: all(schema.test(value) for schema in schemas), _not_satisfied(schemas))


@KEYWORDS.operator("anyOf")
def any_of(keyword: Keyword) -> Rule:
    """Demand that a value obeys at least one of the schemas.

    Raises:
        ServerError: TypeMismatch (14) or BadValue (2) unless the value is a non-empty array of schemas; their errors.
    """
    schemas = _schemas(keyword)
    return Rule(keyword.name, lambda value: any(schema.test(value) for schema in schemas), _not_satisfied(schemas))


@KEYWORDS.operator("oneOf")
def one_of(keyword: Keyword) -> Rule:
    """Demand that a value obeys exactly one of the schemas.

    Raises:
        ServerError: TypeMismatch (14) or BadValue (2) unless the value is a non-empty array of schemas; their errors.
    """
    schemas = _schemas(keyword)
    none = _not_satisfied(schemas)

    def matching(value: BsonValue) -> list[BsonValue]:
        return [i for i, schema in enumerate(schemas) if schema.test(value)]

    def details(value: BsonValue) -> Document:
        indexes = matching(value)
        if not indexes:
            return none(value)
        return {"reason": "more than one subschema matched", "matchingSchemaIndexes": indexes}

    return Rule(keyword.name, lambda value: len(matching(value)) == 1, details)


def _schemas(keyword: Keyword) -> list[Schema]:
    members = keyword.value
    if not isinstance(members, list):
        raise keyword.wrong_type("must be an array")
    if not members:
        raise ServerError(ErrorCode.BadValue, f"$jsonSchema keyword '{keyword.name}' must be a non-empty array")
    schemas = []
    for member in members:
        if not isinstance(member, dict):
            raise keyword.wrong_type(f"must be an array of objects, but found an element of type {type_name(member)}")
        schemas.append(parse_schema(member, is_root=keyword.is_root))
    return schemas


def _not_satisfied(schemas: list[Schema]) -> Callable[[BsonValue], Document]:
    def details(value: BsonValue) -> Document:
        return {
            "schemasNotSatisfied": [
                {"index": i, **schema.annotations, "details": schema.failures(value)}
                for i, schema in enumerate(schemas)
                if not schema.test(value)
            ]
        }

    return details


@KEYWORDS.operator("not")
def not_(keyword: Keyword) -> Rule:
    """Demand that a value does not obey the schema.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a schema; the schema's errors.
    """
    spec = keyword.value
    if not isinstance(spec, dict):
        raise keyword.wrong_type(f"must be an object, but found an element of type {type_name(spec)}")
    schema = parse_schema(spec, is_root=keyword.is_root)
    return Rule(keyword.name, lambda value: not schema.test(value), lambda _: {"reason": "child expression matched"})


@KEYWORDS.operator("enum")
def enum(keyword: Keyword) -> Rule:
    """Demand that a value equals one of a list; objects do, whatever the order of their fields.

    Raises:
        ServerError: TypeMismatch (14) or FailedToParse (9) unless the value is a non-empty array of different values.
    """
    members = keyword.value
    if not isinstance(members, list):
        raise keyword.wrong_type(f"must be an array, but found an element of type {type_name(members)}")
    if not members:
        raise keyword.malformed("cannot be an empty array")
    keys = {unordered_key(member) for member in members}
    if len(keys) < len(members):
        raise keyword.malformed("array cannot contain duplicate values.")
    details = considered(keyword.spec, "value was not found in enum")
    if keyword.is_root and not any(isinstance(member, dict) for member in members):
        impossible: Document = {"specifiedAs": keyword.spec, "reason": "expression always evaluates to false"}
        return Rule(keyword.name, lambda _: False, lambda _: impossible)
    return Rule(keyword.name, lambda value: unordered_key(value) in keys, details)


@KEYWORDS.operator("type")
def json_type(keyword: Keyword) -> Rule:
    """Demand that a value is of one of JSON's types.

    Raises:
        ServerError: TypeMismatch (14), FailedToParse (9) or BadValue (2) unless the value names such types.
    """
    return _type_rule(keyword, {name: name for name in _JSON_TYPES} | {"boolean": "bool"})


@KEYWORDS.operator("bsonType")
def bson_type(keyword: Keyword) -> Rule:
    """Demand that a value is of one of BSON's types.

    Raises:
        ServerError: TypeMismatch (14), FailedToParse (9) or BadValue (2) unless the value names such types.
    """
    return _type_rule(keyword, None)


def _type_rule(keyword: Keyword, aliases: Mapping[str, str] | None) -> Rule:
    test = _type_set(keyword, aliases).compile_test()

    def details(value: BsonValue) -> Document:
        return {
            "specifiedAs": keyword.spec,
            "reason": "type did not match",
            "consideredValue": value,
            "consideredType": type_name(value),
        }

    return Rule(keyword.name, test, details)


def _type_set(keyword: Keyword, aliases: Mapping[str, str] | None) -> TypeSet:
    spec = keyword.value
    if not isinstance(spec, list) and not is_string(spec):
        raise keyword.wrong_type("must be either a string or an array of strings")
    names: list[str] = []
    for name in spec if isinstance(spec, list) else [spec]:
        if not isinstance(name, str) or not is_string(name):
            raise keyword.wrong_type("array elements must be strings")
        if name in names:
            raise keyword.malformed(f"has duplicate value: {name}")
        names.append(name)
    if not names:
        raise keyword.malformed("must name at least one type")
    numbers = [_type_number(name, aliases) for name in names if name != NUMBER_ALIAS]
    return TypeSet(tuple(sorted(numbers)), NUMBER_ALIAS in names)


def _type_number(name: str, aliases: Mapping[str, str] | None) -> int:
    if name == "integer":
        raise ServerError(ErrorCode.FailedToParse, "$jsonSchema type 'integer' is not currently supported.")
    if aliases is not None and name not in aliases:
        raise ServerError(ErrorCode.BadValue, f"Unknown type name alias: {name}")
    return type_of_alias(aliases[name] if aliases is not None else name)


@KEYWORDS.operator("title")
def title(keyword: Keyword) -> None:
    """Name the schema, for error details.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a string.
    """
    _check_text(keyword)


@KEYWORDS.operator("description")
def description(keyword: Keyword) -> None:
    """Explain the schema, for error details.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a string.
    """
    _check_text(keyword)


@KEYWORDS.operator("encrypt")
def encrypt(keyword: Keyword) -> None:
    """Refuse a schema that says how fields are encrypted.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    raise ServerError(ErrorCode.NotImplemented, f"$jsonSchema keyword '{keyword.name}' is not implemented")


@KEYWORDS.operator("encryptMetadata")
def encrypt_metadata(keyword: Keyword) -> None:
    """Refuse a schema that says how fields are encrypted.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    encrypt(keyword)


def _check_text(keyword: Keyword) -> None:
    if not is_string(keyword.value):
        raise keyword.wrong_type("must be of type string")
