"""`$zip`: arrays of the elements at the same position."""

from __future__ import annotations

from dataclasses import dataclass

from satchel.errors import ServerError
from satchel.mql.expressions.expression import Evaluate, Expression, Variables, constant, is_nullish, unite
from satchel.mql.expressions.operands import describe
from satchel.mql.expressions.registry import Parser, syntax
from satchel.values.bson_types import MISSING, BsonValue, Document, Field, type_name


@dataclass(frozen=True, slots=True)
class _Zip:
    """The parsed operand.

    Attributes:
        inputs: The arrays.
        defaults: What stands for elements beyond the end of each array: an array, or null.
        use_longest: Whether the longest array counts, not the shortest.
    """

    inputs: list[Expression]
    defaults: Expression
    use_longest: bool


@syntax("$zip")
def zip_(operand: BsonValue, parser: Parser) -> Expression:
    """Return arrays of the elements at the same position: as many as the shortest array has, or the longest.

    Raises:
        ServerError: Location34460 to 34467 for bad operands, Location34468 for an input that is neither array nor
            null, Location10961500 and 10961501 for computed defaults that are no array of the right length.

    Reference:
        MongoDB manual, "$zip".
    """
    spec = _parse(operand, parser)
    inputs_of = [part.evaluate for part in spec.inputs]

    def evaluate(document: Document, variables: Variables) -> Field:
        arrays = []
        for part in inputs_of:
            array = part(document, variables)
            if is_nullish(array):
                return None
            if not isinstance(array, list):
                raise ServerError(34468, f"$zip found a non-array expression in input: {describe(array)}")
            arrays.append(array)
        return _zipped(arrays, spec, spec.defaults.evaluate, document, variables)

    return unite(evaluate, [*spec.inputs, spec.defaults])


def _zipped(
    arrays: list[list[BsonValue]], spec: _Zip, defaults: Evaluate, document: Document, variables: Variables
) -> list[BsonValue]:
    lengths = [len(array) for array in arrays]
    shortest, longest = min(lengths), max(lengths)
    rows: list[BsonValue] = [list(row) for row in zip(*(array[:shortest] for array in arrays), strict=True)]
    if not spec.use_longest or shortest == longest:
        return rows
    fillers = _fillers(defaults(document, variables), len(arrays))
    for index in range(shortest, longest):
        rows.append(
            [array[index] if index < len(array) else filler for array, filler in zip(arrays, fillers, strict=True)]
        )
    return rows


def _fillers(defaults: Field, count: int) -> list[BsonValue]:
    if is_nullish(defaults):
        return [None] * count
    if not isinstance(defaults, list):
        raise ServerError(10961500, f"$zip defaults must resolve to an array, got {type_name(defaults)}")
    if len(defaults) != count:
        raise ServerError(10961501, "defaults and inputs must have the same length")
    return defaults


def _parse(operand: BsonValue, parser: Parser) -> _Zip:
    if not isinstance(operand, dict):
        raise ServerError(34460, f"$zip only supports an object as an argument, found {type_name(operand)}")
    inputs: list[Expression] = []
    defaults: BsonValue = MISSING
    use_longest = False
    for name, spec in operand.items():
        if name == "inputs":
            if not isinstance(spec, list):
                raise ServerError(34461, f"inputs must be an array of expressions, found {type_name(spec)}")
            inputs = [parser.parse(part) for part in spec]
        elif name == "defaults":
            defaults = spec
        elif name == "useLongestLength":
            if not isinstance(spec, bool):
                raise ServerError(34463, f"useLongestLength must be a bool, found {type_name(spec)}")
            use_longest = spec
        else:
            raise ServerError(34464, f"$zip found an unknown argument: {name}")
    return _Zip(inputs, _parse_defaults(defaults, len(inputs), use_longest, parser), use_longest)


def _parse_defaults(spec: Field, inputs: int, use_longest: bool, parser: Parser) -> Expression:
    if not inputs:
        raise ServerError(34465, "$zip requires at least one input array")
    if spec is MISSING or spec == []:
        return constant(None)
    if not use_longest:
        raise ServerError(34466, "cannot specify defaults unless useLongestLength is true")
    if isinstance(spec, list) and len(spec) != inputs:
        raise ServerError(34467, "defaults and inputs must have the same length")
    return parser.parse(spec)
