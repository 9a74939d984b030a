"""Exhaust cursors in process: the batches that come unasked after a getMore."""

from __future__ import annotations

from bson.raw_bson import RawBSONDocument

from satchel.driver.private import OpMsg
from satchel.wire.header import HEADER_SIZE_BYTES, INT32
from satchel.wire.messages import command_name
from satchel.wire.op_msg import EXHAUST_ALLOWED, MORE_TO_COME


class BatchStream:
    """What a connection remembers of a getMore that allows several replies: each is made when PyMongo wants it.

    Attributes:
        message: The getMore, to be run for each reply; None when no more are to come.
        cursor_id: The cursor, while there are more.
    """

    def __init__(self) -> None:
        self.message: bytes | None = None
        self.cursor_id = 0

    def begin(self, message: bytes) -> None:
        """Look at a message that is sent."""
        self.message = message if _allows_more(message) else None
        self.cursor_id = 0

    def mark(self, reply: OpMsg) -> OpMsg:
        """Return a reply with the flag that says that more come after it, if they do."""
        if self.message is None:
            return reply
        cursor = RawBSONDocument(bytes(reply.payload_document)).get("cursor", {})
        self.cursor_id = cursor.get("id", 0)
        if self.cursor_id:
            return OpMsg(reply.flags | MORE_TO_COME, reply.payload_document)
        self.message = None
        return reply


def _allows_more(message: bytes) -> bool:
    if command_name(message) != b"getMore":
        return False
    return bool(INT32.unpack_from(message, HEADER_SIZE_BYTES)[0] & EXHAUST_ALLOWED)
