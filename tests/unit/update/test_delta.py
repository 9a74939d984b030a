"""What updates say that they changed: as MongoDB's oplog says it."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.update import parse_update

BIG = "x" * 60
"""Makes documents so large that saying the difference pays."""


def delta(
    old: dict[str, Any], update: object, filter_: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any] | None:
    context = Context()
    parsed = parse_update(update, context, **options)  # type: ignore[arg-type]
    position = parse_filter(filter_, context).position(old) if filter_ else None
    new = parsed.apply(old, position=position)
    return parsed.delta(old, new)


def changed(old: dict[str, Any], update: object, **options: Any) -> tuple[Any, Any, Any]:
    found = delta(old, update, **options)
    assert found is not None
    return found["updatedFields"], found["removedFields"], found["truncatedArrays"]


@pytest.mark.parametrize(
    ("old", "update", "updated", "removed"),
    [
        ({"a": 1}, {"$set": {"a": 2}}, {"a": 2}, []),
        ({"a": {"b": 1, "c": 2}}, {"$set": {"a": {"b": 1, "c": 3}}}, {"a": {"b": 1, "c": 3}}, []),
        ({"a": {"b": 1}}, {"$set": {"a.c.d": 2}}, {"a.c": {"d": 2}}, []),
        ({}, {"$set": {"a.b": 1, "a.c": 2}}, {"a": {"b": 1, "c": 2}}, []),
        ({"a": 1, "b": 2}, {"$unset": {"a": 1}, "$inc": {"b": 1}}, {"b": 3}, ["a"]),
        ({"a": 1}, {"$rename": {"a": "b"}}, {"b": 1}, ["a"]),
        ({"a": [1, 2]}, {"$push": {"a": 3}}, {"a.2": 3}, []),
        ({"a": [1]}, {"$push": {"a": {"$each": [2, 3]}}}, {"a.1": 2, "a.2": 3}, []),
        ({"a": []}, {"$push": {"a": 1}}, {"a": [1]}, []),
        ({}, {"$push": {"a": 1}}, {"a": [1]}, []),
        ({"a": [1, 2]}, {"$push": {"a": {"$each": [0], "$position": 0}}}, {"a": [0, 1, 2]}, []),
        ({"a": [1, 2]}, {"$push": {"a": {"$each": [3], "$slice": -2}}}, {"a": [2, 3]}, []),
        ({"a": []}, {"$addToSet": {"a": 1}}, {"a.0": 1}, []),
        ({"a": [1, 2]}, {"$pop": {"a": 1}}, {"a": [1]}, []),
        ({"a": [1, 2]}, {"$pull": {"a": 1}}, {"a": [2]}, []),
        ({"a": [1, 2]}, {"$set": {"a": [1, 2, 3]}}, {"a": [1, 2, 3]}, []),
        ({"a": [1, 2]}, {"$set": {"a.1": 3}}, {"a.1": 3}, []),
        ({"a": [1]}, {"$set": {"a.3": 4}}, {"a.3": 4}, []),
        ({"a": [1, 2]}, {"$unset": {"a.0": 1}}, {"a.0": None}, []),
        ({"a": [{"b": 1}, {"b": 2}]}, {"$set": {"a.$[].b": 2}}, {"a.0.b": 2}, []),
        ({"a": [1, 2, 3]}, {"$inc": {"a.$[]": 1}}, {"a.0": 2, "a.1": 3, "a.2": 4}, []),
        ({"a": 1}, {"$set": {"b": None}}, {"b": None}, []),
    ],
)
def test_operators(old: dict[str, Any], update: dict[str, Any], updated: Any, removed: Any) -> None:
    assert changed(old, update) == (updated, removed, [])


def test_the_position_of_the_filter() -> None:
    assert changed({"a": [1, 2]}, {"$set": {"a.$": 5}}, filter_={"a": 2})[0] == {"a.1": 5}


def test_array_filters() -> None:
    old = {"a": [{"b": 1}, {"b": 5}]}
    found = changed(old, {"$inc": {"a.$[big].b": 1}}, array_filters=[{"big.b": {"$gt": 2}}])
    assert found[0] == {"a.1.b": 6}


@pytest.mark.parametrize(
    ("old", "stages", "updated", "removed", "truncated"),
    [
        ({"a": 1}, [{"$set": {"a": 2}}], {"a": 2}, [], []),
        ({"a": 1}, [{"$unset": "a"}], {}, ["a"], []),
        ({"a": {"b": 1, "c": BIG}}, [{"$set": {"a.b": 2}}], {"a.b": 2}, [], []),
        ({"a": {"b": 1}}, [{"$set": {"a": {"b": 2}}}], {"a": {"b": 2}}, [], []),
        (
            {"a": [1, 2, 3, 4, BIG]},
            [{"$set": {"a": {"$slice": ["$a", 2]}}}],
            {},
            [],
            [{"field": "a", "newSize": 2}],
        ),
        ({"a": [1, 2, BIG]}, [{"$set": {"a": {"$concatArrays": ["$a", [4]]}}}], {"a.3": 4}, [], []),
        ({"a": [1, 2, BIG]}, [{"$set": {"a": [9, 2, BIG]}}], {"a.0": 9}, [], []),
        ({"a": 1, "b": 2}, [{"$replaceWith": {"b": 2, "z": BIG, "a": 1}}], {"a": 1}, [], []),
    ],
)
def test_pipelines(old: dict[str, Any], stages: list[Any], updated: Any, removed: Any, truncated: Any) -> None:
    assert changed({"_id": 1, **old, "z": BIG}, stages) == (updated, removed, truncated)


def test_a_pipeline_that_changes_as_much_as_there_is_replaces() -> None:
    assert delta({"_id": 1, "a": 1}, [{"$set": {"a": 2}}]) is None


def test_a_replacement_is_none() -> None:
    assert delta({"_id": 1, "a": BIG}, {"a": BIG, "b": 1}) is None


def test_names_with_dots_are_told_apart() -> None:
    old = {"_id": 1, "a.b": {"c": 1, "z": BIG}, "z": BIG}
    stage = {"$replaceWith": {"$setField": {"field": "a.b", "input": "$$ROOT", "value": {"c": 2, "z": BIG}}}}
    found = delta(old, [stage])
    assert found is not None
    assert found["updatedFields"] == {"a.b.c": 2}
    assert found["disambiguatedPaths"] == {"a.b.c": ["a.b", "c"]}


def test_two_changes_of_one_path_are_a_replacement() -> None:
    old = {"_id": 1, "a.b": 1, "a": {"b": 1, "z": BIG}, "z": BIG}
    stages = [
        {"$replaceWith": {"$setField": {"field": "a.b", "input": "$$ROOT", "value": 2}}},
        {"$set": {"a.b": 2}},
    ]
    assert delta(old, stages) is None
