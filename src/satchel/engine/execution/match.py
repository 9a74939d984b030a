"""What a query finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from satchel.mql.context import Context
from satchel.mql.match import MatchExpression
from satchel.storage.interface import JudgedRecord
from satchel.values.bson_types import Document, decode_document, decode_documents

_INTERRUPT_EVERY: Final = 256


class Match(NamedTuple):
    """A document that a query found: its record id, its BSON, and the document if it had to be decoded on the way."""

    rid: int
    bson: bytes
    decoded: Document | None

    @property
    def document(self) -> Document:
        """The document, decoded."""
        return self.decoded if self.decoded is not None else decode_document(self.bson)


def documents_of(matches: Sequence[Match]) -> list[Document]:
    """Return the documents of matches; if none had to be decoded on the way, all are at once."""
    if any(match.decoded is not None for match in matches):
        return [match.document for match in matches]
    return decode_documents([match.bson for match in matches])


def matching(records: Iterable[JudgedRecord], residual: MatchExpression | None, context: Context) -> Iterator[Match]:
    """Yield the records that match what is left of a filter."""
    check_interrupt = context.check_interrupt
    countdown = 1
    matches = residual.matches if residual is not None else None
    for rid, bson, is_certain in records:
        countdown -= 1
        if not countdown:
            countdown = _INTERRUPT_EVERY
            check_interrupt()
        if matches is None or is_certain:
            yield Match(rid, bson, None)
            continue
        document = decode_document(bson)
        if matches(document):
            yield Match(rid, bson, document)
