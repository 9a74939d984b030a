"""The 64-bit xxHash, a fast hash that is not for security, by its published specification."""

from __future__ import annotations

from typing import Final

_MASK: Final = 2**64 - 1
_PRIME_1: Final = 0x9E3779B185EBCA87
_PRIME_2: Final = 0xC2B2AE3D27D4EB4F
_PRIME_3: Final = 0x165667B19E3779F9
_PRIME_4: Final = 0x85EBCA77C2B2AE63
_PRIME_5: Final = 0x27D4EB2F165667C5


def xxhash64(data: bytes) -> int:
    """Return the hash of `data` with the seed 0."""
    position = len(data) // 32 * 32
    accumulator = _stripes(data[:position]) if position else _PRIME_5
    accumulator = (accumulator + len(data)) & _MASK
    while position + 8 <= len(data):
        lane = int.from_bytes(data[position : position + 8], "little")
        accumulator = _rotate(accumulator ^ _round(0, lane), 27) * _PRIME_1 + _PRIME_4 & _MASK
        position += 8
    if position + 4 <= len(data):
        lane = int.from_bytes(data[position : position + 4], "little")
        accumulator = _rotate(accumulator ^ lane * _PRIME_1 & _MASK, 23) * _PRIME_2 + _PRIME_3 & _MASK
        position += 4
    for byte in data[position:]:
        accumulator = _rotate(accumulator ^ byte * _PRIME_5 & _MASK, 11) * _PRIME_1 & _MASK
    return _avalanche(accumulator)


def _stripes(data: bytes) -> int:
    """Return the hash of whole stripes of 32 bytes, not yet mixed."""
    lanes = [(_PRIME_1 + _PRIME_2) & _MASK, _PRIME_2, 0, -_PRIME_1 & _MASK]
    for start in range(0, len(data), 32):
        for index in range(4):
            lane = int.from_bytes(data[start + index * 8 : start + index * 8 + 8], "little")
            lanes[index] = _round(lanes[index], lane)
    accumulator = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
    for lane in lanes:
        accumulator = (accumulator ^ _round(0, lane)) * _PRIME_1 + _PRIME_4 & _MASK
    return accumulator


def _round(accumulator: int, lane: int) -> int:
    return _rotate(accumulator + lane * _PRIME_2 & _MASK, 31) * _PRIME_1 & _MASK


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK


def _avalanche(accumulator: int) -> int:
    accumulator = (accumulator ^ accumulator >> 33) * _PRIME_2 & _MASK
    accumulator = (accumulator ^ accumulator >> 29) * _PRIME_3 & _MASK
    return accumulator ^ accumulator >> 32
