"""`$covariancePop`, `$covarianceSamp`, `$expMovingAvg`, `$minMaxScaler`."""

from __future__ import annotations

from decimal import Decimal

from bson import Decimal128

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import Covariance, SlidingExtremum
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.pipeline.stages.operands import check_names, wrong_type
from satchel.mql.pipeline.window_functions.accumulators import slide
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS, Surroundings, WindowFunction
from satchel.mql.pipeline.windows import CURRENT, Bounds, Column, Partition, whole_number
from satchel.values import numbers
from satchel.values.bson_types import BsonValue, type_name
from satchel.values.compare import compare
from satchel.values.numbers import DECIMAL_CONTEXT, Number, is_bson_number


class WindowCovariance(WindowFunction):
    """The covariance of pairs over the window of each row.

    Args:
        pair: Gives an array of two numbers.
        bounds: The window.
        is_sample: Whether the pairs are a sample of the population.
    """

    def __init__(self, pair: Expression, bounds: Bounds, *, is_sample: bool) -> None:
        self._pair = pair
        self._bounds = bounds
        self._is_sample = is_sample
        self.fields = pair.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the covariances."""
        spans = partition.spans(self._bounds)
        reached = spans[-1][1] if self._bounds.lower is None else len(partition)
        evaluate, variables = self._pair.evaluate, partition.context.variables
        column = [evaluate(document, variables) for document in partition.documents[:reached]]
        return slide(Covariance(is_sample=self._is_sample), column, spans)


@WINDOW_FUNCTIONS.operator("$covariancePop")
def parse_covariance_pop(operand: BsonValue, surroundings: Surroundings) -> WindowCovariance:
    """Compute the covariance of a population of pairs.

    Reference:
        MongoDB manual, "$covariancePop (aggregation)".
    """
    pair = parse_expression(operand, surroundings.context)
    return WindowCovariance(pair, surroundings.bounds, is_sample=False)


@WINDOW_FUNCTIONS.operator("$covarianceSamp")
def parse_covariance_samp(operand: BsonValue, surroundings: Surroundings) -> WindowCovariance:
    """Compute the covariance of a sample of pairs.

    Reference:
        MongoDB manual, "$covarianceSamp (aggregation)".
    """
    pair = parse_expression(operand, surroundings.context)
    return WindowCovariance(pair, surroundings.bounds, is_sample=True)


class ExponentialMovingAverage(WindowFunction):
    """A mean in which earlier rows count exponentially less; what is not a number repeats the mean before.

    Args:
        value: The value.
        alpha: How much the current row counts, between 0 and 1.
    """

    def __init__(self, value: Expression, alpha: Decimal) -> None:
        self._value = value
        self._alpha = alpha
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the means: doubles, decimals from the first decimal on."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        means: Column = []
        mean: Number | None = None
        exact: Decimal | None = None
        is_decimal = False
        for document in partition.documents:
            value = evaluate(document, variables)
            if is_bson_number(value):
                is_decimal = is_decimal or isinstance(value, Decimal128)
                exact = self._next(numbers.to_decimal(value), exact)
                mean = numbers.from_decimal(exact) if is_decimal else float(exact)
            means.append(mean)
        return means

    def _next(self, value: Decimal, before: Decimal | None) -> Decimal:
        if before is None:
            return value
        current = DECIMAL_CONTEXT.multiply(value, self._alpha)
        rest = DECIMAL_CONTEXT.multiply(before, DECIMAL_CONTEXT.subtract(Decimal(1), self._alpha))
        return DECIMAL_CONTEXT.add(current, rest)


@WINDOW_FUNCTIONS.operator("$expMovingAvg")
def parse_exp_moving_avg(operand: BsonValue, surroundings: Surroundings) -> ExponentialMovingAverage:
    """Compute an exponential moving average, as `{input: expression, N: rows}` or `{input: expression, alpha: weight}`.

    Raises:
        ServerError: FailedToParse (9) for bad arguments, a window, or no order.

    Reference:
        MongoDB manual, "$expMovingAvg (aggregation)".
    """
    surroundings.refuse_window("$expMovingAvg must have exactly one argument that is an object")
    if surroundings.pattern is None:
        raise ServerError(ErrorCode.FailedToParse, "$expMovingAvg requires an explicit 'sortBy'")
    if not isinstance(operand, dict):
        raise ServerError(ErrorCode.FailedToParse, "$expMovingAvg must have exactly one argument that is an object")
    if len(operand) != 2 or "input" not in operand or not ("N" in operand or "alpha" in operand):
        raise ServerError(
            ErrorCode.FailedToParse,
            "$expMovingAvg sub object must have exactly two fields: An 'input' field, and either an 'N' field or an "
            "'alpha' field",
        )
    alpha = _alpha_of_rows(operand["N"]) if "N" in operand else _alpha(operand["alpha"])
    return ExponentialMovingAverage(parse_expression(operand["input"], surroundings.context), alpha)


def _alpha_of_rows(value: BsonValue) -> Decimal:
    if not is_bson_number(value):
        raise ServerError(ErrorCode.FailedToParse, f"'N' field must be an integer, but found type {type_name(value)}")
    rows = whole_number(value)
    if rows is None:
        raise ServerError(
            ErrorCode.FailedToParse,
            f"'N' field must be an integer, but found  N: {value!r}. To use a non-integer, use the 'alpha' argument "
            "instead",
        )
    if rows <= 0:
        raise ServerError(ErrorCode.FailedToParse, f"'N' must be greater than zero. Got {rows}")
    return DECIMAL_CONTEXT.divide(Decimal(2), Decimal(rows + 1))


def _alpha(value: BsonValue) -> Decimal:
    if not is_bson_number(value):
        raise ServerError(ErrorCode.FailedToParse, "'alpha' must be a number")
    alpha = numbers.to_decimal(value)
    if not 0 < alpha < 1:
        raise ServerError(
            ErrorCode.FailedToParse, f"'alpha' must be between 0 and 1 (exclusive), found alpha: {value!r}"
        )
    return alpha


class MinMaxScaler(WindowFunction):
    """Scales a value by the least and the greatest of its window.

    Args:
        value: The value.
        bounds: The window, which holds the current row.
        least: What the least value becomes.
        greatest: What the greatest value becomes.
    """

    def __init__(self, value: Expression, bounds: Bounds, least: Number, greatest: Number) -> None:
        self._value = value
        self._bounds = bounds
        self._least = least
        self._greatest = greatest
        self.fields = value.fields

    def evaluate(self, partition: Partition) -> Column:
        """Return the scaled values."""
        evaluate, variables = self._value.evaluate, partition.context.variables
        column = [self._checked(evaluate(document, variables)) for document in partition.documents]
        spans = partition.spans(self._bounds)
        minima = slide(SlidingExtremum(greatest=False), list(column), spans)
        maxima = slide(SlidingExtremum(greatest=True), list(column), spans)
        return [
            self._scaled(value, minimum, maximum)  # type: ignore[arg-type]
            for value, minimum, maximum in zip(column, minima, maxima, strict=True)
        ]

    @staticmethod
    def _checked(value: object) -> Number:
        if not is_bson_number(value):
            raise ServerError(
                10487001,
                f"'input' argument to $minMaxScaler must evaluate to a numeric type, got: {type_name(value)}",
            )
        return value

    def _scaled(self, value: Number, minimum: Number, maximum: Number) -> Number:
        spread = numbers.subtract(maximum, minimum)
        if not numbers.to_double(spread):
            return self._least
        share = numbers.divide(numbers.subtract(value, minimum), spread)
        wanted = numbers.subtract(self._greatest, self._least)
        return numbers.add(numbers.multiply(share, wanted), self._least)


@WINDOW_FUNCTIONS.operator("$minMaxScaler")
def parse_min_max_scaler(operand: BsonValue, surroundings: Surroundings) -> MinMaxScaler:
    """Scale values to between two numbers, as `{input: expression, min: number, max: number}`.

    Raises:
        ServerError: TypeMismatch (14), 40414, 40415, FailedToParse (9) for bad arguments or a window without the
            current row; while running Location10487001 for what is not a number.

    Reference:
        MongoDB manual, "$minMaxScaler (aggregation)".
    """
    if operand is None:
        operand = {}
    if not isinstance(operand, dict):
        raise wrong_type("root.$minMaxScaler", operand, "'object'")
    check_names("root.$minMaxScaler", operand, required=("input",), optional=("min", "max"))
    least: Number = 0
    greatest: Number = 1
    if "min" in operand and "max" in operand:
        least, greatest = _limit("min", operand, surroundings), _limit("max", operand, surroundings)
        if compare(least, greatest) >= 0:
            raise ServerError(
                ErrorCode.FailedToParse,
                "the 'max' must be strictly greater than 'min', as arguments to $minMaxScaler",
            )
    elif "min" in operand or "max" in operand:
        raise ServerError(
            ErrorCode.FailedToParse,
            "Only one of 'min' and 'max' were specified as an argument to $minMaxScaler. Neither or both must be "
            "specified",
        )
    bounds = surroundings.bounds
    _check_current(bounds)
    return MinMaxScaler(parse_expression(operand["input"], surroundings.context), bounds, least, greatest)


def _limit(name: str, operand: dict[str, BsonValue], surroundings: Surroundings) -> Number:
    limit = parse_expression(operand[name], surroundings.context)
    if not limit.is_constant:
        raise ServerError(ErrorCode.FailedToParse, f"'{name}' argument to $minMaxScaler must be a constant")
    if not is_bson_number(limit.value):
        raise ServerError(ErrorCode.FailedToParse, f"'{name}' argument to $minMaxScaler must be a numeric type")
    return limit.value


def _check_current(bounds: Bounds) -> None:
    rule = (
        "as $minMaxScaler must ensure that the current document being processed is always within the configured window"
    )
    if bounds.lower not in (None, CURRENT) and compare(bounds.lower, 0) > 0:
        raise ServerError(
            ErrorCode.FailedToParse,
            f"Lower specified bound cannot be greater than 0 (the current doc), {rule}.",
        )
    if bounds.upper not in (None, CURRENT) and compare(bounds.upper, 0) < 0:
        raise ServerError(
            ErrorCode.FailedToParse, f"Upper specified bound cannot be less than 0 (the current doc), {rule}."
        )
