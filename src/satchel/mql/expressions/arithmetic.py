"""Arithmetic operators, with MongoDB's number types: int32 → int64 → double, and Decimal128 above all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.decimal_functions import all_digits, exp, ln, log10, power, square_root
from satchel.mql.expressions.expression import Evaluate, Expression, Variables, combine, is_nullish
from satchel.mql.expressions.operands import beyond_int64, describe
from satchel.mql.expressions.registry import (
    Association,
    Parser,
    apply,
    apply_right_first,
    checking,
    fold_operands,
    operator,
    syntax,
)
from satchel.values import numbers
from satchel.values.bson_types import (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    BsonValue,
    Document,
    Field,
    is_number,
    type_name,
)
from satchel.values.numbers import (
    DECIMAL_CONTEXT,
    Number,
    from_decimal,
    is_bson_number,
    narrow,
    to_decimal,
    to_double,
    to_long,
)

_INT64_MIN_MAGNITUDE: Final = 2**63


@syntax("$add")
def add(operand: BsonValue, parser: Parser) -> Expression:
    """Return the sum of numbers, or a date moved by a number of milliseconds; null at the first null operand.

    Raises:
        ServerError: TypeMismatch (14) for another type, Location16612 for a second date, Overflow (15) for a date
            beyond 64 bits.

    Reference:
        MongoDB manual, "$add".
    """
    operands = parser.operands("$add", operand)
    if parser.optimises:
        operands = fold_operands(lambda *values: _sum(values), operands, Association.LEFT)
    return combine(_chained(operands, _add_two, _sum), operands)


@syntax("$multiply")
def multiply(operand: BsonValue, parser: Parser) -> Expression:
    """Return the product of numbers; null at the first null operand.

    Raises:
        ServerError: TypeMismatch (14) for another type.

    Reference:
        MongoDB manual, "$multiply".
    """
    operands = parser.operands("$multiply", operand)
    if parser.optimises:
        operands = fold_operands(lambda *values: _product(values), operands, Association.LEFT)
    return combine(_chained(operands, _multiply_two, _product), operands)


def _chained(
    operands: list[Expression], two: Callable[[Field, Field], Field], many: Callable[[Iterable[Field]], Field]
) -> Evaluate:
    """Evaluate operands one by one: what follows a null, or a wrong type, is not looked at."""
    if len(operands) == 2 and operands[1].is_plain:
        return apply(two, operands)
    evaluates = [part.evaluate for part in operands]

    def evaluate(document: Document, variables: Variables) -> Field:
        return many(part(document, variables) for part in evaluates)

    if len(operands) != 2:
        return evaluate
    first, second = evaluates

    def evaluate_two(document: Document, variables: Variables) -> Field:
        left = first(document, variables)
        return two(left, second(document, variables)) if is_number(left) else many((left,))

    # A date may be the left operand of a sum.
    return evaluate_two if two is _multiply_two else evaluate


def _add_two(left: Field, right: Field) -> Field:
    cls = left.__class__
    if cls is right.__class__:
        if cls is float:
            return left + right + 0.0  # type: ignore[operator]
        if cls is int and INT32_MIN <= (total := left + right) <= INT32_MAX:  # type: ignore[operator]
            return total
    return _sum((left, right))


def _sum(values: Iterable[Field]) -> Field:
    total: Number = 0
    are_int32 = True
    is_date = False
    for value in values:
        if is_bson_number(value):
            are_int32 = are_int32 and value.__class__ is int
            total = _moved(total, value) if is_date else numbers.add(total, value)
        elif is_nullish(value):
            return None
        elif isinstance(value, DatetimeMS):
            if is_date:
                raise ServerError(16612, "only one date allowed in an $add expression")
            is_date = True
            total = _moved(Int64(int(value)), total)
        else:
            raise ServerError(
                ErrorCode.TypeMismatch, f"$add only supports numeric or date types, not {type_name(value)}"
            )
    if is_date:
        return DatetimeMS(int(total))  # type: ignore[arg-type]
    return _narrowest(total) if are_int32 else total


def _narrowest(number: Number) -> Number:
    """Return an integer result of int32 operands as an int32 if it fits, though intermediate ones may not have."""
    return narrow(int(number)) if isinstance(number, Int64) else number


def _moved(milliseconds: Number, offset: Number, sign: int = 1) -> Int64:
    """Return a date's milliseconds moved by a number, which counts rounded."""
    moved = _rounded_milliseconds(offset)
    total = int(milliseconds) + sign * moved if moved is not None else None  # type: ignore[arg-type]
    if total is None or not INT64_MIN <= total <= INT64_MAX:
        raise ServerError(ErrorCode.Overflow, "date overflow")
    return Int64(total)


def _rounded_milliseconds(offset: Number) -> int | None:
    """Round to whole milliseconds: doubles half away from zero, decimals half to even. None beyond all dates."""
    if isinstance(offset, Decimal128):
        number = to_decimal(offset)
        return int(number.to_integral_value()) if number.is_finite() and number.adjusted() < 20 else None
    if isinstance(offset, float):
        if not math.isfinite(offset) or abs(offset) >= _INT64_MIN_MAGNITUDE:
            return None
        magnitude = math.floor(abs(offset))
        return int(math.copysign(magnitude + (abs(offset) - magnitude >= 0.5), offset))
    return int(offset)


def _multiply_two(left: Field, right: Field) -> Field:
    cls = left.__class__
    if cls is right.__class__:
        if cls is float:
            return left * right  # type: ignore[operator]
        if cls is int and INT32_MIN <= (product := left * right) <= INT32_MAX:  # type: ignore[operator]
            return product
    return _product((left, right))


def _product(values: Iterable[Field]) -> Field:
    product: Number = 1
    in_doubles = 1.0
    are_int32 = True
    for value in values:
        if is_bson_number(value):
            are_int32 = are_int32 and value.__class__ is int
            product, in_doubles = _times(product, in_doubles, value)
        elif is_nullish(value):
            return None
        else:
            raise ServerError(ErrorCode.TypeMismatch, f"$multiply only supports numeric types, not {type_name(value)}")
    return _narrowest(product) if are_int32 else product


def _times(product: Number, in_doubles: float, value: Number) -> tuple[Number, float]:
    """Multiply, beside integers their product in doubles: with that MongoDB goes on at a double, or beyond 64 bits."""
    if not isinstance(product, int) or isinstance(value, Decimal128):
        return numbers.multiply(product, value), in_doubles
    in_doubles *= value
    exact = numbers.multiply(product, value)
    return (exact if isinstance(exact, int) else in_doubles), in_doubles


@operator("$subtract", minimum=2, maximum=2, evaluation=apply_right_first)
def subtract(left: Field, right: Field) -> Field:
    """Return the difference of two numbers, the milliseconds between two dates, or a date moved back.

    Raises:
        ServerError: TypeMismatch (14) for other types, Overflow (15) for a date beyond 64 bits.

    Reference:
        MongoDB manual, "$subtract".
    """
    if is_bson_number(left) and is_bson_number(right):
        return numbers.subtract(left, right)
    if is_nullish(left) or is_nullish(right):
        return None
    if isinstance(left, DatetimeMS):
        if isinstance(right, DatetimeMS):
            return _wrapped(int(left) - int(right))
        if is_bson_number(right):
            return DatetimeMS(int(_moved(Int64(int(left)), right, -1)))
    raise ServerError(ErrorCode.TypeMismatch, f"can't $subtract {type_name(right)} from {type_name(left)}")


def _wrapped(value: int) -> Int64:
    """Cut to 64 bits as the processor does: MongoDB does not check the distance of two dates."""
    return Int64((value + _INT64_MIN_MAGNITUDE) % 2**64 - _INT64_MIN_MAGNITUDE)


@operator("$divide", minimum=2, maximum=2, evaluation=apply_right_first)
def divide(left: Field, right: Field) -> Field:
    """Return the quotient, a double or a Decimal128.

    Raises:
        ServerError: BadValue (2) for a zero divisor, TypeMismatch (14) for what is not a number.

    Reference:
        MongoDB manual, "$divide".
    """
    if is_bson_number(left) and is_bson_number(right):
        try:
            return numbers.divide(left, right)
        except ZeroDivisionError:
            raise ServerError(ErrorCode.BadValue, "can't $divide by zero") from None
    if is_nullish(left) or is_nullish(right):
        return None
    raise ServerError(
        ErrorCode.TypeMismatch, f"$divide only supports numeric types, not {type_name(left)} and {type_name(right)}"
    )


@operator("$mod", minimum=2, maximum=2, evaluation=apply_right_first)
def mod(left: Field, right: Field) -> Field:
    """Return the remainder of a division that cuts toward zero: it has the sign of the dividend.

    Raises:
        ServerError: Location16610 (5733415 for decimals) for a zero divisor, Location16611 for what is not a number.

    Reference:
        MongoDB manual, "$mod (aggregation)".
    """
    if is_bson_number(left) and is_bson_number(right):
        try:
            return numbers.modulo(left, right)
        except ZeroDivisionError:
            is_decimal = isinstance(left, Decimal128) or isinstance(right, Decimal128)
            raise ServerError(5733415 if is_decimal else 16610, "can't $mod by zero") from None
    if is_nullish(left) or is_nullish(right):
        return None
    raise ServerError(16611, f"$mod only supports numeric types, not {type_name(left)} and {type_name(right)}")


def require_number(name: str, value: Field) -> Number:
    """Return the operand of a numeric operator.

    Raises:
        ServerError: Location28765 when it is not a number.
    """
    if not is_bson_number(value):
        raise ServerError(28765, f"{name} only supports numeric types, not {type_name(value)}")
    return value


@operator("$abs", minimum=1, maximum=1)
def absolute(value: Field) -> Field:
    """Return the magnitude of a number.

    Raises:
        ServerError: Location28765 for what is not a number, Location28680 for the least int64.

    Reference:
        MongoDB manual, "$abs".
    """
    if is_nullish(value):
        return None
    number = require_number("$abs", value)
    if isinstance(number, Decimal128):
        return from_decimal(to_decimal(number).copy_abs())
    if isinstance(number, float):
        return abs(number)
    if isinstance(number, Int64):
        if number == INT64_MIN:
            raise ServerError(28680, "can't take $abs of long long min")
        return Int64(abs(number))
    return narrow(abs(number))


@operator("$ceil", minimum=1, maximum=1)
def ceil(value: Field) -> Field:
    """Return the least whole number that is not less, of the same type.

    Raises:
        ServerError: Location28765 for what is not a number.

    Reference:
        MongoDB manual, "$ceil".
    """
    return _whole("$ceil", value, "ROUND_CEILING", math.ceil)


@operator("$floor", minimum=1, maximum=1)
def floor(value: Field) -> Field:
    """Return the greatest whole number that is not greater, of the same type.

    Raises:
        ServerError: Location28765 for what is not a number.

    Reference:
        MongoDB manual, "$floor".
    """
    return _whole("$floor", value, "ROUND_FLOOR", math.floor)


def _whole(name: str, value: Field, rounding: str, cut: Callable[[float], int]) -> Field:
    if is_nullish(value):
        return None
    number = require_number(name, value)
    if isinstance(number, float):
        return math.copysign(cut(number), number) if math.isfinite(number) else number
    if isinstance(number, Decimal128):
        exact = to_decimal(number)
        # An infinity becomes NaN, as in MongoDB.
        return from_decimal(exact.quantize(Decimal(1), rounding, DECIMAL_CONTEXT))
    return number


@operator("$exp", minimum=1, maximum=1)
def exponential(value: Field) -> Field:
    """Return e to the power of a number, a double or a Decimal128.

    Raises:
        ServerError: Location28765 for what is not a number.

    Reference:
        MongoDB manual, "$exp".
    """
    if is_nullish(value):
        return None
    number = require_number("$exp", value)
    if isinstance(number, Decimal128):
        return from_decimal(exp(to_decimal(number)))
    try:
        return math.exp(number)
    except OverflowError:
        return math.inf


@operator("$ln", minimum=1, maximum=1)
def natural_logarithm(value: Field) -> Field:
    """Return the natural logarithm of a positive number.

    Raises:
        ServerError: Location28765 for what is not a number, Location28766 for one that is not positive.

    Reference:
        MongoDB manual, "$ln".
    """
    return _logarithm("$ln", value, 28766, math.log, ln)


@operator("$log10", minimum=1, maximum=1)
def decimal_logarithm(value: Field) -> Field:
    """Return the logarithm of a positive number to base 10.

    Raises:
        ServerError: Location28765 for what is not a number, Location28761 for one that is not positive.

    Reference:
        MongoDB manual, "$log10".
    """
    return _logarithm("$log10", value, 28761, math.log10, log10)


def _logarithm(
    name: str, value: Field, code: int, of_double: Callable[[float], float], of_decimal: Callable[[Decimal], Decimal]
) -> Field:
    if is_nullish(value):
        return None
    number = require_number(name, value)
    if numbers.is_nan(number):
        return math.nan
    if not _is_positive(number):
        raise ServerError(code, f"{name}'s argument must be a positive number, but is {describe(number)}")
    if isinstance(number, Decimal128):
        return from_decimal(of_decimal(to_decimal(number)))
    return of_double(to_double(number))


@operator("$log", minimum=2, maximum=2)
def logarithm(value: Field, base: Field) -> Field:
    """Return the logarithm of a positive number to a positive base other than 1.

    Raises:
        ServerError: Location28756 to 28759 for operands that are no such numbers.

    Reference:
        MongoDB manual, "$log".
    """
    if is_nullish(value) or is_nullish(base):
        return None
    if not is_bson_number(value):
        raise ServerError(28756, f"$log's argument must be numeric, not {type_name(value)}")
    if not is_bson_number(base):
        raise ServerError(28757, f"$log's base must be numeric, not {type_name(base)}")
    if isinstance(value, Decimal128) or isinstance(base, Decimal128):
        number, root = to_decimal(value), to_decimal(base)
        if not (number.is_nan() or root.is_nan()) and number > 0 and root > 0 and root != 1:
            return from_decimal(DECIMAL_CONTEXT.divide(ln(number), ln(root)))
    double, base_double = to_double(value), to_double(base)
    if double <= 0:
        raise ServerError(28758, f"$log's argument must be a positive number, but is {describe(value)}")
    if base_double <= 0 or base_double == 1:
        raise ServerError(28759, f"$log's base must be a positive number not equal to 1, but is {describe(base)}")
    return math.log(double) / math.log(base_double)


def _is_positive(number: Number) -> bool:
    return (to_decimal(number) if isinstance(number, Decimal128) else number) > 0


@operator("$sqrt", minimum=1, maximum=1)
def sqrt(value: Field) -> Field:
    """Return the square root of a number that is not negative.

    Raises:
        ServerError: Location28765 for what is not a number, Location28714 for a negative one.

    Reference:
        MongoDB manual, "$sqrt".
    """
    if is_nullish(value):
        return None
    number = require_number("$sqrt", value)
    is_decimal = isinstance(number, Decimal128)
    if not numbers.is_nan(number) and (to_decimal(number) if is_decimal else to_double(number)) < 0:
        raise ServerError(28714, "$sqrt's argument must be greater than or equal to 0")
    return from_decimal(square_root(to_decimal(number))) if is_decimal else math.sqrt(to_double(number))


@operator("$pow", minimum=2, maximum=2)
def pow_(base: Field, exponent: Field) -> Field:
    """Return a number to the power of another: an integer if both are and the result is, within 64 bits.

    Raises:
        ServerError: Location28762 and 28763 for what is not a number, Location28764 for 0 to a negative power.

    Reference:
        MongoDB manual, "$pow".
    """
    if is_nullish(base) or is_nullish(exponent):
        return None
    if not is_bson_number(base):
        raise ServerError(28762, f"$pow's base must be numeric, not {type_name(base)}")
    if not is_bson_number(exponent):
        raise ServerError(28763, f"$pow's exponent must be numeric, not {type_name(exponent)}")
    if _is_zero(base) and _is_negative(exponent, is_signed=isinstance(base, Decimal128)):
        raise ServerError(28764, "$pow cannot take a base of 0 and a negative exponent")
    if isinstance(base, Decimal128) or isinstance(exponent, Decimal128):
        return from_decimal(power(to_decimal(base), to_decimal(exponent)))
    if isinstance(base, float) or isinstance(exponent, float):
        return _double_power(float(base), float(exponent))
    return _integer_power(base, exponent)


def _is_zero(number: Number) -> bool:
    return to_decimal(number) == 0 if isinstance(number, Decimal128) else number == 0


def _is_negative(number: Number, *, is_signed: bool) -> bool:
    """Tell whether a number is below zero; where decimals are involved a zero with a sign is."""
    if numbers.is_nan(number):
        return False
    if is_signed or isinstance(number, Decimal128):
        return to_decimal(number).is_signed()
    return number < 0


def _double_power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        is_odd = math.fmod(exponent, 2) != 0
        return -math.inf if base < 0 and is_odd else math.inf
    except ValueError:
        return math.nan


def _integer_power(base: int, exponent: int) -> Number:
    is_long = isinstance(base, Int64) or isinstance(exponent, Int64)
    result = _exact_power(int(base), int(exponent))
    if result is None or not INT64_MIN <= result <= INT64_MAX:
        return _double_power(float(base), float(exponent))
    return to_long(result) if is_long else narrow(result)


def _exact_power(base: int, exponent: int) -> int | None:
    """Return the integer power, or None when it is no integer or surely too large."""
    if base in {0, 1}:
        return base if exponent else 1
    if base == -1:
        return 1 if exponent % 2 == 0 else -1
    if not 0 <= exponent < 64:
        return None
    return int(base**exponent)


def _is_null(name: str, values: Sequence[Field]) -> bool:
    """Check the number to be rounded, before the place is evaluated."""
    if is_nullish(values[0]):
        return True
    if not is_bson_number(values[0]):
        raise ServerError(51081, f"{name} only supports numeric types, not {type_name(values[0])}")
    return False


@operator("$round", minimum=1, maximum=2, evaluation=checking(partial(_is_null, "$round")))
def round_(value: Field, place: Field = 0) -> Field:
    """Return a number rounded, half to even, to a number of decimal places; negative ones are before the point.

    Raises:
        ServerError: Location51081 for what is not a number, Location51082, 51083, 16004, 31109 for a bad place,
            Location51080 for an int64 that overflows.

    Reference:
        MongoDB manual, "$round".
    """
    return _at_place("$round", value, place, "ROUND_HALF_EVEN")


@operator("$trunc", minimum=1, maximum=2, evaluation=checking(partial(_is_null, "$trunc")))
def trunc(value: Field, place: Field = 0) -> Field:
    """Return a number cut off after a number of decimal places; negative ones are before the point.

    Raises:
        ServerError: Location51081 for what is not a number, Location51082, 51083, 16004, 31109 for a bad place.

    Reference:
        MongoDB manual, "$trunc".
    """
    return _at_place("$trunc", value, place, "ROUND_DOWN")


def _at_place(name: str, value: Field, place: Field, rounding: str) -> Field:
    if _is_null(name, [value]) or is_nullish(place) or not is_bson_number(value):
        return None
    digits = _place(name, place)
    if isinstance(value, Decimal128):
        return _decimal_at_place(to_decimal(value), digits, rounding)
    if isinstance(value, float):
        if not math.isfinite(value):
            return value
        if rounding == "ROUND_HALF_EVEN":
            return math.copysign(round(value, digits), value)
        exact = DECIMAL_CONTEXT.create_decimal(Decimal(value))
        return float(_quantized(exact, digits, rounding))
    return value if digits >= 0 else _integer_at_place(name, value, digits, rounding)


def _place(name: str, place: Field) -> int:
    if not is_bson_number(place):
        raise ServerError(16004, f"can't convert from BSON type {type_name(place)} to long")
    number = numbers.exact_int32(place)
    if number is None:
        if beyond_int64(place):
            raise ServerError(31109, f"Can't coerce out of range value {describe(place)} to long")
        raise ServerError(51082, f"precision argument to  {name} must be a integral value")
    if not -20 <= number <= 100:
        raise ServerError(51083, f"cannot apply {name} with precision value {number} value must be in [-20, 100]")
    return number


def _quantized(number: Decimal, digits: int, rounding: str) -> Decimal:
    """Round to a decimal place, unless the number has no digits that far."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -digits:
        return number
    return number.quantize(Decimal(1).scaleb(-digits), rounding, DECIMAL_CONTEXT)


def _decimal_at_place(number: Decimal, digits: int, rounding: str) -> Decimal128:
    if not number.is_finite():
        return from_decimal(number)
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding, DECIMAL_CONTEXT)
    # With more digits than there are, MongoDB writes as many as there are.
    return from_decimal(all_digits(number) if rounded.is_nan() else rounded)


def _integer_at_place(name: str, value: int, digits: int, rounding: str) -> Number:
    result = int(_quantized(Decimal(int(value)), digits, rounding))
    if not INT64_MIN <= result <= INT64_MAX:
        raise ServerError(
            51080,
            f"invalid conversion from Decimal128 result in {name} resulting from arguments: [{value}, {digits}]",
        )
    return Int64(result) if isinstance(value, Int64) else narrow(result)


@syntax("$sigmoid")
def sigmoid(operand: BsonValue, parser: Parser) -> Expression:
    """Return `1 / (1 + e^-x)`, a double or a Decimal128.

    Raises:
        ServerError: TypeMismatch (14) for what is not a number.

    Reference:
        MongoDB manual, "$sigmoid".
    """
    if isinstance(operand, list) or (isinstance(operand, str) and operand[:1] != "$"):
        raise ServerError(ErrorCode.TypeMismatch, f"$sigmoid only supports numeric types, not {type_name(operand)}")
    negated: Document = {"$multiply": [-1, operand]}
    return parser.parse({"$divide": [1, {"$add": [1, {"$exp": negated}]}]})
