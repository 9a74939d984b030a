"""JSON Schema keywords about objects.

A keyword lets every value pass that is of another type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.json_schema import (
    KEYWORDS,
    Keyword,
    Rule,
    Schema,
    count_of,
    is_string,
    mapping_of,
    parse_schema,
)
from satchel.mql.match.patterns import compile_pattern
from satchel.mql.match.tree import Test
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name
from satchel.values.path import get_field, split


@KEYWORDS.operator("properties")
def properties(keyword: Keyword) -> Rule:
    """Demand of the named fields, where they are there, that each obeys a schema of its own.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a document of schemas; the schemas' errors.
    """
    schemas = {}
    for name, spec in mapping_of(keyword).items():
        if not isinstance(spec, dict):
            message = f"Nested schema for $jsonSchema property '{name}' must be an object"
            raise ServerError(ErrorCode.TypeMismatch, message)
        schemas[name] = parse_schema(spec)
    paths = {name: split(name) for name in schemas}

    def failing(value: Document) -> Iterator[tuple[str, BsonValue]]:
        for name, path in paths.items():
            field = get_field(value, path)
            if field is not MISSING and not schemas[name].test(field):
                yield name, field

    def details(value: BsonValue) -> Document:
        return {
            "propertiesNotSatisfied": [_property(name, schemas[name], field) for name, field in failing(_object(value))]
        }

    return Rule(keyword.name, _if_object(lambda value: next(failing(value), None) is None), details)


def _property(name: str, schema: Schema, value: BsonValue) -> Document:
    return {"propertyName": name, **schema.annotations, "details": schema.failures(value)}


@KEYWORDS.operator("additionalProperties")
def additional_properties(keyword: Keyword) -> Rule | None:
    """Demand of fields that neither `properties` nor `patternProperties` name: a schema, or that there are none.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a boolean or a schema; the schema's errors.
    """
    spec = keyword.value
    if not isinstance(spec, bool | dict):
        raise keyword.wrong_type("must be an object or a boolean")
    if spec is True:
        return None
    schema = parse_schema(spec) if isinstance(spec, dict) else None
    named = keyword.schema.get("properties")
    names = named if isinstance(named, dict) else {}
    searches = [search for _, search in _searches(keyword.schema.get("patternProperties"))]

    def failing(value: Document) -> Iterator[str]:
        for name, field in value.items():
            is_named = name in names or any(search(name) for search in searches)
            if not is_named and (schema is None or not schema.test(field)):
                yield name

    def details(value: BsonValue) -> Document:
        document = _object(value)
        if schema is None:
            return {"specifiedAs": keyword.spec, "additionalProperties": list(failing(document))}
        name = next(failing(document))
        reason = "at least one additional property did not match the subschema"
        failures = schema.failures(document[name])
        return {**schema.annotations, "reason": reason, "failingProperty": name, "details": failures}

    return Rule(keyword.name, _if_object(lambda value: next(failing(value), None) is None), details)


@KEYWORDS.operator("patternProperties")
def pattern_properties(keyword: Keyword) -> Rule:
    """Demand of fields whose names a regular expression matches that they obey its schema.

    Raises:
        ServerError: TypeMismatch (14) unless the value is a document of schemas, BadValue (2) for a bad pattern; the
            schemas' errors.
    """
    mapping, rules = mapping_of(keyword), []
    for name, spec in mapping.items():
        if not isinstance(spec, dict):
            raise keyword.wrong_type(f"has property '{name}' which is not an object")
        rules.append(parse_schema(spec))
    searches = list(_searches(mapping))

    def failing(value: Document) -> Iterator[tuple[str, str, Schema]]:
        for (text, search), schema in zip(searches, rules, strict=True):
            for name, field in value.items():
                if search(name) and not schema.test(field):
                    yield name, text, schema
                    break

    def details(value: BsonValue) -> Document:
        document = _object(value)
        return {
            "details": [
                {
                    "propertyName": name,
                    **schema.annotations,
                    "regexMatched": text,
                    "details": schema.failures(document[name]),
                }
                for name, text, schema in failing(document)
            ]
        }

    return Rule(keyword.name, _if_object(lambda value: next(failing(value), None) is None), details)


def _searches(patterns: BsonValue) -> Iterator[tuple[str, Callable[[str], object]]]:
    for text in patterns if isinstance(patterns, dict) else ():
        try:
            yield text, compile_pattern(text, "").search
        except ServerError as error:
            detail = error.message.removeprefix("Regular expression is invalid: ")
            raise ServerError(ErrorCode.BadValue, f"Invalid regular expression: {detail}") from error


@KEYWORDS.operator("required")
def required(keyword: Keyword) -> Rule:
    """Demand of objects that they have the named fields.

    Raises:
        ServerError: TypeMismatch (14) or FailedToParse (9) unless the value is an array of different strings.
    """
    names = keyword.value
    if not isinstance(names, list):
        raise keyword.wrong_type(f"must be an array, but found an element of type {type_name(names)}")
    for name in names:
        if not is_string(name):
            raise keyword.wrong_type(f"must be an array of strings, but found an element of type: {type_name(name)}")
    if not names:
        raise keyword.malformed("cannot be an empty array")
    if len(set(names)) < len(names):
        raise keyword.malformed("array cannot contain duplicate values")
    absent = _absence(names)

    def details(value: BsonValue) -> Document:
        return {"specifiedAs": keyword.spec, "missingProperties": absent(_object(value))}

    return Rule(keyword.name, _if_object(lambda value: not absent(value)), details)


def _absence(names: list[Any]) -> Callable[[Document], list[BsonValue]]:
    """Make the function that lists which of the fields an object lacks."""
    paths = [(name, split(name)) for name in sorted(names)]
    return lambda value: [name for name, path in paths if get_field(value, path) is MISSING]


@KEYWORDS.operator("minProperties")
def min_properties(keyword: Keyword) -> Rule:
    """Demand of objects that they have no fewer fields.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _field_count_rule(keyword, lambda value: len(value) >= limit)


@KEYWORDS.operator("maxProperties")
def max_properties(keyword: Keyword) -> Rule:
    """Demand of objects that they have no more fields.

    Raises:
        ServerError: FailedToParse (9) unless the value is a whole number, not negative.
    """
    limit = count_of(keyword)
    return _field_count_rule(keyword, lambda value: len(value) <= limit)


def _field_count_rule(keyword: Keyword, test: Callable[[Document], bool]) -> Rule:
    reason = "specified number of properties was not satisfied"

    def details(value: BsonValue) -> Document:
        return {"specifiedAs": keyword.spec, "reason": reason, "numberOfProperties": len(_object(value))}

    return Rule(keyword.name, _if_object(test), details)


@KEYWORDS.operator("dependencies")
def dependencies(keyword: Keyword) -> Rule:
    """Demand of objects that have a field that they have others too, or obey a schema.

    Raises:
        ServerError: TypeMismatch (14) or FailedToParse (9) unless the value is a document of schemas and arrays of
            different strings; the schemas' errors.
    """
    demands = {name: _dependency(keyword, name, spec) for name, spec in mapping_of(keyword).items()}
    paths = {name: split(name) for name in demands}

    def failing(value: Document) -> list[BsonValue]:
        return [
            {"conditionalProperty": name, **failure}
            for name, demand in demands.items()
            if get_field(value, paths[name]) is not MISSING and (failure := demand(value))
        ]

    def details(value: BsonValue) -> Document:
        return {"failingDependencies": failing(_object(value))}

    return Rule(keyword.name, _if_object(lambda value: not failing(value)), details)


def _dependency(keyword: Keyword, name: str, spec: BsonValue) -> Callable[[Document], Document]:
    """Make the function that tells why an object does not meet a dependency; an empty document if it does."""
    if isinstance(spec, dict):
        schema = parse_schema(spec, is_root=keyword.is_root)
        return lambda value: {} if schema.test(value) else {"details": schema.failures(value)}
    where = f"in $jsonSchema keyword '{keyword.name}'"
    if not isinstance(spec, list):
        message = f"property '{name}' {where} must be either an object or an array"
        raise ServerError(ErrorCode.TypeMismatch, message)
    if not spec:
        raise ServerError(ErrorCode.FailedToParse, f"property '{name}' {where} cannot be an empty array")
    for i, member in enumerate(spec):
        if not is_string(member):
            message = f"array '{name}' {where} can only contain strings, but found element of type: {type_name(member)}"
            raise ServerError(ErrorCode.TypeMismatch, message)
        if member in spec[:i]:
            message = f"array '{name}' {where} contains duplicate element: {member}"
            raise ServerError(ErrorCode.FailedToParse, message)
    absent = _absence(spec)
    return lambda value: {"missingProperties": missing} if (missing := absent(value)) else {}


def _if_object(test: Callable[[Document], bool]) -> Test:
    return lambda value: test(value) if isinstance(value, dict) else True


def _object(value: BsonValue) -> Document:
    assert isinstance(value, dict)
    return value
