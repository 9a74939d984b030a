"""Similarities of vectors: arrays of numbers, or binary vectors (subtype 9)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from bson import Binary

from satchel.errors import ServerError
from satchel.mql.expressions.conversion import ConversionOptions
from satchel.mql.expressions.convert_binary import to_array
from satchel.mql.expressions.expression import Expression, is_nullish, unite
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import Parser, apply, syntax
from satchel.values.bson_types import BsonValue, Field, type_name
from satchel.values.numbers import is_bson_number, to_double

_VECTOR_SUBTYPE: Final = 9
_Similarity = Callable[[Sequence[float], Sequence[float]], float]


@syntax("$similarityDotProduct")
def similarity_dot_product(operand: BsonValue, parser: Parser) -> Expression:
    """Return the dot product of two vectors; with `score: true` brought to the scale of vector search scores.

    Raises:
        ServerError: Location10413200 to 10413209 for operands that are not two vectors of one length,
            Location10506600 to 10506606 for malformed binary vectors.

    Reference:
        MongoDB manual, "$similarityDotProduct".
    """
    return _similarity("$similarityDotProduct", operand, parser, _dot_product, lambda value: (1 + value) / 2)


@syntax("$similarityCosine")
def similarity_cosine(operand: BsonValue, parser: Parser) -> Expression:
    """Return the cosine of the angle between two vectors; with `score: true` as a score from 0 to 1.

    Raises:
        ServerError: Location10413200 to 10413209 for operands that are not two vectors of one length,
            Location10506600 to 10506606 for malformed binary vectors.

    Reference:
        MongoDB manual, "$similarityCosine".
    """
    return _similarity("$similarityCosine", operand, parser, _cosine, lambda value: (1 + value) / 2)


@syntax("$similarityEuclidean")
def similarity_euclidean(operand: BsonValue, parser: Parser) -> Expression:
    """Return the distance of two vectors; with `score: true` a score that is 1 for none.

    Raises:
        ServerError: Location10413200 to 10413209 for operands that are not two vectors of one length,
            Location10506600 to 10506606 for malformed binary vectors.

    Reference:
        MongoDB manual, "$similarityEuclidean".
    """
    return _similarity("$similarityEuclidean", operand, parser, _distance, lambda value: 1 / (1 + value))


def _dot_product(left: Sequence[float], right: Sequence[float]) -> float:
    total = 0.0
    for a, b in zip(left, right, strict=True):
        total += a * b
    return total


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    lengths = math.sqrt(_dot_product(left, left)) * math.sqrt(_dot_product(right, right))
    return _dot_product(left, right) / lengths if lengths else 0.0


def _distance(left: Sequence[float], right: Sequence[float]) -> float:
    difference = [a - b for a, b in zip(left, right, strict=True)]
    return math.sqrt(_dot_product(difference, difference))


def _similarity(
    name: str, operand: BsonValue, parser: Parser, similarity: _Similarity, scale: Callable[[float], float]
) -> Expression:
    vectors, is_score = _parse(name, operand, parser)

    def compute(left: Field, right: Field) -> Field:
        if is_nullish(left) or is_nullish(right):
            return None
        first, second = _vector(name, left), _vector(name, right)
        if len(first) != len(second):
            raise ServerError(
                10413202,
                f"Arguments to {name} must be the same size, but the first is of size {len(first)} and the second is "
                f"of size {len(second)}",
            )
        value = similarity(*(_numbers(name, which, part) for which, part in (("first", first), ("second", second))))
        return scale(value) if is_score else value

    return unite(apply(compute, vectors), vectors)


def _parse(name: str, operand: BsonValue, parser: Parser) -> tuple[list[Expression], bool]:
    specs: BsonValue = operand
    is_score: BsonValue = False
    if isinstance(operand, dict):
        for argument in operand:
            if argument not in {"vectors", "score"}:
                raise ServerError(10413207, f"{name} found an unknown argument: {argument}")
        specs, is_score = operand.get("vectors", []), operand.get("score", False)
        if not isinstance(specs, list):
            raise ServerError(10413205, f"vectors must be an array of expressions, but found {type_name(specs)}")
        if not isinstance(is_score, bool):
            raise ServerError(10413206, f"score must be a boolean, but found {type_name(is_score)}")
    if not isinstance(specs, list):
        raise ServerError(
            10413208, f"{name} only supports an object or array as an argument, but found {type_name(operand)}"
        )
    if len(specs) != 2:
        raise ServerError(10413209, f"{name} requires exactly two vectors")
    return [parser.parse(spec) for spec in specs], bool(is_score)


def _vector(name: str, value: Field) -> Sequence[BsonValue]:
    if isinstance(value, Binary) and value.subtype == _VECTOR_SUBTYPE:
        value = to_array(value, ConversionOptions())
    if not isinstance(value, list):
        raise ServerError(
            10413200, f"Arguments to {name} must be arrays or binData vectors, but found type {type_name(value)}"
        )
    return value


def _numbers(name: str, which: str, values: Sequence[BsonValue]) -> list[float]:
    code = 10413203 if which == "first" else 10413204
    return [_number(name, which, code, value) for value in values]


def _number(name: str, which: str, code: int, value: BsonValue) -> float:
    if isinstance(value, bool):
        return float(value)
    if is_bson_number(value):
        return to_double(value)
    raise ServerError(
        code, f"All elements in the {which} argument to {name} must be numeric or boolean, but found {describe(value)}"
    )
