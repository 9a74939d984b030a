"""Events that are too large for one document, in parts: `$changeStreamSplitLargeEvent`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from satchel.engine.change_streams.tokens import parse_token
from satchel.errors import ErrorCode, ServerError
from satchel.settings import MAX_EVENT_BYTES
from satchel.values.bson_types import Document, encode_document

_SPLIT_EVENT_BYTES = 64
"""What `splitEvent` takes in a part at most."""


def split_event(event: Document) -> list[Document]:
    """Divide an event between its fields, when it is too large.

    Returns:
        The event alone when it is small enough; else parts that have their own `_id` and `splitEvent`.

    Raises:
        ServerError: BSONObjectTooLarge (10334) when one field alone is too large.
    """
    if len(encode_document(event)) <= MAX_EVENT_BYTES:
        return [event]
    token = event["_id"]
    assert isinstance(token, dict), "the pipeline has left the resume token as it was"
    parts = list(_parts({name: value for name, value in event.items() if name != "_id"}))
    whole = parse_token(token)
    return [
        {
            "_id": replace(whole, fragment=number).to_bson(),
            "splitEvent": {"fragment": number, "of": len(parts)},
            **part,
        }
        for number, part in enumerate(parts, 1)
    ]


def _parts(fields: Document) -> Iterator[Document]:
    part: Document = {}
    start = len(encode_document({"_id": {"_data": "0" * 58}})) + _SPLIT_EVENT_BYTES
    size = start
    for name, value in fields.items():
        added = len(encode_document({name: value}))
        check_event_size(start + added)
        if part and size + added > MAX_EVENT_BYTES:
            yield part
            part, size = {}, start
        part[name] = value
        size += added
    yield part


def check_event_size(size: int) -> None:
    """Refuse an event, or a part of one, that is too large for a document.

    Raises:
        ServerError: BSONObjectTooLarge (10334).
    """
    if size > MAX_EVENT_BYTES:
        raise ServerError(
            ErrorCode.BSONObjectTooLarge,
            f"BSONObj size: {size} (0x{size:X}) is invalid. Size must be between 0 and {MAX_EVENT_BYTES}",
        )
