"""Sorting what a query found, within memory and beyond it."""

from __future__ import annotations

import random

import pytest

from satchel.engine.execution.match import Match
from satchel.engine.execution.sorting import MAX_TOP_DOCUMENTS, sorted_matches
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.sort import parse_sort
from satchel.values.bson_types import encode_document

VALUES = [random.Random(7).randrange(50) for _ in range(500)]
MATCHES = [Match(rid, encode_document({"_id": rid, "a": value}), None) for rid, value in enumerate(VALUES)]
IN_ORDER = sorted(range(len(VALUES)), key=lambda rid: VALUES[rid])


def order(context: Context, limit: int | None = None) -> list[int]:
    pattern = parse_sort({"a": 1}, context)
    return [match.rid for match in sorted_matches(iter(MATCHES), pattern, context, limit)]


@pytest.mark.parametrize("limit_bytes", [1, 10_000, 100_000_000])
def test_equal_keys_keep_their_order_however_much_is_spilled(limit_bytes: int) -> None:
    assert order(Context(memory_limit_bytes=limit_bytes)) == IN_ORDER


@pytest.mark.parametrize("limit", [1, 7, 499, 500, 501, MAX_TOP_DOCUMENTS + 1])
def test_a_limit_brings_at_least_the_first(limit: int) -> None:
    assert order(Context(memory_limit_bytes=10_000), limit)[:limit] == IN_ORDER[:limit]


def test_without_disk_use_too_much_is_an_error() -> None:
    with pytest.raises(ServerError) as caught:
        order(Context(memory_limit_bytes=10_000, allow_disk_use=False))
    assert caught.value.code == ErrorCode.QueryExceededMemoryLimitNoDiskUseAllowed


def test_what_came_back_from_disk_is_the_stored_document() -> None:
    context = Context(memory_limit_bytes=1)
    pattern = parse_sort({"_id": -1}, context)
    found = list(sorted_matches(iter(MATCHES), pattern, context))
    assert [match.document for match in found] == [match.document for match in reversed(MATCHES)]
