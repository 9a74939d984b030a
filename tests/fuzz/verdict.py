"""Comparing what two engines say, and telling known differences from others."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from typing import Final

from bson import Decimal128

from satchel.errors import ErrorCode
from satchel.values.bson_types import BsonValue, Document

from ..conformance import extended_json
from .expressions import OPERATOR_NAME
from .trial import Trial

SAME: Final = "same"
OTHER_ERROR: Final = "another error"
"""Both fail, with different codes: which of several errors wins depends on the order of evaluation."""
VALUE: Final = "different values"
OPTIMISED: Final = "difference 21"
"""A stage fails for a document that a later stage drops, and one of the engines drops it first."""
FAILS: Final = "fails here"
SUCCEEDS: Final = "fails there"

_FIELD_ORDER: Final = 22
_COUNTERS: Final = frozenset({"$count", "$group", "$bucketAuto"})
_UPSERT_FIELD_ORDER: Final = 3
_FIELD_MAKERS: Final = frozenset("$project $set $addFields $replaceWith $replaceRoot $group $setField".split())
_TRANSCENDENTAL: Final = frozenset(
    "$sin $cos $tan $asin $acos $atan $atan2 $sinh $cosh $tanh $asinh $acosh $atanh $exp $ln $log $log10 $pow "
    "$sigmoid $degreesToRadians $radiansToDegrees $stdDevPop $stdDevSamp $expMovingAvg".split()
)


def verdict(trial: Trial, expected: Document, found: Document) -> str:
    """Classify a pair of results.

    Args:
        trial: What was run.
        expected: The oracle's result.
        found: Satchel's.

    Returns:
        `SAME`, one of the other classes, or `difference N` with the number in `docs/differences.md`.
    """
    if extended_json.dumps(expected) == extended_json.dumps(found):
        return SAME
    wanted, got = error_code(expected), error_code(found)
    if wanted is not None and got is not None:
        return SAME if wanted == got else OTHER_ERROR
    known = _known(trial, expected, found, got)
    if known:
        return f"difference {known}"
    if wanted is None and got is None and _differ_in_field_order(trial, expected, found):
        return f"difference {_FIELD_ORDER}"
    if "upserted" in expected and _text_unordered(expected) == _text_unordered(found):
        return f"difference {_UPSERT_FIELD_ORDER}"
    if "$graphLookup" in set(operators(trial.command)) and _sorted_arrays(expected) == _sorted_arrays(found):
        return SAME
    if got is not None:
        return FAILS
    return VALUE if wanted is None else SUCCEEDS


def error_code(result: Document) -> BsonValue:
    """Return the code with which a command, or its one statement, failed; None when it did not."""
    errors = result.get("writeErrors")
    error = errors[0] if isinstance(errors, list) and errors else result.get("error")
    return error["code"] if isinstance(error, dict) else None


def counts_without_sorting(trial: Trial, expected: Document) -> bool:
    """Tell whether the oracle has failed to sort (parallel arrays) what Satchel only counts."""
    names = set(operators(trial.command))
    return error_code(expected) == ErrorCode.BadValue and "$sort" in names and bool(_COUNTERS & names)


def operators(value: BsonValue) -> Iterator[str]:
    """Yield the names of all operators in a specification."""
    if isinstance(value, dict):
        for name, item in value.items():
            if OPERATOR_NAME.fullmatch(name):
                yield name
            yield from operators(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from operators(item)


def _differ_in_field_order(trial: Trial, expected: Document, found: Document) -> bool:
    if not _FIELD_MAKERS & set(operators(trial.command)):
        return False
    if trial.unordered:
        expected, found = _in_any_order(expected), _in_any_order(found)
    return _text_unordered(expected) == _text_unordered(found)


def _text_unordered(value: BsonValue) -> str:
    """Return a text that does not depend on the order of fields."""
    return extended_json.dumps(_sorted_fields(value))


def _sorted_fields(value: BsonValue) -> BsonValue:
    if isinstance(value, dict):
        return {name: _sorted_fields(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted_fields(item) for item in value]
    return value


def _sorted_arrays(value: BsonValue) -> str:
    """Return a text that does not depend on the order of arrays: that of `$graphLookup`'s is not defined."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_sorted_arrays(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted(map(_sorted_arrays, value))) + "]"
    return extended_json.dumps(value)


def _in_any_order(result: Document) -> Document:
    """Return a result with its documents sorted, their fields having been sorted."""
    documents = result.get("documents")
    return {**result, "documents": sorted(documents, key=_text_unordered)} if isinstance(documents, list) else result


def _known(trial: Trial, expected: Document, found: Document, code: BsonValue) -> int | None:
    names = set(operators(trial.command))
    if _TRANSCENDENTAL & names and _close(expected, found):
        return 4
    if "$round" in names and "-2147483650" in extended_json.dumps(found):
        return 5
    if code == 238:
        return 6
    return _known_statistics(names, extended_json.dumps(expected))


def _known_statistics(names: set[str], expected: str) -> int | None:
    if {"$median", "$percentile"} & names and any(text in expected for text in ("2.2250738585072014e-308", "e+308")):
        return 11
    if "$setWindowFields" in names and any(text in expected for text in ("Infinity", "NaN")):
        return 12
    return None


def _close(expected: BsonValue, found: BsonValue) -> bool:
    """Tell whether two results agree but for the last digits of decimals."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return list(expected) == list(found) and all(_close(expected[name], found[name]) for name in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_close, expected, found))
    if isinstance(expected, Decimal128) and isinstance(found, Decimal128):
        return _close_decimals(expected.to_decimal(), found.to_decimal())
    return extended_json.dumps(expected) == extended_json.dumps(found)


def _close_decimals(expected: decimal.Decimal, found: decimal.Decimal) -> bool:
    if not (expected.is_finite() and found.is_finite()):
        return str(expected) == str(found)
    with decimal.localcontext(prec=50, Emax=9999, Emin=-9999):
        return abs(expected - found) <= max(abs(expected), abs(found)) * decimal.Decimal("1e-31")
