"""`$push`, `$addToSet`, `$setUnion`, `$concatArrays`, `$mergeObjects`."""

from __future__ import annotations

from satchel.mql.accumulation import AddToSet, ConcatArrays, MergeObjects, Push, SetUnion
from satchel.mql.context import Context
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement, unary
from satchel.values.bson_types import BsonValue


@ACCUMULATORS.operator("$push")
def parse_push(operand: BsonValue, context: Context) -> Statement:
    """Collect all values in an array, in order; what is missing leaves no trace.

    Reference:
        MongoDB manual, "$push (aggregation)".
    """
    return unary(operand, context, lambda _initial: Push(), holds_values=True)


@ACCUMULATORS.operator("$addToSet")
def parse_add_to_set(operand: BsonValue, context: Context) -> Statement:
    """Collect distinct values in an array, in no defined order.

    Reference:
        MongoDB manual, "$addToSet (aggregation)".
    """
    return unary(operand, context, lambda _initial: AddToSet(context.collation), holds_values=True)


@ACCUMULATORS.operator("$setUnion")
def parse_set_union(operand: BsonValue, context: Context) -> Statement:
    """Collect the distinct elements of arrays in an array, in no defined order.

    Reference:
        MongoDB manual, "$setUnion (accumulator)".
    """
    return unary(operand, context, lambda _initial: SetUnion(context.collation), holds_values=True)


@ACCUMULATORS.operator("$concatArrays")
def parse_concat_arrays(operand: BsonValue, context: Context) -> Statement:
    """Collect the elements of arrays in an array, in order.

    Reference:
        MongoDB manual, "$concatArrays (accumulator)".
    """
    return unary(operand, context, lambda _initial: ConcatArrays(), holds_values=True)


@ACCUMULATORS.operator("$mergeObjects")
def parse_merge_objects(operand: BsonValue, context: Context) -> Statement:
    """Merge documents into one, the later fields winning.

    Reference:
        MongoDB manual, "$mergeObjects (aggregation)".
    """
    return unary(operand, context, lambda _initial: MergeObjects(), holds_values=True)
