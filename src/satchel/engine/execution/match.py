"""What a query finds."""

from __future__ import annotations

from typing import NamedTuple

from satchel.values.bson_types import Document, decode_document


class Match(NamedTuple):
    """A document that a query found: its record id, its BSON, and the document if it had to be decoded on the way."""

    rid: int
    bson: bytes
    decoded: Document | None

    @property
    def document(self) -> Document:
        """The document, decoded."""
        return self.decoded if self.decoded is not None else decode_document(self.bson)
