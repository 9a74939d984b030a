"""The keys of a document: against those a real server's indexes hold."""

from __future__ import annotations

import pytest

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import MISSING, UNDEFINED, Field
from satchel.values.index_keys import index_keys, index_values
from satchel.values.key_string import encode
from satchel.values.path import split
from tests.conformance.extended_json import untag

from .recording import lines


def component(value: object) -> Field:
    return UNDEFINED if value == {"$undefined": True} else untag(value)


def stored(values: tuple[Field, ...] | list[Field]) -> tuple[bytes, ...]:
    return tuple(encode(None if value is MISSING else value) for value in values)


def test_indexes_hold_the_recorded_keys() -> None:
    for line in lines("index_keys"):
        paths, document, expected = [split(path) for path in line["paths"]], line["document"], line["keys"]
        if isinstance(expected, int):
            with pytest.raises(ServerError) as error:
                index_keys(document, paths)
            assert error.value.code == expected, line
            continue
        keys = {stored(values) for values in index_keys(document, paths)}
        assert sorted(keys) == [stored([component(value) for value in key]) for key in expected], line
        if len(paths) == 1:
            assert {stored([value]) for value in index_values(document, paths[0])} == keys, line


def test_one_array_in_two_fields_is_parallel() -> None:
    shared = [1, 2]
    with pytest.raises(ServerError) as error:
        index_keys({"a": shared, "b": shared}, [("a",), ("b",)])
    assert error.value.code == ErrorCode.CannotIndexParallelArrays
