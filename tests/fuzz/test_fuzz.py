"""The generators make commands that mostly work, and the comparison finds planted differences."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from satchel.mql.expressions.registry import OPERATORS
from satchel.mql.pipeline.accumulators import ACCUMULATORS
from satchel.mql.pipeline.stage import STAGES
from satchel.mql.pipeline.window_functions import WINDOW_FUNCTIONS
from satchel.mql.update.modifier import OPERATORS as MODIFIERS
from satchel.values.bson_types import Document

from . import accumulators, engines, expressions, updates, verdict, windows
from .__main__ import Fuzzer
from .trial import KINDS, Trial, trials

_NOT_GENERATED_STAGES = {
    "$sample": "random",
    "$out": "writes; has recorded cases",
    "$merge": "writes; has recorded cases",
    "$collStats": "about the engine",
    "$indexStats": "about the engine",
    "$planCacheStats": "about the engine",
    "$currentOp": "about the engine",
    "$changeStream": "the engine that is compared with has none",
    "$changeStreamSplitLargeEvent": "the engine that is compared with has none",
    "$listSessions": "about the engine",
    "$listLocalSessions": "about the engine",
}


@pytest.fixture
def satchel() -> Iterator[engines.Engine]:
    with _open() as engine:
        yield engine


@contextmanager
def _open() -> Iterator[engines.Engine]:
    engine = engines.satchel_engine()
    try:
        yield engine
    finally:
        engine.close()


def _many(kind: str, number: int = 100) -> list[Trial]:
    return [trial for position in range(number // 20) for trial in trials(kind, f"test {position}", 20)]


@pytest.mark.parametrize("kind", KINDS)
def test_most_trials_succeed(kind: str, satchel: engines.Engine) -> None:
    results = [satchel.run(trial) for trial in _many(kind)]
    codes = collections.Counter(verdict.error_code(result) for result in results)
    assert codes[None] > len(results) * 0.6, codes
    assert codes[1] == 0, "InternalError"


def test_equal_seeds_make_equal_trials() -> None:
    assert [trial.text() for trial in _many("pipelines", 40)] == [trial.text() for trial in _many("pipelines", 40)]


@pytest.mark.parametrize(
    ("registered", "generated", "left_out"),
    [
        (OPERATORS, expressions.generated_operators(), expressions.NOT_GENERATED),
        (ACCUMULATORS, accumulators.generated_accumulators(), accumulators.NOT_GENERATED),
        (WINDOW_FUNCTIONS, windows.generated_functions(), {}),
        (MODIFIERS, updates.generated_modifiers(), updates.NOT_GENERATED),
    ],
)
def test_every_operator_is_generated_or_left_out_for_a_reason(registered, generated, left_out) -> None:
    assert set(registered) == generated | set(left_out)


def test_every_stage_is_generated_or_left_out_for_a_reason() -> None:
    names = {name for trial in _many("pipelines", 1500) for name in verdict.operators(trial.command)}
    assert set(STAGES) - names == set(_NOT_GENERATED_STAGES)


@pytest.mark.parametrize(
    ("operator", "planted"),
    [
        ("$abs", lambda operand, parser: parser.parse(operand)),
        ("$toUpper", OPERATORS.get("$toLower")),
    ],
)
def test_a_planted_fault_is_found_and_made_small(operator: str, planted: Callable[..., object]) -> None:
    shown: list[str] = []
    with _open() as right, _open() as wrong:
        fuzzer = Fuzzer(_Faulty(wrong, {operator: planted}), right, lambda: None, shown.append)
        trial = next(
            t for t in _many("pipelines", 1500) if operator in verdict.operators(t.command) and _fails(fuzzer, t)
        )
        fuzzer.report(trial, fuzzer.judge(trial))
    (signature,) = fuzzer.signatures
    assert operator in signature
    assert "expected" in shown[-1]


def test_an_error_on_one_side_is_found(satchel: engines.Engine) -> None:
    trial = Trial({"find": "$coll", "filter": {"$expr": {"$abs": "$a"}}}, [{"_id": 1, "a": "x"}])
    found = satchel.run(trial)
    assert verdict.verdict(trial, {"documents": []}, found) == verdict.FAILS
    assert verdict.verdict(trial, found, {"documents": []}) == verdict.SUCCEEDS
    assert verdict.verdict(trial, {"error": {"code": 2}}, found) == verdict.OTHER_ERROR


def test_types_and_order_are_compared() -> None:
    trial = Trial({"find": "$coll"}, [])
    assert verdict.verdict(trial, {"documents": [{"a": 1}]}, {"documents": [{"a": 1.0}]}) == verdict.VALUE
    assert verdict.verdict(trial, {"documents": [{"a": 1, "b": 2}]}, {"documents": [{"b": 2, "a": 1}]}) == verdict.VALUE


class _Faulty:
    """An engine with other operators."""

    def __init__(self, engine: engines.Engine, planted: dict[str, Callable[..., object]]) -> None:
        self._engine = engine
        self._planted = planted

    def run(self, trial: Trial) -> Document:
        with mock.patch.dict(OPERATORS._entries, self._planted):
            return self._engine.run(trial)

    def run_plainly(self, trial: Trial) -> Document:
        return self.run(trial)


def _fails(fuzzer: Fuzzer, trial: Trial) -> bool:
    return fuzzer.judge(trial) == verdict.VALUE


def test_conditions_are_put_the_other_way_round() -> None:
    filter_ = {"a": {"$gt": 1, "$elemMatch": {"x": 1, "y": {"p": 1, "q": 2}}}, "$and": [{"b": 1}, {"c": 1, "d": 1}]}
    trial = Trial({"find": "$coll", "filter": filter_, "sort": {"a": 1, "b": 1}}, [])
    lists, fields, both = (str(other.command) for other in trial.reordered())
    literal = {"p": 1, "q": 2}
    backwards = {"$elemMatch": {"y": literal, "x": 1}, "$gt": 1}
    sort = {"a": 1, "b": 1}
    assert lists == str(
        {"find": "$coll", "filter": {"a": filter_["a"], "$and": [{"c": 1, "d": 1}, {"b": 1}]}, "sort": sort}
    )
    assert fields == str(
        {"find": "$coll", "filter": {"$and": [{"b": 1}, {"d": 1, "c": 1}], "a": backwards}, "sort": sort}
    )
    assert both == str(
        {"find": "$coll", "filter": {"$and": [{"d": 1, "c": 1}, {"b": 1}], "a": backwards}, "sort": sort}
    )
