"""`$convert` and its short forms: `$toInt`, `$toString` and so on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.conversion import ConversionOptions, unsupported
from satchel.mql.expressions.convert_binary import to_array, to_binary
from satchel.mql.expressions.convert_number import to_bool, to_date, to_decimal128, to_double, to_int, to_long
from satchel.mql.expressions.convert_text import to_object, to_object_id, to_string
from satchel.mql.expressions.expression import Evaluate, Expression, Variables, combine, is_nullish
from satchel.mql.expressions.registry import Parser, Signature, syntax
from satchel.mql.expressions.string_values import is_string
from satchel.mql.expressions.value_text import value_text
from satchel.values.bson_types import (
    MISSING,
    TYPE_NAMES,
    TYPE_NUMBERS,
    BsonValue,
    Document,
    Field,
    is_number,
    type_name,
)
from satchel.values.numbers import exact_int32

Conversion: TypeAlias = Callable[[BsonValue, ConversionOptions], BsonValue]

_CONVERT: Final = Signature(
    "$convert", {"input": 9, "to": 9}, ("onError", "onNull", "format", "base", "byteOrder"), not_object=9, unknown=9
)
_ONE_ARGUMENT: Final = 50723
_BINARY: Final = "binData"
_FORMATS: Final = frozenset({"base64", "base64url", "hex", "utf8", "uuid", "auto"})
_BASES: Final = frozenset({2, 8, 10, 16})
_BYTE_ORDERS: Final = {"little": False, "big": True}
_SUBTYPES: Final = frozenset({*range(10), *range(128, 256)})

_CONVERSIONS: Final[dict[str, Conversion]] = {
    "double": to_double,
    "string": to_string,
    "object": to_object,
    "array": to_array,
    _BINARY: to_binary,
    "objectId": to_object_id,
    "bool": to_bool,
    "date": to_date,
    "int": to_int,
    "long": to_long,
    "decimal": to_decimal128,
}


def convert_value(value: BsonValue, target: str, options: ConversionOptions) -> BsonValue:
    """Convert a value that is not null to the type of a name.

    Raises:
        ServerError: ConversionFailure (241) when that cannot be done; other codes as the conversions say.
    """
    conversion = _CONVERSIONS.get(target)
    if conversion is None:
        raise unsupported(value, target)
    return conversion(value, options)


@syntax("$convert")
def convert(operand: BsonValue, parser: Parser) -> Expression:
    """Convert a value to another type; `onNull` (or null) for null and missing, `onError` where it cannot be done.

    Raises:
        ServerError: ConversionFailure (241) without `onError`; BadValue (2) for an unknown type, FailedToParse (9) and
            location 3501300, 3501301, 4341106 to 4341125, 9130001, 9130002 for bad arguments.

    Reference:
        MongoDB manual, "$convert".
    """
    if not isinstance(operand, dict):
        found = f"found: {type_name(operand)}"
        raise ServerError(ErrorCode.FailedToParse, f"$convert expects an object of named arguments but {found}")
    given = parser.named(_CONVERT, operand)
    input_of, to_of = given["input"].evaluate, given["to"].evaluate
    options_of = _options_of(given)
    on_null, on_error = given.get("onNull"), given.get("onError")

    def evaluate(document: Document, variables: Variables) -> Field:
        to = to_of(document, variables)
        target, subtype = (None, 0) if is_nullish(to) else _target(to)
        value = input_of(document, variables)
        if is_nullish(value):
            return None if on_null is None else on_null.evaluate(document, variables)
        if target is None:
            return None
        options = options_of(document, variables, subtype)
        try:
            return convert_value(value, target, options)
        except ServerError as error:
            if error.code != ErrorCode.ConversionFailure or on_error is None:
                raise
            return on_error.evaluate(document, variables)

    return combine(evaluate, list(given.values()))


def _options_of(given: dict[str, Expression]) -> Callable[[Document, Variables, int], ConversionOptions]:
    """Return what evaluates the optional arguments."""
    base_of, format_of, order_of = (_evaluate_of(given, name) for name in ("base", "format", "byteOrder"))

    def evaluate(document: Document, variables: Variables, subtype: int) -> ConversionOptions:
        return ConversionOptions(
            base=_base(base_of(document, variables)),
            format=_format(format_of(document, variables)),
            big_endian=_byte_order(order_of(document, variables)),
            subtype=subtype,
        )

    if given.keys().isdisjoint(("base", "format", "byteOrder")):
        return lambda _document, _variables, subtype: _PLAIN if not subtype else ConversionOptions(subtype=subtype)
    return evaluate


_PLAIN: Final = ConversionOptions()


def _evaluate_of(given: dict[str, Expression], name: str) -> Evaluate:
    return given[name].evaluate if name in given else lambda _document, _variables: MISSING


def _target(to: Field) -> tuple[str, int]:
    """Return the name of the type, and the binary subtype, that a `to` argument says.

    Raises:
        ServerError: BadValue (2), FailedToParse (9), location 4341106 to 4341108.
    """
    if not isinstance(to, dict):
        return _type_argument(to), 0
    name = _type_argument(to.get("type", MISSING))
    return name, _subtype(to.get("subtype", MISSING)) if name == _BINARY else 0


def _type_argument(value: Field) -> str:
    if is_string(value):
        if value not in TYPE_NUMBERS and value != "missing":
            raise ServerError(ErrorCode.BadValue, f"Unknown type name: {value}")
        return value
    if not is_number(value):
        found = f"is {type_name(value)}"
        raise ServerError(ErrorCode.FailedToParse, f"$convert's 'to' argument must be a string or number, but {found}")
    number = exact_int32(value)
    if number is None:
        raise ServerError(ErrorCode.FailedToParse, "In $convert, numeric 'to' argument is not an integer")
    if number == 0:
        return "missing"
    if number not in TYPE_NAMES:
        message = f"In $convert, numeric value for 'to' does not correspond to a BSON type: {number}"
        raise ServerError(ErrorCode.FailedToParse, message)
    return TYPE_NAMES[number]


def _subtype(value: Field) -> int:
    if value is MISSING:
        return 0
    if not is_number(value):
        found = f"is {type_name(value)}"
        raise ServerError(4341108, f"For BinData, $convert's 'subtype' argument must be a number, but {found}")
    number = exact_int32(value)
    if number is None:
        raise ServerError(4341106, "In $convert, numeric 'subtype' argument is not an integer")
    if number not in _SUBTYPES:
        message = f"In $convert, numeric value for 'subtype' does not correspond to a BinData type: {number}"
        raise ServerError(4341107, message)
    return number


def _base(value: Field) -> int | None:
    if is_nullish(value):
        return None
    base = exact_int32(value)
    if base is None:
        raise ServerError(3501300, "In $convert, 'base' argument is not an integer")
    if base not in _BASES:
        raise ServerError(3501301, "In $convert, 'base' argument is not a valid base")
    return base


def _format(value: Field) -> str | None:
    if is_nullish(value):
        return None
    if not is_string(value):
        found = f"found: {type_name(value)} with value {value_text(value)}"
        raise ServerError(4341114, f"$convert requires that 'format' be a string, {found}")
    if value not in _FORMATS:
        raise ServerError(4341125, f"Invalid 'format' argument for $convert: {value}")
    return value


def _byte_order(value: Field) -> bool:
    if is_nullish(value):
        return False
    if not is_string(value):
        found = f"found: {type_name(value)} with value {value_text(value)}"
        raise ServerError(9130001, f"$convert requires that 'byteOrder' be a string, {found}")
    if value not in _BYTE_ORDERS:
        raise ServerError(9130002, f"Invalid 'byteOrder' argument for $convert: {value}")
    return _BYTE_ORDERS[value]


def _short_form(name: str, operand: BsonValue, parser: Parser, conversion: Conversion) -> Expression:
    """Parse an operator with one operand that converts without further arguments."""
    if isinstance(operand, list):
        if len(operand) != 1:
            raise ServerError(_ONE_ARGUMENT, f"{name} requires a single argument, got {len(operand)}")
        operand = operand[0]
    parsed = parser.parse(operand)
    value_of = parsed.evaluate

    def evaluate(document: Document, variables: Variables) -> Field:
        value = value_of(document, variables)
        return None if is_nullish(value) else conversion(value, _PLAIN)

    return combine(evaluate, [parsed])


def _declare_short_form(name: str, target: str, conversion: Conversion) -> None:
    def parse(operand: BsonValue, parser: Parser) -> Expression:
        return _short_form(name, operand, parser, conversion)

    parse.__module__ = __name__
    parse.__doc__ = f"""Convert a value to {target}; null for null and missing.

    Raises:
        ServerError: ConversionFailure (241) when it cannot be converted, location 50723 for a wrong number of operands.

    Reference:
        MongoDB manual, "{name}".
    """
    syntax(name)(parse)


_UUID_OPTIONS: Final = ConversionOptions(format="uuid", subtype=4)
_STRING_OPTIONS: Final = ConversionOptions(format="auto")

for _name, _target_name, _conversion in (
    ("$toArray", "an array", to_array),
    ("$toBool", "a boolean", to_bool),
    ("$toDate", "a date", to_date),
    ("$toDecimal", "a decimal", to_decimal128),
    ("$toDouble", "a double", to_double),
    ("$toInt", "an int", to_int),
    ("$toLong", "a long", to_long),
    ("$toObject", "an object", to_object),
    ("$toObjectId", "an ObjectId", to_object_id),
    ("$toString", "a string", lambda value, _options: to_string(value, _STRING_OPTIONS)),
    ("$toUUID", "a UUID", lambda value, _options: to_binary(value, _UUID_OPTIONS)),
):
    _declare_short_form(_name, _target_name, _conversion)
