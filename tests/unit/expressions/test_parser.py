"""What parsing an expression finds out: fields, variables, constants, failures, and which errors come when."""

from __future__ import annotations

import pytest
from bson import Int64, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions import OPERATORS, Expression, command_variables, parse_expression
from satchel.mql.expressions.registry import operator, syntax
from satchel.values.bson_types import MISSING, BsonValue


def parse(spec: BsonValue, *variables: str, context: Context | None = None) -> Expression:
    return parse_expression(spec, context or Context(), frozenset(variables))


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ("$a", {"a"}),
        ("$a.b.c", {"a.b.c"}),
        ("$$ROOT", {""}),
        ("$$CURRENT", {""}),
        ("$$ROOT.a.b", {"a.b"}),
        ("$$CURRENT.a", {"a"}),
        ("$$NOW", set()),
        (1, set()),
        ({"$literal": "$a"}, set()),
        ({"x": "$a", "y": {"z": ["$b.c"]}}, {"a", "b.c"}),
        ({"$add": ["$a", {"$multiply": ["$b", 2]}]}, {"a", "b"}),
        ({"$cond": [True, "$a", "$b"]}, {"a"}),
        ({"$cond": ["$a", "$b", "$c"]}, {"a", "b", "c"}),
        ({"$and": ["$a", False]}, set()),
        ({"$ifNull": [None, "$a", "$b"]}, {"a", "b"}),
        ({"$let": {"vars": {"x": "$a"}, "in": {"$add": ["$$x", "$b"]}}}, {"a", "b"}),
        ({"$let": {"vars": {"x": "$a"}, "in": "$b"}}, {"b"}),
        ({"$let": {"vars": {"CURRENT": "$a"}, "in": "$b"}}, {"a"}),
        ({"$let": {"vars": {"CURRENT": "$a"}, "in": "$$ROOT.b"}}, {"b"}),
        ({"$map": {"input": "$a", "in": {"$add": ["$$this", "$b"]}}}, {"a", "b"}),
        ({"$filter": {"input": "$a", "as": "x", "cond": "$$x.y"}}, {"a"}),
        ({"$reduce": {"input": "$a", "initialValue": "$b", "in": {"$add": ["$$value", "$c"]}}}, {"a", "b", "c"}),
        ({"$getField": "a"}, {"a"}),
        ({"$getField": {"$literal": "a.b"}}, {""}),
        ({"$getField": {"field": "a", "input": "$b"}}, {"b"}),
        ({"$getField": {"field": "$x", "input": "$$ROOT"}}, {"", "x"}),
        ({"$setField": {"field": "a", "input": "$$ROOT", "value": "$b"}}, {"", "b"}),
        ({"$sortArray": {"input": "$a", "sortBy": {"b": 1}}}, {"a"}),
        ({"$zip": {"inputs": ["$a", "$b"]}}, {"a", "b"}),
        ({"$rand": {}}, set()),
    ],
)
def test_fields_are_the_paths_that_are_read(spec: BsonValue, fields: set[str]) -> None:
    assert parse(spec).fields == fields


@pytest.mark.parametrize(
    ("spec", "variables"),
    [
        ("$$x.a", {"x"}),
        ({"$add": ["$$x", "$$y"]}, {"x", "y"}),
        ({"$let": {"vars": {"x": "$$y"}, "in": "$$x"}}, {"y"}),
        ({"$let": {"vars": {"x": "$$x"}, "in": "$$x"}}, {"x"}),
        ({"$map": {"input": "$$x", "as": "y", "in": {"$add": ["$$y", 1]}}}, {"x"}),
        ({"$filter": {"input": "$a", "cond": {"$gt": ["$$this", "$$x"]}}}, {"x"}),
        ({"$reduce": {"input": "$a", "initialValue": 0, "in": ["$$this", "$$value", "$$IDX", "$$y"]}}, {"y"}),
        ("$a", set()),
    ],
)
def test_variables_are_those_that_are_not_bound_within(spec: BsonValue, variables: set[str]) -> None:
    assert parse(spec, "x", "y").variables == variables


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"$add": [1, {"$multiply": [2, 3]}]}, 7),
        ({"a": [1, {"$literal": "$x"}]}, {"a": [1, "$x"]}),
        ({"$let": {"vars": {"x": 2}, "in": {"$multiply": ["$$x", "$$x"]}}}, 4),
        ({"$cond": [{"$gt": [2, 1]}, "yes", "$a"]}, "yes"),
        ("$$REMOVE", MISSING),
        ("$$NOW", DatetimeMS(5)),
        ({"$add": ["$$NOW", 1]}, DatetimeMS(6)),
        ("$$CLUSTER_TIME", Timestamp(1, 2)),
        ("$$given.a", Int64(3)),
    ],
)
def test_constants_are_computed_while_parsing(spec: BsonValue, value: BsonValue) -> None:
    context = Context(now=DatetimeMS(5), cluster_time=Timestamp(1, 2), variables={"given": {"a": Int64(3)}})
    expression = parse(spec, context=context)
    assert expression.is_constant
    assert expression.value == value
    assert expression.evaluate({}, {}) == value


@pytest.mark.parametrize(
    "spec", [{"$rand": {}}, {"$createObjectId": {}}, {"$map": {"input": [1], "in": 1}}, "$a", "$$x"]
)
def test_what_is_not_constant(spec: BsonValue) -> None:
    assert not parse(spec, "x").is_constant


def test_a_variable_given_at_run_time_hides_one_of_the_command() -> None:
    expression = parse("$$x", "x", context=Context(variables={"x": 1}))
    assert expression.evaluate({}, {"x": 2}) == 2


def test_current_given_at_run_time_is_where_paths_start() -> None:
    expression = parse(["$a", "$$CURRENT.a", "$$ROOT.a"], "CURRENT")
    assert expression.fields == {"a"}
    assert expression.evaluate({"a": 1}, {"CURRENT": {"a": 2}}) == [2, 2, 1]


def test_a_malformed_part_is_reported_before_a_constant_that_fails() -> None:
    with pytest.raises(ServerError) as caught:
        parse({"$add": [{"$divide": [1, 0]}, {"$unknown": 1}]})
    assert caught.value.code == 168


def test_a_constant_that_fails_is_reported_though_it_would_never_run() -> None:
    with pytest.raises(ServerError) as caught:
        parse({"$cond": ["$a", 1, {"$divide": [1, 0]}]})
    assert caught.value.code == 2


def test_a_constant_that_fails_waits_for_documents_where_mongodb_does_not_optimise() -> None:
    expression = parse({"$setField": {"field": "a", "input": "$b", "value": {"$divide": [1, 0]}}})
    assert expression.evaluate({}, {}) is None
    with pytest.raises(ServerError):
        expression.evaluate({"b": {}}, {})


def test_documents_are_not_changed() -> None:
    document = {"a": [3, 1, 2], "b": {"c": 1}}
    for spec in (
        {"$sortArray": {"input": "$a", "sortBy": 1}},
        {"$reverseArray": "$a"},
        {"$mergeObjects": ["$b", {"c": 2}]},
        {"$setField": {"field": "c", "input": "$b", "value": 2}},
        {"$concatArrays": ["$a", "$a"]},
        {"$setUnion": ["$a", [9]]},
    ):
        parse(spec).evaluate(document, {})
    assert document == {"a": [3, 1, 2], "b": {"c": 1}}


def test_run_time_variables_are_not_changed() -> None:
    variables = {"this": 1, "x": 2}
    parse({"$map": {"input": [5], "in": {"$let": {"vars": {"x": "$$this"}, "in": ["$$x"]}}}}, "this", "x").evaluate(
        {}, variables
    )
    assert variables == {"this": 1, "x": 2}


def test_command_variables_see_those_before_them() -> None:
    context = Context(variables={"z": 1})
    assert command_variables({"x": 1, "y": {"$add": ["$$x", "$$z"]}}, context) == {"z": 1, "x": 1, "y": 2}


@pytest.mark.parametrize(("let", "code"), [({"x": "$a"}, 4890500), ({"X": 1}, 9), ({"x": "$$ROOT"}, 4890500)])
def test_bad_command_variables(let: dict[str, BsonValue], code: int) -> None:
    with pytest.raises(ServerError) as caught:
        command_variables(let, Context())
    assert caught.value.code == code


def test_every_operator_says_what_it_does() -> None:
    for name in OPERATORS:
        entry = OPERATORS.get(name)
        assert name.startswith("$")
        assert entry is not None
        assert entry.__doc__


def test_an_operator_cannot_be_declared_twice_or_without_words() -> None:
    with pytest.raises(ValueError, match="twice"):

        @operator("$add")
        def again(*_values: object) -> object:
            """Do it again."""

    with pytest.raises(ValueError, match="docstring"):

        @syntax("$wordless")
        def wordless(_operand: object, _parser: object) -> Expression:
            raise AssertionError


@pytest.mark.parametrize("depth", [100, 180])
def test_expressions_nest_as_deeply_as_documents(depth: int) -> None:
    spec: BsonValue = "$a"
    for _ in range(depth):
        spec = {"$not": spec}
    assert parse(spec).evaluate({"a": 1}, {}) is (depth % 2 == 0)


def test_an_expression_that_is_nested_too_deeply_is_refused() -> None:
    spec: BsonValue = "$a"
    for _ in range(5000):
        spec = {"$not": spec}
    with pytest.raises(ServerError) as caught:
        parse(spec)
    assert caught.value.code == 15
