"""$bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear: masks of all forms on numbers and binary data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Binary, Decimal128, Int64, Regex

from ..case import Case
from ..slug import Slugs

_MASKS: list[Any] = [
    0, 1, 2, 42, 255, Int64(1), Int64(2**40), Int64(2**63 - 1), 1.0, 42.0, Decimal128("42"), Decimal128("4.2E+1"),
    b"", b"\x01", b"\x2a\x00\x80", Binary(b"\x01", 5), b"\x00\x00\x00\x00\x00\x00\x00\x00\x01",
    [], [0], [1, 3, 5], [5, 1, 1], [31], [62], [63], [64], [200], [0, 64], [1.0, Int64(3)], [Decimal128("5")],
    [2**31 - 1],
]  # fmt: skip
_WRONG: list[Any] = [
    -1, Int64(-1), 1.5, -0.5, 1e20, float("nan"), float("inf"), Decimal128("1.5"), Decimal128("NaN"), "1", None, True,
    {}, {"a": 1},
    Regex("a"), [-1], [1.5], ["1"], [None], [True], [[1]], [Int64(2**31)], [Int64(2**40)], [1e20], [float("nan")], [{}],
]  # fmt: skip
_VALUES: list[dict[str, Any]] = [
    {"v": v}
    for v in (
        0, 1, 2, 3, 42, -1, -2, -43, Int64(2**40), Int64(2**62), Int64(-(2**63)), Int64(2**63 - 1), 0.0, -0.0, 1.0,
        42.0, -1.0,
        1.5, float(2**62), float(2**63), -float(2**63), float("nan"), float("inf"), Decimal128("42"),
        Decimal128("42.0"),
        Decimal128("1.5"), Decimal128("1E+30"), Decimal128("NaN"), Decimal128("-1"), b"", b"\x00", b"\x01", b"\x2a",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", Binary(b"\x2a\x00\x80", 5), Binary(b"\x2a", 128),
        Binary(b"\x05" * 16, 4),
        "1", True, None, [1, 42], [b"\x01", "x"], [[1]], {"a": 1}, [],
    )
] + [{}]  # fmt: skip


def cases() -> Iterator[Case]:
    slug = Slugs()
    for operator in ("$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"):
        for mask in [*_MASKS, *_WRONG]:
            command = {"find": "$coll", "filter": {"v": {operator: mask}}, "projection": {"_id": 1}}
            yield Case(slug(operator, mask), command, _VALUES)
