"""Resume tokens: places in a change stream, for clients to keep."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bson import Timestamp

from satchel.engine.cluster_time import position_of, timestamp_of
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import Document

_VERSION: Final = 1
_FORM: Final = struct.Struct(">BIIBBH16s")
_FIRST_BYTE: Final = 0x82
"""That of MongoDB's tokens, too: a KeyString of a timestamp."""

_NO_UUID: Final = bytes(16)


class TokenKind(IntEnum):
    """What a token stands for; in the order in which tokens of one position follow each other."""

    EVENT = 0x10
    INVALIDATE = 0x20
    HIGH_WATER_MARK = 0x30


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """A place in a stream: behind an event, or behind everything up to a position.

    Attributes:
        position: A position in the change log.
        kind: What it stands for.
        fragment: How many parts of an event that was split have been seen; 0 for an event in one piece.
        uuid: The UUID of the event's collection, or zeros.
    """

    position: int
    kind: TokenKind = TokenKind.HIGH_WATER_MARK
    fragment: int = 0
    uuid: bytes = _NO_UUID

    @property
    def has_uuid(self) -> bool:
        """Whether it is the token of an event of a collection."""
        return self.uuid != _NO_UUID

    def to_bson(self) -> Document:
        """Return the token as clients know it; tokens sort by their text as their events do by time."""
        time = timestamp_of(self.position)
        data = _FORM.pack(_FIRST_BYTE, time.time, time.inc, self.kind, _VERSION, self.fragment, self.uuid)
        return {"_data": data.hex().upper()}


def parse_token(token: Document) -> ResumeToken:
    """Read a token that a client has kept.

    Raises:
        ServerError: Location40647 when it is no token at all, FailedToParse (9) when its text is not hexadecimal,
            InvalidResumeToken (260) when it is not one of ours.
    """
    text = token.get("_data")
    if not isinstance(text, str):
        raise ServerError(40647, f"Bad resume token: _data of missing or of wrong type: {token!r}")
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise ServerError(ErrorCode.FailedToParse, "resume token string was not a valid hex string") from error
    try:
        first, seconds, increment, kind, version, fragment, uuid = _FORM.unpack(data)
        if first != _FIRST_BYTE or version != _VERSION:
            raise ValueError(f"version {version}")
        return ResumeToken(position_of(Timestamp(seconds, increment)), TokenKind(kind), fragment, uuid)
    except (struct.error, ValueError) as error:
        raise ServerError(ErrorCode.InvalidResumeToken, "Invalid resume token: not one of this database") from error
