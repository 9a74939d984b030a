"""CRC-32C (Castagnoli), the checksum that an OP_MSG may carry."""

from __future__ import annotations

from typing import Final

_POLYNOMIAL: Final = 0x82F63B78


def _table_entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ _POLYNOMIAL if byte & 1 else byte >> 1
    return byte


_TABLE: Final = tuple(_table_entry(byte) for byte in range(256))


def crc32c(data: bytes | memoryview) -> int:
    """Return the CRC-32C of `data` (about 10 MB/s: in process nobody sends checksums)."""
    checksum = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        checksum = table[(checksum ^ byte) & 0xFF] ^ (checksum >> 8)
    return checksum ^ 0xFFFFFFFF
