"""Errors that recorded cases do not cover, and the registries."""

from __future__ import annotations

import pytest
from bson import Code

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import FIELD_OPERATORS, TOP_LEVEL_OPERATORS, parse_filter
from satchel.mql.match.json_schema import KEYWORDS, ORDER
from satchel.values.bson_types import Document


def _code(spec: Document) -> int:
    with pytest.raises(ServerError) as caught:
        parse_filter(spec, Context())
    return caught.value.code


@pytest.mark.parametrize(
    "spec",
    [
        {"$text": {"$search": "x"}},
        {"$where": "true"},
        {"a": {"$near": [1, 2]}},
        {"a": {"$nearSphere": [1, 2]}},
        {"a": {"$geoWithin": {"$box": [[0, 0], [1, 1]]}}},
        {"a": {"$geoIntersects": {"$geometry": {}}}},
        {"$jsonSchema": {"properties": {"a": {"encrypt": {}}}}},
        {"a": {"$regex": "a(?R)"}},
    ],
)
def test_not_implemented(spec: Document) -> None:
    assert _code(spec) == ErrorCode.NotImplemented


@pytest.mark.parametrize("operator", ["$and", "$nor", "$elemMatch", "$not"])
def test_nesting_is_limited(operator: str) -> None:
    spec: Document = {"a": 1} if operator in ("$and", "$nor") else {"$gt": 1}
    for _ in range(200):
        spec = {operator: [spec]} if operator in ("$and", "$nor") else {operator: spec}
    assert _code(spec if operator in ("$and", "$nor") else {"a": spec}) == ErrorCode.BadValue


def test_nesting_within_the_limit_matches() -> None:
    spec: Document = {"a": 1}
    for _ in range(100):
        spec = {"$and": [spec, {"b": {"$ne": 1}}]}
    assert parse_filter(spec, Context()).matches({"a": [1, 2]})


@pytest.mark.parametrize("operator", ["$type", "$regex", "$options"])
def test_code_is_no_string(operator: str) -> None:
    spec = {operator: Code("a")} if operator != "$options" else {"$regex": "a", "$options": Code("i")}
    assert _code({"a": spec}) in (ErrorCode.BadValue, ErrorCode.TypeMismatch)


def test_schema_keywords_have_an_order() -> None:
    assert len(ORDER) == len(set(ORDER))
    assert set(ORDER) == set(KEYWORDS)


def test_operators_of_the_manual_are_there() -> None:
    on_paths = (
        "$eq $ne $gt $gte $lt $lte $in $nin $not $exists $type $mod $regex $options $all $elemMatch $size "
        "$bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear"
    )
    assert set(on_paths.split()) <= set(FIELD_OPERATORS)
    assert {"$and", "$or", "$nor", "$expr", "$jsonSchema", "$sampleRate", "$comment"} <= set(TOP_LEVEL_OPERATORS)
