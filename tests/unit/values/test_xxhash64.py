"""The 64-bit xxHash against its published test values."""

from __future__ import annotations

import pytest

from satchel.values.xxhash64 import xxhash64


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0xEF46DB3751D8E999),
        (b"a", 0xD24EC4F1A98C6E5B),
        (b"abc", 0x44BC2CF5AD770999),
        (b"y" * 32, 0x64DA1F1D3495CE66),
        (b"z" * 100, 0xD30E21C99C2A766D),
    ],
)
def test_values(data: bytes, expected: int) -> None:
    assert xxhash64(data) == expected
