"""The commands of conformance cases as calls of a collection's methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pymongo import CursorType, ReturnDocument, WriteConcern
from pymongo.read_concern import ReadConcern

from satchel.values.bson_types import Document


class NoMethodError(Exception):
    """No method of a collection sends such a command."""


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A call of one of a collection's methods.

    Attributes:
        method: The method's name.
        arguments: What is passed by position.
        options: What is passed by name.
        concerns: The arguments of the collection's `with_options`.
        on_database: Whether it is the database's method.
    """

    method: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    concerns: dict[str, Any] = field(default_factory=dict)
    on_database: bool = False


def method_calls(command: Document) -> Iterator[MethodCall]:
    """Yield the calls that send a command, or one that asks for the same.

    Raises:
        NoMethodError: There is none: the command is another, or has fields or values that no argument stands for.
    """
    rest = dict(command)
    name = next(iter(rest))
    build = _BUILDERS.get(name)
    collection = rest.pop(name)
    if build is None or not (isinstance(collection, str) or (name == "aggregate" and collection == 1)):
        raise NoMethodError(name)
    concerns = _concerns(rest)
    for call in build(rest):
        on_database = not isinstance(collection, str)
        yield MethodCall(call.method, call.arguments, call.options, concerns, on_database)


def _concerns(rest: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, option, make in (
        ("readConcern", "read_concern", ReadConcern),
        ("writeConcern", "write_concern", WriteConcern),
    ):
        if name in rest:
            value = rest.pop(name)
            try:
                found[option] = make(**value)
            except Exception as error:
                raise NoMethodError(f"{name} {value!r}") from error
    return found


_SAME: Final = {name: name for name in ("collation", "comment", "hint", "let", "sort")}
_FIND_OPTIONS: Final = {
    **_SAME,
    "projection": "projection",
    "skip": "skip",
    "limit": "limit",
    "batchSize": "batch_size",
    "min": "min",
    "max": "max",
    "returnKey": "return_key",
    "showRecordId": "show_record_id",
    "maxTimeMS": "max_time_ms",
    "noCursorTimeout": "no_cursor_timeout",
    "allowPartialResults": "allow_partial_results",
    "allowDiskUse": "allow_disk_use",
    "oplogReplay": "oplog_replay",
}
_COUNT_OPTIONS: Final = {
    **{name: name for name in ("skip", "limit", "hint", "collation", "comment")},
    "maxTimeMS": "maxTimeMS",
}
_DISTINCT_OPTIONS: Final = {**{name: name for name in ("hint", "collation", "comment")}, "maxTimeMS": "maxTimeMS"}
_AGGREGATE_OPTIONS: Final = {
    **{name: name for name in ("collation", "hint", "let", "comment", "allowDiskUse", "maxTimeMS")},
    "bypassDocumentValidation": "bypassDocumentValidation",
}
_WRITE_OPTIONS: Final = {"let": "let", "comment": "comment", "bypassDocumentValidation": "bypass_document_validation"}
_INSERT_OPTIONS: Final = {"comment": "comment", "bypassDocumentValidation": "bypass_document_validation"}
_UPDATE_OPTIONS: Final = {**_SAME, "upsert": "upsert", "arrayFilters": "array_filters"}
_MODIFY_OPTIONS: Final = {
    **_SAME,
    "fields": "projection",
    "upsert": "upsert",
    "arrayFilters": "array_filters",
    "maxTimeMS": "maxTimeMS",
    "bypassDocumentValidation": "bypassDocumentValidation",
}


def _options(rest: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    unknown = rest.keys() - names.keys()
    if unknown:
        raise NoMethodError(f"with {sorted(unknown)}")
    return {names[name]: value for name, value in rest.items()}


def _find(rest: Document) -> Iterator[MethodCall]:
    filter_ = rest.pop("filter", None)
    tailable, waiting, single = (rest.pop(name, False) for name in ("tailable", "awaitData", "singleBatch"))
    options = _options(rest, _FIND_OPTIONS)
    if single is True and isinstance(options.get("limit"), int):
        options["limit"] = -options["limit"]
    elif single is not False:
        raise NoMethodError("with singleBatch")
    for name in ("min", "max"):
        if isinstance(options.get(name), dict):
            options[name] = list(options[name].items())
    cursor_types = {
        (False, False): CursorType.NON_TAILABLE,
        (True, False): CursorType.TAILABLE,
        (True, True): CursorType.TAILABLE_AWAIT,
    }
    if not isinstance(tailable, bool) or not isinstance(waiting, bool) or (tailable, waiting) not in cursor_types:
        raise NoMethodError("with such a cursor")
    cursor_type = cursor_types[tailable, waiting]
    if cursor_type != CursorType.NON_TAILABLE:
        options["cursor_type"] = cursor_type
    yield MethodCall("find", (filter_,), options)
    yield MethodCall("find_one", (filter_,), {})
    if options.keys() - {"projection"}:
        yield MethodCall("find_one", (filter_,), options)


def _count(rest: Document) -> Iterator[MethodCall]:
    filter_ = rest.pop("query", {})
    yield MethodCall("count_documents", (filter_,), _options(rest, _COUNT_OPTIONS))
    if filter_ == {} and not rest.keys() - {"maxTimeMS", "comment"}:
        yield MethodCall("estimated_document_count", (), dict(rest))


def _distinct(rest: Document) -> Iterator[MethodCall]:
    if "key" not in rest:
        raise NoMethodError("without key")
    key = rest.pop("key")
    filter_ = rest.pop("query", None)
    yield MethodCall("distinct", (key, filter_) if filter_ is not None else (key,), _options(rest, _DISTINCT_OPTIONS))


def _aggregate(rest: Document) -> Iterator[MethodCall]:
    cursor = rest.pop("cursor", {})
    if "pipeline" not in rest or not isinstance(cursor, dict) or cursor.keys() - {"batchSize"}:
        raise NoMethodError("with such a cursor")
    pipeline = rest.pop("pipeline")
    yield MethodCall("aggregate", (pipeline,), {**_options(rest, _AGGREGATE_OPTIONS), **cursor})


def _insert(rest: Document) -> Iterator[MethodCall]:
    documents, ordered = rest.pop("documents", None), rest.pop("ordered", None)
    options = _options(rest, _INSERT_OPTIONS)
    if isinstance(documents, list) and len(documents) == 1:
        yield MethodCall("insert_one", (documents[0],), options)
    yield MethodCall("insert_many", (documents,), options if ordered is None else {"ordered": ordered, **options})


def _update(rest: Document) -> Iterator[MethodCall]:
    yield from _writes(rest, "updates", _update_method)


def _delete(rest: Document) -> Iterator[MethodCall]:
    yield from _writes(rest, "deletes", _delete_method)


def _writes(rest: Document, field_name: str, method_of: Callable[[Document], MethodCall]) -> Iterator[MethodCall]:
    statements, ordered = rest.pop(field_name, None), rest.pop("ordered", None)
    shared = _options(rest, _WRITE_OPTIONS)
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise NoMethodError(f"with such {field_name}")
    methods = [method_of(dict(each)) for each in statements]
    if len(methods) == 1:
        yield replace(methods[0], options={**methods[0].options, **shared})
    elif methods:
        options = shared if ordered is None else {"ordered": ordered, **shared}
        yield MethodCall("bulk_write", ([_request(method) for method in methods],), options)


def _request(call: MethodCall) -> Document:
    """Return what `satchel.driver.bulk.bulk_operations` makes a request of."""
    names = ("filter", "replacement" if call.method == "replace_one" else "update")
    return {call.method: {**dict(zip(names, call.arguments, strict=False)), **call.options}}


def _update_method(statement: Document) -> MethodCall:
    if "q" not in statement or "u" not in statement:
        raise NoMethodError("without q or u")
    arguments, multi = (statement.pop("q"), statement.pop("u")), statement.pop("multi", False)
    if not isinstance(multi, bool):
        raise NoMethodError("with such a multi")
    options = _options(statement, _UPDATE_OPTIONS)
    update = arguments[1]
    is_replacement = isinstance(update, dict) and not next(iter(update), "").startswith("$")
    if is_replacement and (multi or "array_filters" in options):
        raise NoMethodError("with such a replacement")
    if multi and "sort" in options:
        raise NoMethodError("with multi and sort")
    method = "replace_one" if is_replacement else "update_many" if multi else "update_one"
    return MethodCall(method, arguments, options)


def _delete_method(statement: Document) -> MethodCall:
    if "q" not in statement or statement.get("limit") not in (0, 1):
        raise NoMethodError("without q or limit")
    arguments, limit = (statement.pop("q"),), statement.pop("limit")
    options = _options(statement, {"collation": "collation", "hint": "hint"})
    return MethodCall("delete_one" if limit else "delete_many", arguments, options)


def _find_and_modify(rest: Document) -> Iterator[MethodCall]:
    filter_, remove, after = rest.pop("query", {}), rest.pop("remove", False), rest.pop("new", None)
    has_update, update = "update" in rest, rest.pop("update", None)
    options = _options(rest, _MODIFY_OPTIONS)
    if after is not None:
        options["return_document"] = ReturnDocument.AFTER if after else ReturnDocument.BEFORE
    if remove is True and not has_update:
        yield MethodCall("find_one_and_delete", (filter_,), options)
    elif remove is False and isinstance(update, dict) and not next(iter(update), "").startswith("$"):
        yield MethodCall("find_one_and_replace", (filter_, update), options)
    elif remove is False and has_update:
        yield MethodCall("find_one_and_update", (filter_, update), options)
    else:
        raise NoMethodError("with such a remove")


_BUILDERS: Final[dict[str, Callable[[Document], Iterator[MethodCall]]]] = {
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": _aggregate,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "findAndModify": _find_and_modify,
    "findandmodify": _find_and_modify,
}
