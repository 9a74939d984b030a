"""Geospatial query operators: not implemented yet."""

from __future__ import annotations

from typing import Final, NoReturn

from satchel.errors import ErrorCode, ServerError
from satchel.mql.match.registry import FIELD_OPERATORS, Operand

NOT_IMPLEMENTED: Final = ("$near", "$nearSphere", "$geoNear", "$geoWithin", "$within", "$geoIntersects")
"""The operators that answer NotImplemented."""


def _refuse(operand: Operand) -> NoReturn:
    """Say that Satchel has no geospatial queries yet.

    Raises:
        ServerError: NotImplemented (238), always.
    """
    raise ServerError(ErrorCode.NotImplemented, f"{operand.name} is not implemented: Satchel has no geospatial queries")


for _name in NOT_IMPLEMENTED:
    FIELD_OPERATORS.operator(_name)(_refuse)
