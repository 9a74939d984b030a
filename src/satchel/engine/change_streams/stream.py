"""A change stream: reads the change log from its place on, and makes events of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from satchel.engine.change_streams.events import EventMaker, Scope, first_of_transaction
from satchel.engine.change_streams.labels import change_stream_labels
from satchel.engine.change_streams.splitting import check_event_size, split_event
from satchel.engine.change_streams.tokens import ResumeToken, TokenKind, parse_token
from satchel.engine.cluster_time import position_of
from satchel.engine.cursors import Cursor
from satchel.engine.engine import Engine
from satchel.engine.execution.slot import ReadSlot
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline import Pipeline
from satchel.mql.pipeline.stages.change_stream import ChangeStreamSpec, SplitLargeEventStage
from satchel.settings import MAX_BATCH_BYTES
from satchel.storage.change_log import ChangeLogReader
from satchel.values.bson_types import Document, decode_document, encode_document

Found: TypeAlias = tuple[bytes, Document]
"""An event as BSON, and its resume token."""

_INTERRUPT_EVERY: Final = 256


def history_lost() -> ServerError:
    """Return the error of a stream whose place in the log is gone."""
    return ServerError(
        ErrorCode.ChangeStreamHistoryLost,
        "Resume of change stream was not possible, as the resume point may no longer be in the oplog.",
    )


def keep_log(engine: Engine, operation: Operation) -> None:
    """Have the changes of the file logged, and remember now and then that somebody reads them."""
    with engine.read() as unit:
        is_kept = unit.catalog.has_change_log
    if is_kept and (engine.storage.read_only or not engine.change_log.is_due_to_note):
        return
    with engine.write(Operation(operation.database, "watch")) as writing:
        writing.start_change_log()
        engine.change_log.note_watched(writing.writer.change_log)


class ChangeStream:
    """One stream of events.

    Args:
        spec: The options of `$changeStream`.
        scope: What is watched.
        rest: The stages behind `$changeStream`.
        slot: Where the change log is read.
        context: The operation.

    Attributes:
        position: Up to where the log has been read.
    """

    def __init__(self, spec: ChangeStreamSpec, scope: Scope, rest: Pipeline, slot: ReadSlot, context: Context) -> None:
        self._scope = scope
        self._rest = rest
        self._slot = slot
        self._context = context
        self._maker = EventMaker(spec, slot)
        self._splits = any(isinstance(stage, SplitLargeEventStage) for stage in rest.stages)
        self._seen = ""
        self.position = self._start(spec)

    @property
    def _log(self) -> ChangeLogReader:
        return self._slot.unit.reader.change_log

    def _start(self, spec: ChangeStreamSpec) -> int:
        """Return the position behind which the stream begins.

        Raises:
            ServerError: ChangeStreamHistoryLost (286), ChangeStreamFatalError (280), InvalidResumeToken (260).
        """
        self._check_kept()
        given = spec.resume_after if spec.resume_after is not None else spec.start_after
        if given is not None:
            token = parse_token(given)
            self._check_kind(token, spec)
            return self._behind(token)
        if spec.start_at_operation_time is not None:
            return self._before(position_of(spec.start_at_operation_time))
        return self._log.last_position()

    def _check_kind(self, token: ResumeToken, spec: ChangeStreamSpec) -> None:
        if spec.resume_after is not None and token.kind is TokenKind.INVALIDATE:
            raise ServerError(
                ErrorCode.InvalidResumeToken,
                "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate "
                "notification",
            )
        if self._scope.collection and token.kind is not TokenKind.HIGH_WATER_MARK and not token.has_uuid:
            raise ServerError(
                ErrorCode.InvalidResumeToken,
                "Attempted to resume a single-collection stream, but the resume token does not include a UUID",
            )

    def _behind(self, token: ResumeToken) -> int:
        self._check_history(token.position)
        if token.kind is TokenKind.HIGH_WATER_MARK:
            return token.position
        raw = self._log.get(token.position)
        entry = decode_document(raw) if raw is not None else None
        if (entry is None and token.position > self._lost) or (entry is not None and not self._scope.concerns(entry)):
            raise ServerError(
                ErrorCode.ChangeStreamFatalError,
                f"cannot resume stream; the resume token was not found. {token.to_bson()}",
            )
        if token.fragment and (entry is None or not self._splits):
            raise ServerError(
                ErrorCode.ChangeStreamFatalError,
                "cannot resume stream; the resume token is that of a part of an event that was split",
            )
        if token.kind is TokenKind.EVENT and entry is not None and self._has_more(token, entry):
            self._seen = str(token.to_bson()["_data"])
            return token.position - 1
        return token.position

    def _has_more(self, token: ResumeToken, entry: Document) -> bool:
        """Tell whether an entry has more to tell behind an event: further parts of it, or an invalidation."""
        return bool(token.fragment) or self._scope.is_invalidated_by(entry)

    def _before(self, position: int) -> int:
        """Return the position before the first change at or after a cluster time; a transaction has one time."""
        self._check_history(position - 1)
        first = next(self._log.entries(position - 1), None)
        if first is None:
            return position - 1
        return min(position, first_of_transaction(first.position, decode_document(first.entry))) - 1

    @property
    def _lost(self) -> int:
        state = self._log.state()
        assert state is not None, "a log that is kept has a state"
        return state.lost

    def _check_kept(self) -> None:
        """Raise ChangeStreamHistoryLost (286) when somebody has stopped the log."""
        if not self._slot.unit.catalog.has_change_log:
            raise history_lost()

    def _check_history(self, position: int) -> None:
        self._check_kept()
        if position < self._lost:
            raise history_lost()

    def events(self) -> Iterator[Found | None]:
        """Yield the events, and None wherever there are no more yet; it ends behind an invalidation.

        Raises:
            ServerError: ChangeStreamHistoryLost (286), NoMatchingDocument (47), ChangeStreamFatalError (280),
                BSONObjectTooLarge (10334), or what the pipeline has against an event.
        """
        while True:
            self._check_history(self.position)
            generation = self._slot.generation
            for number, (position, raw) in enumerate(self._log.entries(self.position)):
                if not number % _INTERRUPT_EVERY:
                    self._context.check_interrupt()
                entry = decode_document(raw) if self._scope.may_concern(raw) else None
                if entry is not None and self._scope.concerns(entry):
                    yield from self._results(position, entry)
                    if self._scope.is_invalidated_by(entry):
                        return
                self.position = position
                if self._slot.generation != generation:
                    break  # That was another snapshot, and the connection may be somebody else's by now.
            else:
                yield None

    def _results(self, position: int, entry: Document) -> list[Found]:
        events = [self._maker.event(position, entry)] if self._maker.shows(entry) else []
        if self._scope.is_invalidated_by(entry):
            events.append(self._maker.invalidation(position, entry))
        results = [result for event in events for result in self._through_pipeline(event)]
        return [result for result in results if str(result[1]["_data"]) > self._seen]

    def _through_pipeline(self, event: Document) -> Iterator[Found]:
        token = event["_id"]
        for result in self._rest.run(iter([event])):
            if result.get("_id") != token:
                raise ServerError(
                    ErrorCode.ChangeStreamFatalError,
                    "Encountered an event whose _id field, which contains the resume token, was modified by the "
                    "pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that "
                    f"point. Only transformations that retain the unmodified _id field are allowed. Expected: {token}",
                )
            for part in split_event(result) if self._splits else [result]:
                encoded = encode_document(part)
                check_event_size(len(encoded))
                yield encoded, part["_id"]  # type: ignore[misc]


class ChangeStreamCursor(Cursor):
    """The cursor of a change stream: every batch says how far the stream has come.

    Args:
        namespace: What the cursor's replies call what it watches.
        slot: Where the stream reads.
        stream: The stream.
    """

    def __init__(self, namespace: Namespace, slot: ReadSlot, stream: ChangeStream) -> None:
        super().__init__(namespace, iter(()), slot, tailable=True, await_data=True)
        self._stream = stream
        self._found = stream.events()
        self._held: Found | None = None
        self._token = ResumeToken(stream.position).to_bson()

    def note_reader(self, engine: Engine, operation: Operation) -> None:
        """Note that somebody reads on, for which the changes of the file are logged."""
        if engine.change_log.is_due_to_note:
            keep_log(engine, operation)

    def next_batch(self, limit: int, most_bytes: int = MAX_BATCH_BYTES, least_documents: int = 1) -> list[bytes]:
        """Take up to `limit` events, and no more than so many bytes of them (but a few, however large they are)."""
        batch: list[bytes] = []
        size = 0
        while len(batch) < limit:
            found = self._next()
            if found is None:
                break
            size += len(found[0])
            if size > most_bytes and len(batch) >= least_documents:
                self._held = found
                break
            batch.append(found[0])
            self._token = found[1]
        return batch

    def _next(self) -> Found | None:
        if self._held is not None:
            held, self._held = self._held, None
            return held
        try:
            found = next(self._found)
        except StopIteration:
            self.exhausted = True
            return None
        if found is None:
            self._token = ResumeToken(self._stream.position).to_bson()
        return found

    def peek_exhausted(self) -> bool:
        """Tell whether the stream has ended."""
        return self.exhausted

    def error_labels(self, code: int) -> tuple[str, ...]:
        """Return whether a driver may go on with another cursor."""
        return change_stream_labels(code)

    def reply_fields(self) -> Document:
        """Return how far the stream has come."""
        return {"postBatchResumeToken": self._token}
