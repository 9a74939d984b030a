"""`$fill`: values for fields that are null or missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.field_path import split_path
from satchel.mql.pipeline.stage import STAGES, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type, without_nulls, wrong_type
from satchel.mql.pipeline.stages.project import add_fields_stage
from satchel.mql.pipeline.stages.set_window_fields import window_stage
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name

_METHODS: Final = {"locf": "$locf", "linear": "$linearFill"}


@STAGES.operator("$fill")
def parse_fill(operand: BsonValue, scope: Scope) -> Sequence[Stage]:
    """Fill fields by a value, the last observation or interpolation: a `$setWindowFields` and a `$addFields`.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), 40414, 40415, 6050200 to 6050204 for a bad operand, and the
            errors of `$setWindowFields` and `$addFields`.

    Reference:
        MongoDB manual, "$fill (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse, f"The $fill stage specification must be an object, found {type_name(operand)}"
        )
    if operand.get("partitionBy", MISSING) is None:
        raise wrong_type("$fill.partitionBy", None, "'[object, string]'")
    operand = without_nulls(operand)
    output = _check(operand)
    functions: Document = {}
    values: Document = {}
    for path, spec in output.items():
        _parse_output(path, spec, functions, values)
    stages: list[Stage] = []
    partition = _partition(operand)
    if functions:
        window: Document = {"output": functions}
        if partition is not None:
            window["partitionBy"] = partition
        if "sortBy" in operand:
            window["sortBy"] = operand["sortBy"]
        stages.append(window_stage(window, scope.context))
    if values:
        stages.append(add_fields_stage("$addFields", values, scope.context))
    return stages


def _check(operand: Document) -> Document:
    check_names("$fill", operand, required=("output",), optional=("partitionBy", "partitionByFields", "sortBy"))
    for name, expected in (("output", "object"), ("sortBy", "object"), ("partitionByFields", "array")):
        if name in operand:
            check_type(f"$fill.{name}", operand[name], expected)
    if "partitionBy" in operand and not isinstance(operand["partitionBy"], dict | str):
        raise wrong_type("$fill.partitionBy", operand["partitionBy"], "'[object, string]'")
    output = operand["output"]
    if not isinstance(output, dict) or not output:
        raise ServerError(6050203, "The output field in '$fill' must contain an object with at least one element")
    return output


def _partition(operand: Document) -> BsonValue:
    """Return the expression of the partition, or None."""
    if "partitionBy" in operand and "partitionByFields" in operand:
        raise ServerError(6050204, "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'")
    fields = operand.get("partitionByFields")
    if not isinstance(fields, list):
        return operand.get("partitionBy")
    members: Document = {}
    for position, field in enumerate(fields):
        check_type(f"$fill.partitionByFields.{position}", field, "string")
        path = str(field)
        split_path(path)
        members[f"f{position}"] = f"${path}"
    return members or None


def _parse_output(path: str, spec: BsonValue, functions: Document, values: Document) -> None:
    if not isinstance(spec, dict):
        raise ServerError(6050200, "Each fill output specification must be an object with exactly one field")
    check_names("$fill", spec, optional=("value", "method"))
    if "method" in spec:
        check_type("$fill.method", spec["method"], "string")
    if len(spec) > 1:
        raise ServerError(
            6050201, "Each fill output specification must have exactly one of 'method' or 'value' fields, not both"
        )
    if "value" in spec:
        values[path] = {"$ifNull": [f"${path}", spec["value"]]}
    elif "method" in spec:
        function = _METHODS.get(str(spec["method"]))
        if function is None:
            raise ServerError(6050202, "Method must be either locf or linear")
        functions[path] = {function: f"${path}"}
