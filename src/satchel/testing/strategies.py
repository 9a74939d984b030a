"""Hypothesis strategies for BSON values and documents of every type, rich in the values at which types and widths end.

All values are of the engine's classes (see `satchel.values.bson_types`).
"""

from __future__ import annotations

import math
from typing import Final

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.values.bson_types import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, BsonValue, Document

_DOUBLE_EDGES: Final = (
    *(0.0, -0.0, 0.1, 0.5, -1.5, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308),
    *(2.0**31, 2.0**53, 2.0**53 + 2, 2.0**63, -(2.0**63), math.nextafter(2.0**63, 0), 2.0**64),
    *(math.inf, -math.inf, math.nan),
)
_DECIMAL_EDGES: Final = (
    *("0", "-0", "0E+100", "0.1", "-0.1", "1.0", "1.000000000000000000000000000000001", "NaN", "Infinity", "-Infinity"),
    *("1E-6176", "-1E-6176", "9.999999999999999999999999999999999E+6144", "4.9E-324", "5E-324", "1.8E+308"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "9223372036854775807.5", "1E+18"),
    *("0.1000000000000000055511151231257827", "0.3", "2147483648", "9007199254740993"),
)

int32s: Final[SearchStrategy[int]] = st.one_of(
    st.integers(-3, 3), st.sampled_from((INT32_MIN, INT32_MAX)), st.integers(INT32_MIN, INT32_MAX)
)

int64s: Final[SearchStrategy[Int64]] = st.one_of(
    st.integers(-3, 3),
    st.sampled_from((INT32_MAX + 1, INT32_MIN - 1, 2**53, 2**53 + 1, INT64_MAX, INT64_MIN, INT64_MIN + 1)),
    st.integers(INT64_MIN, INT64_MAX),
).map(Int64)

doubles: Final[SearchStrategy[float]] = st.one_of(
    st.sampled_from(_DOUBLE_EDGES), st.integers(-3, 3).map(float), st.floats(allow_nan=True, allow_infinity=True)
)


def _decimal(sign: str, coefficient: int, exponent: int) -> Decimal128:
    return Decimal128(f"{sign}{coefficient}E{exponent}")


decimals: Final[SearchStrategy[Decimal128]] = st.one_of(
    st.sampled_from(_DECIMAL_EDGES).map(Decimal128),
    st.builds(_decimal, st.sampled_from(("", "-")), st.integers(0, 10**34 - 1), st.integers(-40, 10)),
    st.builds(_decimal, st.sampled_from(("", "-")), st.integers(0, 10**34 - 1), st.integers(-6176, 6111)),
    st.integers(-300, 300).map(lambda hundredths: Decimal128(f"{hundredths}E-2")),
)

numbers: Final[SearchStrategy[BsonValue]] = st.one_of(int32s, int64s, doubles, decimals)

strings: Final[SearchStrategy[str]] = st.one_of(
    st.sampled_from(
        ("", "a", "A", "aa", "ab", "\0", "a\0", "a\0b", "\x01", "é", "e\u0301", "ß", "\uffff", "😀", "$a", "a.b")
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
)

field_names: Final[SearchStrategy[str]] = st.one_of(
    st.sampled_from(("a", "b", "c", "0", "1", "")),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
)

binaries: Final[SearchStrategy[bytes]] = st.one_of(
    st.binary(max_size=6),
    st.builds(Binary, st.binary(max_size=6), st.sampled_from((2, 5, 6, 128, 255))),
    st.binary(min_size=16, max_size=16).map(lambda data: Binary(data, 4)),
    st.sampled_from((254, 255, 256)).map(bytes),
)

object_ids: Final[SearchStrategy[ObjectId]] = st.one_of(
    st.sampled_from((bytes(12), b"\xff" * 12)), st.binary(min_size=12, max_size=12)
).map(ObjectId)

dates: Final[SearchStrategy[DatetimeMS]] = st.one_of(
    st.sampled_from((0, -1, 1, INT64_MIN, INT64_MAX, 1_700_000_000_000)), st.integers(INT64_MIN, INT64_MAX)
).map(DatetimeMS)

timestamps: Final[SearchStrategy[Timestamp]] = st.builds(
    Timestamp, st.sampled_from((0, 1, 2**31, 2**32 - 1)), st.sampled_from((0, 1, 2**31, 2**32 - 1))
)

regexes: Final[SearchStrategy[Regex[str]]] = st.builds(
    Regex, st.sampled_from(("", "a", "^a", "b$", "a.c")), st.sampled_from(("", "i", "m", "im", "s", "x"))
)

codes: Final[SearchStrategy[Code]] = st.builds(Code, strings)

special_values: Final[SearchStrategy[BsonValue]] = st.one_of(
    st.none(), st.booleans(), st.builds(MinKey), st.builds(MaxKey)
)

scalars: Final[SearchStrategy[BsonValue]] = st.one_of(
    numbers, strings, binaries, object_ids, dates, timestamps, regexes, codes, special_values
)
"""Values of every type but objects and arrays."""


def _containers(inner: SearchStrategy[BsonValue]) -> SearchStrategy[BsonValue]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(field_names, inner, max_size=3),
        st.builds(Code, strings, st.dictionaries(field_names, inner, max_size=2)),
    )


values: Final[SearchStrategy[BsonValue]] = st.recursive(scalars, _containers, max_leaves=6)
"""Values of every type, nested a few levels deep."""

documents: Final[SearchStrategy[Document]] = st.dictionaries(field_names, values, max_size=4)
"""Documents, without an `_id` of their own."""


def few_values() -> SearchStrategy[BsonValue]:
    """Return a strategy with few different values, so that filters, sorts and groups often meet equal ones."""
    scalar = st.sampled_from(
        (None, True, False, 0, 1, 2, Int64(1), 1.0, 1.5, math.nan, Decimal128("1"), Decimal128("1.5"), "a", "b", "")
    )
    return st.recursive(
        scalar,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b", "0")), inner, max_size=2)
        ),
        max_leaves=5,
    )
