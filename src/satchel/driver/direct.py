"""Short cuts: commands of PyMongo that go to the service without a session, a connection or a message.

PyMongo takes a command through server selection, a session, a connection's checkout, retries and a message's bytes:
needed for a server far away, most of the time for one in the same process. Where nobody observes or changes a command
on that way (no listener, no session of the user's, no time limit on the client's side, …), our client hands PyMongo's
own functions a `DirectConnection`. They check arguments, build the command and make results and exceptions as always;
the command goes through the BSON codec to the service that every other command goes to. So a short cut has no semantics
of its own. What it cannot do ends in `NotDirectError`, and PyMongo's own way is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any, Final, NoReturn, TypeAlias, TypeGuard, TypeVar, cast

import bson
from bson import Int64, ObjectId
from bson.codec_options import DEFAULT_CODEC_OPTIONS, CodecOptions
from bson.errors import BSONError
from pymongo.errors import AutoReconnect

from satchel.driver.private import (
    CURSOR_DOCUMENT_FIELDS,
    SEQUENCE_FIELDS,
    ClientOptions,
    GetMore,
    OpMsg,
    Query,
    ReadConcern,
    Response,
    WriteConcern,
    apply_write_concern,
    check_command_response,
    client_side_timeout,
    decode_all_selective,
)
from satchel.errors import ServerError
from satchel.values.bson_types import (
    EMPTY_NAMED_PREFIX_BYTES,
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    MAX_DOCUMENT_SIZE_BYTES,
    MISSING,
    BsonValue,
    Document,
    Field,
    decode_document,
    encode_document,
)
from satchel.values.namespace import Namespace
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState, DirectService, ExpressWrites, Images, PlainFind, ShortCutRefusedError

MAX_WIRE_VERSION: Final = 25
_DECODING_OPERATIONS: Final = (Query, GetMore)
"""Operations of cursors that give documents; others give the bytes of whole batches."""

_JOINED_UP_TO_BYTES: Final = 4096
"""Documents of up to this size are decoded together: reading the codec's options anew takes longer than a copy."""

_LISTENERS: Final = tuple(
    logging.getLogger(f"pymongo.{name}").isEnabledFor for name in ("command", "connection", "serverSelection")
)

Result = TypeVar("Result")
Reply: TypeAlias = Document | CursorReply


_ENCODING_ERRORS: Final = (BSONError, TypeError, ValueError, OverflowError, RecursionError)


class NotDirectError(Exception):
    """A short cut ends here: PyMongo has to take its own way, and nothing has happened yet."""


def is_unobserved() -> bool:
    """Tell whether the calling code has set no time limit, and no logger listens."""
    for is_enabled_for in _LISTENERS:
        if is_enabled_for(logging.DEBUG):
            return False
    return client_side_timeout() is None


def may_be_direct(options: ClientOptions) -> bool:
    """Tell whether a client with these options can take short cuts at all."""
    listeners = options.pool_options._event_listeners
    is_observed = listeners is not None and (listeners.enabled_for_commands or listeners.enabled_for_cmap)
    return (
        not is_observed
        and options.auto_encryption_opts is None
        and options.pool_options.server_api is None
        and options.timeout is None
        and options.pool_options.socket_timeout is None
        and not options.load_balanced
    )


class NoServer:
    """Stands where PyMongo's functions are given the server that was selected; hardly any looks at it."""

    def __getattr__(self, name: str) -> NoReturn:
        raise NotDirectError(name)


NO_SERVER: Final = NoServer()
_NO_MESSAGE: Final = OpMsg(0, b"")


class DirectConnection:
    """Stands where PyMongo's functions are given a connection.

    Args:
        service: What runs the commands.
        options: The client's options.
    """

    max_wire_version: Final = MAX_WIRE_VERSION

    def __init__(self, service: DirectService, options: ClientOptions) -> None:
        self.address = service.address
        self.opts = options.pool_options
        self._service = service
        self._state = ConnectionState()
        self._state.takes_short_cuts = True

    def __getattr__(self, name: str) -> NoReturn:
        raise NotDirectError(name)

    @cached_property
    def _writes(self) -> ExpressWrites:
        return self._service.express_writes()

    def close(self) -> None:
        """Say that the client has gone."""
        self._state.close()

    def validate_session(self, client: object, session: object) -> None:
        """Accept that there is no session."""
        _refuse(session)

    def add_server_api(self, command: MutableMapping[str, Any]) -> None:
        """Add nothing: clients with a server API take no short cuts."""

    def send_cluster_time(self, command: MutableMapping[str, Any], session: object, client: object) -> None:
        """Add nothing: the service has one clock."""

    def command(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run a command, as PyMongo's `Connection.command` does."""
        request, finish = self._prepared(*args, **kwargs)
        return finish(self._send(request))

    def _prepared(  # noqa: PLR0913, PLR0917 - PyMongo's signature
        self,
        dbname: str,
        spec: MutableMapping[str, Any],
        read_preference: object = None,
        codec_options: CodecOptions[Any] = DEFAULT_CODEC_OPTIONS,
        check: bool = True,
        allowable_errors: Sequence[str | int] | None = None,
        read_concern: ReadConcern | None = None,
        write_concern: WriteConcern | None = None,
        parse_write_concern_error: bool = False,
        collation: Mapping[str, Any] | None = None,
        session: object = None,
        client: object = None,
        retryable_write: bool = False,
        publish_events: bool = True,
        user_fields: Mapping[str, Any] | None = None,
        exhaust_allowed: bool = False,
    ) -> tuple[Request, Callable[[Reply], dict[str, Any]]]:
        """Return what to send, and what makes of the reply what `command` returns."""
        _refuse(session or exhaust_allowed or (write_concern is not None and not write_concern.acknowledged))
        if read_concern is not None and read_concern.level:
            spec["readConcern"] = read_concern.document
        if collation is not None:
            spec["collation"] = collation
        apply_write_concern(spec, write_concern)

        def finish(reply: Reply) -> dict[str, Any]:
            if user_fields is not None and "cursor" in user_fields and _is_plain_batch(reply):
                return _cursor_document(reply, codec_options)
            document: dict[str, Any] = decode_all_selective(_bson(reply), codec_options, user_fields)[0]
            if check:
                check_command_response(
                    document, MAX_WIRE_VERSION, allowable_errors, parse_write_concern_error=parse_write_concern_error
                )
            return document

        return _request(dbname, spec, codec_options), finish

    def run_operation(self, operation: Any, cursor: Any) -> Response:
        """Run a cursor's find or getMore, as PyMongo's `_run_with_conn` does."""
        find = plain_find(operation)
        reply: Reply | None = None if find is None else self._service.find(find, self._state)
        if reply is None:
            reply = self._send(self._operation_request(operation))
        if self._state.closed:
            raise AutoReconnect("the connection was closed")
        return self._operation_response(operation, cursor, reply)

    def _operation_request(self, operation: Any) -> Request:
        operation.reset()
        spec, database = operation.as_command(self)
        return _request(database, spec, operation.codec_options)

    def _operation_response(self, operation: Any, cursor: Any, reply: Reply) -> Response:
        options = operation.codec_options
        if operation.__class__ in _DECODING_OPERATIONS and _is_plain_batch(reply):
            return self._response(_NO_MESSAGE, [_cursor_document(reply, options)])
        message = OpMsg(0, _bson(reply))
        documents = cursor._unpack_response(message, operation.cursor_id, options, user_fields=CURSOR_DOCUMENT_FIELDS)
        check_command_response(documents[0], MAX_WIRE_VERSION, None, pool_opts=self.opts)
        return self._response(message, documents)

    def _response(self, message: OpMsg, documents: list[Any]) -> Response:
        return Response(data=message, address=self.address, request_id=0, duration=None, docs=documents)

    def find_equal(self, namespace: Namespace, path: str, value: BsonValue) -> bytes | None:
        """Return the BSON of the first document that has a value at a path, or None."""
        try:
            found = self._service.find_equal(namespace, path, value)
        except ServerError as error:
            raise NotDirectError from error  # PyMongo's own way ends in the same error
        if found is MISSING:
            raise NotDirectError
        return found

    def count(self, namespace: Namespace, filter_: Mapping[str, Any], options: CodecOptions[Any], command: str) -> int:
        """Return how many documents match a filter."""
        try:
            counted = self._service.quick_count(namespace, plain_filter(filter_, options), command)
        except (ServerError, RecursionError) as error:
            raise NotDirectError from error  # PyMongo's own way ends in the same error
        if counted is MISSING:
            raise NotDirectError
        return counted

    def find_first(self, namespace: Namespace, only_id: bool) -> bytes | None:
        """Return the BSON of the first document of a collection, or of its `_id` alone, or None."""
        try:
            found = self._service.find_first(namespace, only_id=only_id)
        except ServerError as error:
            raise NotDirectError from error  # PyMongo's own way ends in the same error
        if found is MISSING:
            raise NotDirectError
        return found

    def insert_one(self, namespace: Namespace, document: Mapping[str, Any], options: CodecOptions[Any]) -> None:
        """Insert a document."""
        done(self._writes.insert(namespace, encode(document, options)))

    def update_one(
        self,
        namespace: Namespace,
        filter_: Mapping[str, Any],
        update: Mapping[str, Any],
        options: CodecOptions[Any],
        upsert: bool,
    ) -> dict[str, Any]:
        """Update or replace the first document that matches, and return the reply."""
        encoded = encode_inner(update, options)
        return update_reply(self._writes.update(namespace, plain_filter(filter_, options), encoded, upsert=upsert))

    def delete_one(
        self, namespace: Namespace, filter_: Mapping[str, Any], options: CodecOptions[Any]
    ) -> dict[str, Any]:
        """Delete the first document that matches, and return the reply."""
        return done(self._writes.delete(namespace, plain_filter(filter_, options)))

    def insert_many(
        self, namespace: Namespace, documents: Sequence[bytes], ordered: bool, options: CodecOptions[Any]
    ) -> dict[str, Any]:
        """Insert documents, and return the reply of a command that has not failed as a whole."""
        command: Document = {"insert": namespace.collection, "ordered": ordered}
        reply = self._send(Request(0, namespace.database, command, {"documents": documents}))
        if isinstance(reply, CursorReply) or not reply["ok"]:
            raise NotDirectError  # PyMongo's own way ends in the same error
        if "writeErrors" not in reply:
            return reply
        options = options.with_options(document_class=dict, unicode_decode_error_handler="replace")
        return bson.decode(encode_document(reply), options)

    def find_and_modify(
        self,
        namespace: Namespace,
        filter_: Mapping[str, Any],
        update: Mapping[str, Any] | None,
        options: CodecOptions[Any],
    ) -> Images:
        """Update or, without an update, delete the first document that matches, and return it before and after."""
        encoded = None if update is None else encode_inner(update, options)
        return done(self._writes.find_and_modify(namespace, plain_filter(filter_, options), encoded))

    def _send(self, request: Request) -> Reply:
        try:
            return self._service.run(request, self._state)
        except ShortCutRefusedError as error:
            raise NotDirectError from error


def _request(database: str, spec: Mapping[str, Any], options: CodecOptions[Any]) -> Request:
    """Return the request that the message of a command would have become."""
    field = SEQUENCE_FIELDS.get(next(iter(spec)))
    sequences: dict[str, Sequence[bytes]] = {}
    if field is not None and field in spec:
        sequences[field] = [encode(document, options) for document in spec[field]]
        spec = {key: value for key, value in spec.items() if key != field}
    return Request(0, database, decode_document(encode(spec, options)), sequences)


def _bson(reply: Reply) -> bytes:
    return bytes(reply) if isinstance(reply, CursorReply) else encode_document(reply)


def _is_plain_batch(reply: Reply) -> TypeGuard[CursorReply]:
    """Tell whether a reply is a cursor's, and says nothing of the cursor beside its batch."""
    return isinstance(reply, CursorReply) and not reply.cursor_extra


def _cursor_document(reply: CursorReply, options: CodecOptions[Any]) -> dict[str, Any]:
    """Return the reply as PyMongo's cursors look at it, its documents decoded, without having put it together."""
    batch = {reply.field: _decode_batch(reply.documents, options), "id": Int64(reply.cursor_id), "ns": reply.namespace}
    return {"cursor": batch, "ok": 1.0}


def _decode_batch(batch: Sequence[bytes], options: CodecOptions[Any]) -> list[Any]:
    if sum(map(len, batch)) <= _JOINED_UP_TO_BYTES * len(batch):
        return bson.decode_all(b"".join(batch), options)
    return [bson.decode(document, options) for document in batch]


def plain_find(operation: Any) -> PlainFind | None:
    """Return the find of a cursor; None for a getMore, and for a find with options.

    Raises:
        NotDirectError: It cannot be encoded.
    """
    if operation.__class__ is not Query or operation.flags or operation.collation or operation.exhaust:
        return None
    if operation.read_concern.level or operation.allow_disk_use is not None:
        return None
    filter_, sort = operation.spec, {}
    if "$query" in filter_:
        if len(filter_) != 2 or "$orderby" not in filter_:
            return None
        filter_, sort = filter_["$query"], filter_["$orderby"]
    skip, limit, batch_size = operation.ntoskip, operation.limit, operation.batch_size or 0
    if any(number.__class__ is not int for number in (skip, limit, batch_size)):
        return None  # the engine has something to say of booleans
    if not 0 <= skip <= INT32_MAX or not -INT32_MAX <= limit <= INT32_MAX or batch_size >= INT32_MAX:
        return None
    options = operation.codec_options
    return PlainFind(
        Namespace(operation.db, operation.coll),
        plain_filter(filter_, options),
        _flags(operation.fields, options),
        _flags(sort, options),
        skip,
        abs(limit),
        batch_size + (limit == batch_size) if batch_size else None,  # as PyMongo has it
        limit < 0,
    )


def _flags(document: Mapping[str, Any] | None, options: CodecOptions[Any]) -> Document:
    """Return an order or a projection as the engine would get it: most are small numbers by name."""
    if not document:
        return {}
    for name, value in document.items():
        is_flag = value.__class__ is bool or (value.__class__ is int and -1 <= value <= 1)
        if not is_flag or name.__class__ is not str or not name.isascii() or "\0" in name:
            return decode_document(encode_inner(document, options))
    return dict(document)


def plain_equality(filter_: Mapping[str, Any]) -> tuple[str, Field]:
    """Return the path and the value, as the engine has it, that a filter asks for; MISSING when it asks for more."""
    if len(filter_) != 1:
        return "", MISSING
    ((path, value),) = filter_.items()
    if value.__class__ is dict and len(value) == 1:
        value = value.get("$eq", MISSING)
    if path.__class__ is not str or path[:1] == "$" or not path.isascii() or "\0" in path:
        return "", MISSING
    return path, plain_value(value)


def plain_value(value: Any) -> Field:
    """Return a value as the engine has it, MISSING when that takes a way through BSON."""
    cls = value.__class__
    if cls is ObjectId or (cls is str and value.isascii()):
        return cast("BsonValue", value)
    if cls is int and INT64_MIN <= value <= INT64_MAX:
        return value if INT32_MIN <= value <= INT32_MAX else Int64(value)
    return MISSING


def plain_filter(filter_: Mapping[str, Any], options: CodecOptions[Any]) -> Document:
    """Return a filter as the engine would get it."""
    path, value = plain_equality(filter_)
    return {path: value} if value is not MISSING else decode_document(encode_inner(filter_, options))


def encode_inner(document: Mapping[str, Any], options: CodecOptions[Any]) -> bytes:
    """Encode a document as a part of a command: PyMongo would put the `_id` of one that stands alone in front."""
    if "_id" in document and len(document) > 1:
        return encode({"": document}, options)[EMPTY_NAMED_PREFIX_BYTES:-1]
    return encode(document, options)


def done(result: Result | None) -> Result:
    """Return what an express write has returned.

    Raises:
        NotDirectError: Nothing was done.
    """
    if not result:
        raise NotDirectError
    return result


def update_reply(reply: Document | None) -> dict[str, Any]:
    """Return the reply of an update as PyMongo has it."""
    reply = done(reply)
    return {**reply, "updatedExisting": reply["n"] != 0}


def encode(document: Mapping[str, Any], options: CodecOptions[Any]) -> bytes:
    """Encode a document.

    Raises:
        NotDirectError: It cannot be encoded, or is too large.
    """
    try:
        encoded = bson.encode(document, False, options)
    except _ENCODING_ERRORS as error:
        raise NotDirectError("PyMongo refuses it in its own words") from error
    if len(encoded) > MAX_DOCUMENT_SIZE_BYTES:
        raise NotDirectError("PyMongo refuses documents that are too large")
    return encoded


def _refuse(what: object) -> None:
    if what:
        raise NotDirectError
