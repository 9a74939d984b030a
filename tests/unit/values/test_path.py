"""Paths: what filters see, against recorded results."""

from __future__ import annotations

import pytest

from satchel.values.bson_types import MISSING, Document
from satchel.values.compare import equal
from satchel.values.path import (
    Leaf,
    element_leaves,
    element_values,
    get_field,
    leaf_values,
    split,
)

from .record import MATCH_PATHS
from .recording import lines


def matches_null(document: Document, path: str) -> bool:
    return any(value is MISSING or value is None for value in element_values(document, split(path)))


def matches_five(document: Document, path: str) -> bool:
    return any(equal(value, 5) for value in element_values(document, split(path)))


def exists(document: Document, path: str) -> bool:
    return any(value is not MISSING for value in leaf_values(document, split(path)))


def holds_array(document: Document, path: str) -> bool:
    return any(isinstance(value, list) for value in element_values(document, split(path)))


def has_size_one(document: Document, path: str) -> bool:
    return any(isinstance(value, list) and len(value) == 1 for value in leaf_values(document, split(path)))


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("null", matches_null),
        ("exists", exists),
        ("five", matches_five),
        ("array", holds_array),
        ("one", has_size_one),
    ],
)
def test_filters_see_the_recorded_values(name: str, matches) -> None:  # type: ignore[no-untyped-def]
    for line in lines("match_paths"):
        document = line["document"]
        assert [path for path in MATCH_PATHS if matches(document, path)] == line[name], document


def test_get_field_does_not_enter_arrays() -> None:
    document: Document = {"a": {"b": [{"c": 1}]}, "n": None}
    assert get_field(document, ("a", "b")) == [{"c": 1}]
    assert get_field(document, ("a", "b", "c")) is MISSING
    assert get_field(document, ("n",)) is None
    assert get_field(document, ("n", "x")) is MISSING
    assert get_field(document, ()) is document


@pytest.mark.parametrize(
    ("document", "path", "expected"),
    [
        ({"a": [1, 2]}, "a", [Leaf(1, 0), Leaf(2, 1), Leaf([1, 2], None)]),
        ({"a": [{"b": 1}, {"b": [2]}]}, "a.b", [Leaf(1, 0), Leaf(2, 1), Leaf([2], 1)]),
        ({"a": [3, 4]}, "a.1", [Leaf(4, None, is_element=True)]),
        ({"a": [{"b": [5]}]}, "a.0.b", [Leaf(MISSING, 0), Leaf(5, 0), Leaf([5], None)]),
        ({"a": 1}, "a", [Leaf(1, None)]),
    ],
)
def test_leaves_know_their_place(document: Document, path: str, expected: list[Leaf]) -> None:
    assert element_leaves(document, split(path)) == expected


def test_split() -> None:
    assert split("a.b.0") == ("a", "b", "0")
    assert split("") == ("",)
    assert split("a.") == ("a", "")
