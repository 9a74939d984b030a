"""$similarityDotProduct $similarityCosine $similarityEuclidean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import Binary, Decimal128, Int64

from ..case import Case
from ..expression_cases import ExpressionCases

_OPERANDS: list[Any] = [
    [], 1, "x", [1, 2], [[1], [2]], [[1, 2], [3, 4]], [[1, 2], [3]], [[], []], [["a"], [1]], [[1], ["a"]], [["a"], ["b",
    1]], [None, [1]], [[1], None], ["$missing", [1]], ["$missing", "x"], ["x", "$missing"], [[1, 2.5], [Int64(3),
    Decimal128("2")]], [[None], [1]], [[1], [1], [1]], {"vectors": [[1, 2], [3, 4]]}, {"vectors": [[1, 2], [3, 4]],
    "score": True}, {"vectors": [[1, 2], [3, 4]], "score": False}, {"vectors": [[1, 2]], "score": True}, {"vectors": 1},
    {}, {"score": True}, {"vectors": [[1], [2]], "x": 1}, {"vectors": [[1], [2]], "score": 1}, {"vectors": [[1], [2]],
    "score": "$v"}, {"vectors": "$v"}, [[0, 0], [1, 1]], [[1e200], [1e200]], [[float("nan")], [1]], [[True, False], [1,
    2]], [[1], 5], [[[1]], [1]], [[1, 2], [-3, -4]], [["$n", 1], ["$v", 2]], ["$v", "$v"], ["$v", ["$n", "$n"]], [[0.1,
    0.2, 0.3], [0.4, 0.5, 0.6]], [Binary(b"\x27\x00\x00\x00\x80\x3f", 9), [1]], [Binary(b"\x10\x00\xff", 9), [1] * 8],
    [Binary(b"\x10\x03\xf8", 9), [1] * 5], [Binary(b"\x03\x00\x01\xfe", 9), [1, 2]], [Binary(b"\x27", 9), [1]],
    [Binary(b"\x99\x00\x01", 9), [1]], [b"ab", [1]], [Binary(b"", 9), [1]], [{"$divide": [1, 0]}, [1]],
]  # fmt: skip


def cases() -> Iterator[Case]:
    make = ExpressionCases()
    for operator in ("$similarityDotProduct", "$similarityCosine", "$similarityEuclidean"):
        yield from make.each_of(*({operator: operand} for operand in _OPERANDS), document={"v": [1, 2], "n": 3})
        yield from make.each_in({operator: ["$v", [1, 2]]}, "few values")
