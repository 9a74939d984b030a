"""`$jsonSchema`: a schema is parsed to rules, one per keyword, that test a value and tell why it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Final, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.operands import count, labelled
from satchel.mql.match.registry import TOP_LEVEL_OPERATORS, Operand
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, Matcher, MatchExpression, Test
from satchel.mql.registry import Registry
from satchel.values import key_string
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, eq=False)
class Rule:
    """What one keyword of a schema demands.

    Attributes:
        keyword: The keyword.
        test: Tells whether a value obeys.
        details: What the error says, beside the keyword, of a value that does not.
    """

    keyword: str
    test: Test
    details: Callable[[BsonValue], Document]


@dataclass(frozen=True, eq=False)
class Schema:
    """A parsed schema.

    Attributes:
        rules: The rules, in MongoDB's order.
        annotations: Title and description.
        is_possible: False when no document can obey, because the document would have to be something else.
    """

    rules: tuple[Rule, ...]
    annotations: Document
    is_possible: bool = True

    @cached_property
    def test(self) -> Test:
        """Tells whether a value obeys all the rules."""
        if not self.is_possible:
            return lambda _value: False
        tests = [rule.test for rule in self.rules]
        if len(tests) == 1:
            return tests[0]
        return lambda value: all(test(value) for test in tests)

    def failures(self, value: BsonValue) -> list[BsonValue]:
        """Return, for each rule that a value breaks, what the error says of it."""
        broken = (rule for rule in self.rules if not rule.test(value))
        return [{"operatorName": rule.keyword, **rule.details(value)} for rule in broken]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword to parse, and where it stands.

    Attributes:
        name: The keyword.
        value: What stands after it.
        schema: The schema document around it.
        is_root: Whether the schema is of the document itself: then only what it says of objects counts.
    """

    name: str
    value: BsonValue
    schema: Document
    is_root: bool

    @property
    def spec(self) -> Document:
        """The keyword with its value, for error details."""
        return {self.name: self.value}

    def wrong_type(self, demand: str) -> ServerError:
        """Return the TypeMismatch for a value that is not what the keyword demands."""
        return ServerError(ErrorCode.TypeMismatch, f"$jsonSchema keyword '{self.name}' {demand}")

    def malformed(self, demand: str) -> ServerError:
        """Return the FailedToParse for a value of the right type that is not as the keyword demands."""
        return ServerError(ErrorCode.FailedToParse, f"$jsonSchema keyword '{self.name}' {demand}")


ParseKeyword: TypeAlias = Callable[[Keyword], Rule | None]
"""Makes a keyword's rule; None when it only belongs to another keyword or says nothing."""

KEYWORDS: Final[Registry[ParseKeyword]] = Registry("JSON Schema keyword")
"""The keywords that a schema may have."""

ORDER: Final = (
    *("multipleOf", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "pattern", "maxLength", "minLength"),
    *("minItems", "maxItems", "uniqueItems", "items", "additionalItems"),
    *("properties", "additionalProperties", "patternProperties", "required"),
    *("minProperties", "maxProperties", "dependencies"),
    *("allOf", "anyOf", "oneOf", "not", "enum", "type", "bsonType"),
    *("title", "description", "encrypt", "encryptMetadata"),
)
"""The keywords, in the order in which MongoDB reports what fails."""

_UNSUPPORTED: Final = frozenset({"$ref", "$schema", "default", "definitions", "format", "id"})


def parse_schema(spec: Document, *, is_root: bool = False) -> Schema:
    """Parse a schema.

    Args:
        spec: The schema, draft 4 with MongoDB's `bsonType`.
        is_root: Whether it is of the document itself, not of a value in it.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14) or BadValue (2), as MongoDB, for a malformed schema.

    Reference:
        MongoDB manual, "$jsonSchema".
    """
    for name in spec:
        if name in _UNSUPPORTED:
            raise ServerError(ErrorCode.FailedToParse, f"$jsonSchema keyword '{name}' is not currently supported")
        if name not in KEYWORDS:
            raise ServerError(ErrorCode.FailedToParse, f"Unknown $jsonSchema keyword: {name}")
    if "type" in spec and "bsonType" in spec:
        message = "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'"
        raise ServerError(ErrorCode.FailedToParse, message)
    rules: list[Rule] = []
    for name in ORDER:
        parse = KEYWORDS.get(name)
        if name in spec and parse is not None:
            rule = parse(Keyword(name, spec[name], spec, is_root))
            rules += [rule] if rule is not None else []
    schema = Schema(tuple(rules), {name: spec[name] for name in ("title", "description") if name in spec})
    if is_root and any(rule.keyword in ("type", "bsonType") and not rule.test({}) for rule in rules):
        return replace(schema, is_possible=False)
    return schema


def is_string(value: BsonValue) -> bool:
    """Tell whether `value` is a string; `Code` is a subclass of `str`."""
    return value.__class__ is str


def count_of(keyword: Keyword) -> int:
    """Return the value of a keyword that must be a whole number, not negative."""
    return count(keyword.value, labelled(keyword.name, keyword.value), ErrorCode.FailedToParse)


def mapping_of(keyword: Keyword) -> Document:
    """Return the value of a keyword that must be a document."""
    if not isinstance(keyword.value, dict):
        raise keyword.wrong_type("must be an object")
    return keyword.value


def considered(specified: Document, reason: str) -> Callable[[BsonValue], Document]:
    """Make the details of a keyword that looks at nothing but the value."""
    return lambda value: {"specifiedAs": specified, "reason": reason, "consideredValue": value}


def unordered_key(value: BsonValue) -> bytes:
    """Return a key that two values share if they are equal but for the order of fields."""
    return key_string.encode(_with_sorted_fields(value))


def _with_sorted_fields(value: BsonValue) -> BsonValue:
    if isinstance(value, dict):
        return {name: _with_sorted_fields(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_with_sorted_fields(element) for element in value]
    return value


@dataclass(frozen=True, eq=False)
class JsonSchema(MatchExpression):
    """The document obeys a JSON Schema.

    Attributes:
        schema: The parsed schema.
        source: The schema as the user wrote it.
    """

    schema: Schema
    source: Document
    rank: ClassVar[int] = 26

    def compile(self) -> Matcher:
        """Make the function that validates a document."""
        return self.schema.test

    def compile_test(self) -> Test:
        """Make the function that validates a value."""
        return self.schema.test

    def spec(self) -> Document:
        """Return the condition as a filter."""
        return {"$jsonSchema": self.source}


@TOP_LEVEL_OPERATORS.operator("$jsonSchema")
def parse_json_schema(operand: Operand) -> MatchExpression:
    """Match documents that obey a JSON Schema.

    Raises:
        ServerError: TypeMismatch (14) unless the operand is a document; the errors of `parse_schema`.

    Reference:
        MongoDB manual, "$jsonSchema".
    """
    spec = operand.value
    if not isinstance(spec, dict):
        raise ServerError(ErrorCode.TypeMismatch, "$jsonSchema must be an object")
    schema = parse_schema(spec, is_root=True)
    if not schema.rules:
        return AlwaysTrue()
    return JsonSchema(schema, spec) if schema.is_possible else AlwaysFalse()
