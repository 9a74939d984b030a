"""$rand $toHashedIndexKey, operators of other places, and what is not supported."""

from __future__ import annotations

from collections.abc import Iterator

from ..case import Case
from ..expression_cases import ExpressionCases


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    yield make.over({"$toHashedIndexKey": "$v"}, "every value")
    yield make.over({"$toHashedIndexKey": ["$v", 1]}, "every value")
    yield make.over({"$toHashedIndexKey": {"a": "$v"}}, "every value")
    yield from make.each_of(
        *({"$toHashedIndexKey": value} for value in (1, "a", None, [], [1, 2], {}, {"a": 1}, "$missing"))
    )
    yield from make.each_of(*({"$rand": operand} for operand in ([1], {"a": 1}, None, 1, "x")))
    in_range = {"$and": [{"$gte": [{"$rand": {}}, 0]}, {"$lt": [{"$rand": []}, 1]}]}
    yield make.of(in_range, {}, {}, {})
    yield make.of({"$type": {"$rand": {}}})
    yield from make.each_of(*({"$meta": operand} for operand in ("nonsense", 5, None, {}, [])))
    others = (
        "$accumulator $push $addToSet $count $denseRank $derivative $documentNumber $expMovingAvg $integral "
        "$linearFill $locf "
        "$rank $shift $covariancePop $covarianceSamp $sampleRate $expr $inc $match $elemMatch $regex $exists $nin"
    ).split()
    yield from make.each_of(*({operator: 1} for operator in others))
    yield from make.each_of({"$type": {"$createUUID": {}}}, {"$type": {"$createObjectId": {}}})
    yield from make.each_of({"$createUUID": 1}, {"$createObjectId": {"a": 1}}, {"$createObjectId": [1]})
    yield from make.each_of({"$createObjectId": []}, {"$createObjectId": 1}, {"$createUUID": None})
