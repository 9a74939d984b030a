"""Details of validation failures that recorded cases do not reach."""

from __future__ import annotations

import pytest

from satchel.mql.context import Context
from satchel.mql.match.failure import explain_failure
from satchel.values.bson_types import Document


def _eq(specified: object, **rest: object) -> Document:
    return {"operatorName": "$eq", "specifiedAs": specified, **rest}


@pytest.mark.parametrize(
    ("spec", "document", "details"),
    [
        ({"a": 5}, {"a": 1}, _eq({"a": 5}, reason="comparison failed", consideredValue=1)),
        ({"a": 5}, {}, _eq({"a": 5}, reason="field was missing")),
        ({"a": 5}, {"a": [1]}, _eq({"a": 5}, reason="comparison failed", consideredValue=1)),
        ({"a": 5}, {"a": [1, 2]}, _eq({"a": 5}, reason="comparison failed", consideredValues=[1, 2])),
        ({"a": 5}, {"a": []}, _eq({"a": 5}, reason="comparison failed", consideredValues=[])),
        (
            {"$expr": {"$divide": [1, "$a"]}},
            {"a": 0},
            {
                "operatorName": "$expr",
                "specifiedAs": {"$expr": {"$divide": [1, "$a"]}},
                "reason": "failed to evaluate aggregation expression",
                "details": {"code": 2, "codeName": "BadValue", "errmsg": "can't $divide by zero"},
            },
        ),
        (
            {"$nor": [{"a": {"$not": {"$eq": 5}}}]},
            {"a": 1},
            {
                "operatorName": "$nor",
                "clausesSatisfied": [
                    {
                        "index": 0,
                        "details": {
                            "operatorName": "$not",
                            "details": _eq({"a": {"$eq": 5}}, reason="comparison failed", consideredValue=1),
                        },
                    }
                ],
            },
        ),
        (
            {"$alwaysFalse": 1},
            {},
            {
                "operatorName": "$alwaysFalse",
                "specifiedAs": {"$alwaysFalse": 1},
                "reason": "expression did not match",
                "expressionResult": False,
            },
        ),
    ],
)
def test_details(spec: Document, document: Document, details: Document) -> None:
    assert explain_failure(spec, document, Context()) == details
