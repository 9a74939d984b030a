"""What is not supported is refused by name, and every stage, accumulator and window function is documented."""

from __future__ import annotations

import pytest

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline import parse_pipeline
from satchel.mql.pipeline.accumulators import ACCUMULATORS
from satchel.mql.pipeline.stage import STAGES
from satchel.mql.pipeline.unsupported import UNSUPPORTED_STAGES
from satchel.mql.pipeline.window_functions import WINDOW_FUNCTIONS
from satchel.values.bson_types import BsonValue

STAGE_NAMES = """$addFields $bucket $bucketAuto $changeStream $collStats $count $currentOp $densify $documents $facet
    $fill $geoNear $graphLookup $group $indexStats $limit $listSessions $lookup $match $merge $out
    $planCacheStats $project $redact $replaceRoot $replaceWith $sample $set $setWindowFields $skip
    $sort $sortByCount $unionWith $unset $unwind"""
ACCUMULATOR_NAMES = """$addToSet $avg $bottom $bottomN $count $first $firstN $last $lastN $max $maxN $median
    $mergeObjects
    $min $minN $percentile $push $setUnion $concatArrays $stdDevPop $stdDevSamp $sum $top $topN
    $accumulator"""
WINDOW_FUNCTION_NAMES = """$covariancePop $covarianceSamp $denseRank $derivative $documentNumber $expMovingAvg $integral
    $linearFill $locf $rank $shift $minMaxScaler"""


def code_of(specs: list[BsonValue]) -> int:
    with pytest.raises(ServerError) as raised:
        parse_pipeline(specs, Context())
    return raised.value.code


@pytest.mark.parametrize("name", sorted(UNSUPPORTED_STAGES))
def test_unsupported_stages(name: str) -> None:
    assert code_of([{name: {}}]) == ErrorCode.NotImplemented


def test_unknown_stage() -> None:
    assert code_of([{"$nope": {}}]) == 40324


def test_javascript_accumulator() -> None:
    assert code_of([{"$group": {"_id": None, "a": {"$accumulator": {}}}}]) == ErrorCode.NotImplemented


def test_every_stage_has_its_place() -> None:
    assert set(STAGE_NAMES.split()) <= {*STAGES, *UNSUPPORTED_STAGES}
    assert not set(STAGES) & set(UNSUPPORTED_STAGES)


def test_every_accumulator_and_window_function_is_there() -> None:
    assert set(ACCUMULATOR_NAMES.split()) == set(ACCUMULATORS)
    assert set(WINDOW_FUNCTION_NAMES.split()) == set(WINDOW_FUNCTIONS)
