"""Command fields: what the reader takes, refuses, and takes for absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from bson import Binary, Decimal128, Int64, Timestamp

from satchel.commands import params
from satchel.commands.command import COMMANDS, NoFields
from satchel.commands.params import not_null, param, read_params
from satchel.errors import ServerError
from satchel.values.bson_types import BsonValue, Document

from .conftest import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(NoFields):
    name: str = param(params.string)
    page_size: int = param(params.non_negative, default=7)
    options: Document = param(params.document, default={})
    strict: Document = param(not_null(params.document), default={})
    hint: str | Document | None = param(params.string_or_document, default=None)
    class_: str = param(params.string, wire="class", default="")

    IGNORED: ClassVar[frozenset[str]] = frozenset({"old"})
    REFUSED: ClassVar[frozenset[str]] = frozenset({"exotic"})


def code_of(fields: Document) -> int:
    with pytest.raises(ServerError) as caught:
        read_params(Fields, "test", fields)
    return caught.value.code


def test_defaults() -> None:
    read = read_params(Fields, "test", {"name": "x"})
    assert read == Fields(name="x", page_size=7, options={}, strict={}, hint=None, class_="")


def test_wire_names() -> None:
    read = read_params(Fields, "test", {"name": "x", "pageSize": 3, "class": "c"})
    assert (read.page_size, read.class_) == (3, "c")


def test_defaults_are_not_shared() -> None:
    assert read_params(Fields, "test", {"name": "x"}).options is not read_params(Fields, "test", {"name": "y"}).options


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 40414),
        ({"name": None}, 40414),
        ({"name": 1}, 14),
        ({"name": "x", "nope": 1}, 40415),
        ({"name": "x", "page_size": 1}, 40415),
        ({"name": "x", "pageSize": -1}, 2),
        ({"name": "x", "pageSize": "1"}, 14),
        ({"name": "x", "strict": None}, 14),
        ({"name": "x", "hint": 1}, 9),
        ({"name": "x", "exotic": True}, 238),
        ({"name": "x", "exotic": {}}, 238),
    ],
)
def test_errors(fields: Document, code: int) -> None:
    assert code_of(fields) == code


@pytest.mark.parametrize(
    "fields",
    [
        {"pageSize": None},
        {"options": None},
        {"old": object()},
        {"exotic": None},
        {"exotic": False},
        {"lsid": {}, "$db": "a", "maxTimeMS": 1, "comment": "c", "$clusterTime": {}},
    ],
)
def test_what_is_as_good_as_absent(fields: Document) -> None:
    assert read_params(Fields, "test", {"name": "x", **fields}) == Fields(name="x")


def test_unknown_fields_pass_when_not_strict() -> None:
    assert read_params(Fields, "test", {"name": "x", "nope": 1}, strict=False) == Fields(name="x")


KINDS: dict[str, tuple[params.Kind, list[tuple[BsonValue, object]], list[tuple[BsonValue, int]]]] = {
    "boolean": (params.boolean, [(True, True), (0, False), (1.5, True), (Decimal128("0"), False)], [("1", 14)]),
    "strict_boolean": (params.strict_boolean, [(False, False)], [(1, 14), ("true", 14)]),
    "integer": (
        params.integer,
        [(1.9, 1), (-1.9, -1), (Decimal128("2.5"), 2), (float("nan"), 0), (1e300, 2**63 - 1)],
        [("1", 14), (True, 14)],
    ),
    "whole_number": (
        params.whole_number,
        [(2.0, 2), (Int64(3), 3), (Decimal128("4"), 4)],
        [(1.5, 9), (float("nan"), 9), (float("inf"), 9), (1e300, 9), ("1", 14)],
    ),
    "within": (params.within(params.integer, 1, 9), [(1, 1), (9.9, 9)], [(0, 2), (10, 2), ("5", 14)]),
    "int64": (params.int64, [(Int64(5), 5)], [(5, 14), (5.0, 14)]),
    "int64s": (params.int64s, [([], []), ([Int64(5)], [5])], [([5], 14), (Int64(5), 14)]),
    "string": (params.string, [("", "")], [(1, 14), ({}, 14)]),
    "document": (params.document, [({}, {})], [([], 14), ("", 14)]),
    "array": (params.array, [([1], [1])], [({}, 14)]),
    "documents": (params.documents, [([{}], [{}])], [([1], 14), ({}, 14)]),
    "strings": (params.strings, [(["a"], ["a"])], [([1], 14)]),
    "timestamp": (params.timestamp, [(Timestamp(1, 1), Timestamp(1, 1))], [(1, 14)]),
    "binary": (params.binary, [(b"x", b"x"), (Binary(b"x", 5), Binary(b"x", 5))], [("x", 14)]),
    "collection": (params.collection, [("c", "c")], [(1, 73), (None, 73)]),
    "collection_or_one": (params.collection_or_one, [("c", "c"), (1, None), (1.0, None)], [(2, 9), ({}, 9)]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind: str) -> None:
    read, good, bad = KINDS[kind]
    for value, expected in good:
        assert read("test.field", value) == expected
    for value, code in bad:
        with pytest.raises(ServerError) as caught:
            read("test.field", value)
        assert caught.value.code == code, value


STRICT = sorted(command.name for command in COMMANDS if command.is_strict)


@pytest.mark.parametrize("name", STRICT)
def test_every_strict_command_refuses_unknown_fields(server: Server, name: str) -> None:
    command = COMMANDS.get(name)
    assert command is not None
    assert server.code({name: "c", "surely not a field": 1}, "admin" if command.is_admin_only else "db") in (40415, 14)


@pytest.mark.parametrize("command", list(COMMANDS), ids=lambda command: command.name)
def test_no_field_is_declared_twice(command: object) -> None:
    declared = params._declared(command.params).keys()  # type: ignore[attr-defined]
    assert not declared & command.params.IGNORED  # type: ignore[attr-defined]
    assert not declared & command.params.REFUSED  # type: ignore[attr-defined]
    assert not command.params.IGNORED & command.params.REFUSED  # type: ignore[attr-defined]


def test_a_field_is_in_the_body_or_in_a_sequence(server: Server) -> None:
    assert server.code({"insert": "c", "documents": [{"_id": 1}]}, documents=[{"_id": 2}]) == 40433
    assert server.ok({"insert": "c"}, documents=[{"_id": 2}])["n"] == 1
