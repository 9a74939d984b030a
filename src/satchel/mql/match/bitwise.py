"""`$bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear`: the bits of an integer or of binary data."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.operands import count, int32_count, labelled
from satchel.mql.match.registry import FIELD_OPERATORS, Operand
from satchel.mql.match.tree import Leaf, MatchExpression, Test
from satchel.values.bson_types import BsonValue, Document, Field
from satchel.values.numbers import exact_int64, is_bson_number

# No binary value has a bit as far out as this, and a number has copies of its sign from bit 63 on.
_FAR: Final = 2**27


@dataclass(frozen=True, eq=False)
class BitTest(Leaf):
    """A value, a whole number or binary data, has bits set or clear; bit 0 is the least of the first byte.

    Attributes:
        positions: The bits' positions.
    """

    positions: tuple[int, ...]
    operator: ClassVar[str]

    @staticmethod
    @abstractmethod
    def accepts(bits: int, mask: int) -> bool:
        """Tell whether the bits are as the operator wants them where the mask is set."""

    @cached_property
    def mask(self) -> int:
        """The positions as a number with those bits set."""
        mask = 0
        for position in self.positions:
            mask |= 1 << min(position, _FAR)
        return mask

    def operators(self) -> Document:
        """Return the operator without its path."""
        return {self.operator: list(self.positions)}

    def compile_test(self) -> Test:
        """Make the function that looks at the bits of a value."""
        mask, accepts = self.mask, self.accepts

        def test(value: Field) -> bool:
            bits = _bits(value)
            return bits is not None and accepts(bits, mask)

        return test


def _bits(value: Field) -> int | None:
    if isinstance(value, bytes):
        return int.from_bytes(value, "little")
    return exact_int64(value) if is_bson_number(value) else None


class BitsAllSet(BitTest):
    """All the bits are 1."""

    rank: ClassVar[int] = 14
    operator: ClassVar[str] = "$bitsAllSet"

    @staticmethod
    def accepts(bits: int, mask: int) -> bool:
        """Tell whether no bit of the mask is clear."""
        return bits & mask == mask


class BitsAllClear(BitTest):
    """All the bits are 0."""

    rank: ClassVar[int] = 15
    operator: ClassVar[str] = "$bitsAllClear"

    @staticmethod
    def accepts(bits: int, mask: int) -> bool:
        """Tell whether no bit of the mask is set."""
        return bits & mask == 0


class BitsAnySet(BitTest):
    """At least one of the bits is 1."""

    rank: ClassVar[int] = 16
    operator: ClassVar[str] = "$bitsAnySet"

    @staticmethod
    def accepts(bits: int, mask: int) -> bool:
        """Tell whether a bit of the mask is set."""
        return bits & mask != 0


class BitsAnyClear(BitTest):
    """At least one of the bits is 0."""

    rank: ClassVar[int] = 17
    operator: ClassVar[str] = "$bitsAnyClear"

    @staticmethod
    def accepts(bits: int, mask: int) -> bool:
        """Tell whether a bit of the mask is clear."""
        return bits & mask != mask


@FIELD_OPERATORS.operator("$bitsAllSet")
def parse_bits_all_set(operand: Operand) -> MatchExpression:
    """Match numbers and binary data in which all the bits are set.

    Raises:
        ServerError: BadValue (2) or FailedToParse (9) unless the operand is a mask or an array of positions.

    Reference:
        MongoDB manual, "$bitsAllSet".
    """
    return BitsAllSet(operand.path, _positions(operand))


@FIELD_OPERATORS.operator("$bitsAllClear")
def parse_bits_all_clear(operand: Operand) -> MatchExpression:
    """Match numbers and binary data in which all the bits are clear.

    Raises:
        ServerError: BadValue (2) or FailedToParse (9) as for `$bitsAllSet`.

    Reference:
        MongoDB manual, "$bitsAllClear".
    """
    return BitsAllClear(operand.path, _positions(operand))


@FIELD_OPERATORS.operator("$bitsAnySet")
def parse_bits_any_set(operand: Operand) -> MatchExpression:
    """Match numbers and binary data in which at least one of the bits is set.

    Raises:
        ServerError: BadValue (2) or FailedToParse (9) as for `$bitsAllSet`.

    Reference:
        MongoDB manual, "$bitsAnySet".
    """
    return BitsAnySet(operand.path, _positions(operand))


@FIELD_OPERATORS.operator("$bitsAnyClear")
def parse_bits_any_clear(operand: Operand) -> MatchExpression:
    """Match numbers and binary data in which at least one of the bits is clear.

    Raises:
        ServerError: BadValue (2) or FailedToParse (9) as for `$bitsAllSet`.

    Reference:
        MongoDB manual, "$bitsAnyClear".
    """
    return BitsAnyClear(operand.path, _positions(operand))


def _positions(operand: Operand) -> tuple[int, ...]:
    value, label = operand.value, labelled(operand.name, operand.value)
    if isinstance(value, list):
        return tuple(_position(i, member) for i, member in enumerate(value))
    if isinstance(value, bytes):
        return _set_bits(int.from_bytes(value, "little"))
    if not is_bson_number(value):
        message = f"{operand.path} takes an Array, a number, or a BinData but received: {label}"
        raise ServerError(ErrorCode.BadValue, message)
    return _set_bits(count(value, label, ErrorCode.FailedToParse))


def _position(index: int, value: BsonValue) -> int:
    return int32_count(value, labelled(str(index), value), ErrorCode.BadValue, "Failed to parse bit position. ")


def _set_bits(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)
