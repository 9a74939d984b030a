"""Quick ways = the plain way: random commands on Satchel as it is, and on one that decodes and matches every document.

The one has indexes, plans that it keeps, predicates in SQL, fields and bounds of sorts read without documents; the
other has none of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from unittest import mock

import pytest
from bson import Decimal128

from satchel import MongoClient
from satchel.backends.sqlite.snapshot import SqliteReader
from satchel.engine.planner import planner
from satchel.values.bson_types import BsonValue, Document

from . import verdict
from .__main__ import Fuzzer
from .engines import Engine, satchel_engine
from .trial import KINDS, Trial, trials

CASES = 750
PER_COLLECTION = 25


class Plain(Engine):
    """Satchel without quick ways."""

    def run(self, trial: Trial) -> Document:
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(SqliteReader, "can_read_fields", return_value=False))
            stack.enter_context(mock.patch.object(SqliteReader, "sort_bound", return_value=None))
            stack.enter_context(mock.patch.object(planner, "narrow", return_value=None))
            return super().run(trial)


def told(value: BsonValue) -> BsonValue:
    """Return a value like another one that is told by the JSON projection: fields of it are read without documents."""
    if isinstance(value, dict):
        return {name: told(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [told(inner) for inner in value]
    if isinstance(value, Decimal128):
        return 2.5
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) if abs(value) < 2**31 else 2**31 - 1
    return value.hex() if isinstance(value, bytes) else value


def some_trials(kind: str) -> Iterator[Trial]:
    for position in range(CASES // PER_COLLECTION):
        for trial in trials(kind, f"plain {kind} {position}", PER_COLLECTION):
            documents = told(list(trial.documents)) if position % 2 else trial.documents
            yield replace(trial, documents=documents)


@pytest.mark.parametrize("kind", KINDS)
def test_quick_ways_are_the_plain_way(kind: str) -> None:
    shown: list[str] = []
    quick, plain = satchel_engine(), Plain(lambda: MongoClient(":memory:"), indexed=False)
    fuzzer = Fuzzer(quick, plain, lambda: None, shown.append)
    same = 0
    for trial in some_trials(kind):
        found = fuzzer.judge(trial)
        same += found == verdict.SAME
        # A predicate in SQL may spare a document an expression that fails (difference 21).
        is_spared = found != verdict.VALUE and "$expr" in verdict.operators(trial.command)
        if found in (verdict.VALUE, verdict.FAILS, verdict.SUCCEEDS) and not is_spared:
            fuzzer.report(trial, found)
    quick.close()
    plain.close()
    assert not shown, "\n".join(shown)
    assert same > 0.98 * CASES
