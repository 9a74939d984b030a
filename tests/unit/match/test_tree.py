"""The public structure of a parsed filter: nodes, normal form, equalities."""

from __future__ import annotations

import pytest
from bson import Regex as BsonRegex

from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.match.array import ElemMatchObject, ElemMatchValue, Size
from satchel.mql.match.comparison import Eq, Gt, In, Lt
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.evaluation import Expr, Mod, Regex
from satchel.mql.match.tree import AlwaysFalse, AlwaysTrue, And, MatchExpression, Nor, Not, Or
from satchel.values.bson_types import BsonValue, Document


def _parse(spec: Document) -> MatchExpression:
    return parse_filter(spec, Context())


@pytest.mark.parametrize(
    ("spec", "node"),
    [
        ({}, AlwaysTrue),
        ({"a": 1}, Eq),
        ({"a": {"$ne": 1}}, Not),
        ({"a": {"$in": [1, 2]}}, In),
        ({"a": {"$in": [1]}}, Eq),
        ({"a": {"$in": []}}, AlwaysFalse),
        ({"a": {"$in": [BsonRegex("x")]}}, Regex),
        ({"a": BsonRegex("x")}, Regex),
        ({"a": {"$exists": True}}, Exists),
        ({"a": {"$type": 2}}, Type),
        ({"a": {"$size": 2}}, Size),
        ({"a": {"$mod": [2, 0]}}, Mod),
        ({"a": {"$elemMatch": {"b": 1}}}, ElemMatchObject),
        ({"a": {"$elemMatch": {"$gt": 1}}}, ElemMatchValue),
        ({"$expr": {"$gt": ["$a", 1]}}, Expr),
        ({"$expr": True}, AlwaysTrue),
        ({"a": 1, "b": 2}, And),
        ({"$and": [{"a": 1}]}, Eq),
        ({"$or": [{"a": 1}, {"b": 1}]}, Or),
        ({"$or": [{"a": 1}, {"a": 2}]}, In),
        ({"$nor": [{"a": 1}, {"b": 1}]}, Nor),
        ({"$nor": [{"a": 1}]}, Not),
        ({"$comment": "x"}, AlwaysTrue),
        ({"$comment": "x", "a": {"$gt": 1}}, Gt),
    ],
)
def test_root(spec: Document, node: type[MatchExpression]) -> None:
    assert type(_parse(spec)) is node


@pytest.mark.parametrize(
    ("spec", "normal"),
    [
        ({"b": 1, "a": 2}, {"$and": [{"a": {"$eq": 2}}, {"b": {"$eq": 1}}]}),
        ({"a": {"$gt": 1, "$lt": 4}}, {"$and": [{"a": {"$lt": 4}}, {"a": {"$gt": 1}}]}),
        ({"$and": [{"a": 1}, {"$and": [{"b": 1}, {"a": 1}]}]}, {"$and": [{"a": {"$eq": 1}}, {"b": {"$eq": 1}}]}),
        ({"$or": [{"b": 1}, {"a": 2, "c": 1}]}, None),
        ({"a": {"$not": {"$gt": 1, "$lt": 3}}}, {"$nor": [{"$and": [{"a": {"$lt": 3}}, {"a": {"$gt": 1}}]}]}),
        ({"a": {"$in": [3, 1.0, 1, "a", None]}}, {"a": {"$in": [None, 1.0, 3, "a"]}}),
        ({"a": {"$type": ["string", "number"]}}, {"a": {"$type": ["number", 2]}}),
        ({"a": {"$bitsAllSet": 5}}, {"a": {"$bitsAllSet": [0, 2]}}),
        ({"a": {"$exists": False}}, {"a": {"$not": {"$exists": True}}}),
        ({"a": {"$elemMatch": {"$gt": 1, "$lt": 4}}}, {"a": {"$elemMatch": {"$lt": 4, "$gt": 1}}}),
        ({"a": {"$regex": BsonRegex("x", "i")}}, {"a": {"$regex": "x", "$options": "i"}}),
    ],
)
def test_normal_form(spec: Document, normal: Document | None) -> None:
    expected = normal or {"$or": [{"$and": [{"a": {"$eq": 2}}, {"c": {"$eq": 1}}]}, {"b": {"$eq": 1}}]}
    assert _parse(spec).spec() == expected
    assert list(_parse(spec).spec()) == list(expected)


@pytest.mark.parametrize(
    ("spec", "equalities"),
    [
        ({"z": 1, "y": {"$eq": 2}}, [("z", 1), ("y", 2)]),
        ({"a": {"$in": [5]}}, [("a", 5)]),
        ({"a": {"$in": [5, 6]}}, []),
        ({"$and": [{"a": 5}, {"a": 5}]}, [("a", 5), ("a", 5)]),
        ({"$or": [{"a": 5}]}, [("a", 5)]),
        ({"$or": [{"a": 5}, {"b": 5}]}, []),
        ({"a": {"$all": [5]}}, [("a", 5)]),
        ({"a": {"$elemMatch": {"b": 5}}}, []),
        ({"a": {"$ne": 5}}, []),
        ({"a": {"$gt": 5}}, []),
    ],
)
def test_equalities_keep_the_users_order(spec: Document, equalities: list[tuple[str, BsonValue]]) -> None:
    assert list(_parse(spec).equalities()) == equalities


def test_descendants() -> None:
    expression = _parse({"a": {"$not": {"$elemMatch": {"b": 1, "c": {"$lt": 2}}}}, "$or": [{"d": 1}, {"e": 1}]})
    kinds = [type(node) for node in expression.descendants()]
    assert kinds == [And, Or, Eq, Eq, Not, ElemMatchObject, And, Eq, Lt]


def test_positions_far_out_take_no_memory() -> None:
    matches = _parse({"a": {"$bitsAllSet": [2**31 - 1]}}).matches
    assert matches({"a": -1})
    assert not matches({"a": 1})
    assert not matches({"a": b"\xff"})


def test_sample_rate_draws_from_the_context() -> None:
    context = Context()
    context.random.seed(1)
    matches = parse_filter({"$sampleRate": 0.25}, context).matches
    assert 200 < sum(matches({}) for _ in range(1000)) < 300
