"""Runs cases straight on the query language, over Python lists, without engine or storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bson import ObjectId

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.expressions import command_variables
from satchel.mql.match import parse_filter
from satchel.mql.pipeline import parse_pipeline
from satchel.mql.projection import parse_projection
from satchel.mql.sort import parse_sort, sort_documents
from satchel.mql.update import parse_update
from satchel.values import key_string
from satchel.values.bson_types import MISSING, UNDEFINED, BsonValue, Document
from satchel.values.collation import parse_collation
from satchel.values.index_keys import index_values
from satchel.values.namespace import Namespace
from satchel.values.path import split

from . import results
from .case import RecordedCase
from .list_source import ListSource


class UnsupportedError(Exception):
    """The case needs an engine."""


@dataclass(slots=True)
class Collections:
    """The state of a case: its collections as lists."""

    documents: dict[str, list[Document]] = field(default_factory=dict)

    def of(self, name: BsonValue) -> list[Document]:
        """Return the collection, created empty if need be."""
        if not isinstance(name, str):
            raise UnsupportedError("a command that fails before the language is reached")
        return self.documents.setdefault(name, [])


def can_run(case: RecordedCase) -> bool:
    """Tell whether the case is one for the language alone."""
    if case.file in ENGINE_FILES:
        return False
    return not case.setup and next(iter(case.command)) in _COMMANDS and not _NEEDS_ENGINE.intersection(case.command)


def run(case: RecordedCase) -> Document:
    """Run one case and return its result.

    Raises:
        UnsupportedError: The command, or something that it says, is not the language's.
    """
    if not can_run(case):
        raise UnsupportedError("needs an engine")
    command = next(iter(case.command))
    collections = Collections({f"$coll.{name}": list(documents) for name, documents in case.others.items()})
    collections.documents["$coll"] = list(case.documents or ())
    try:
        result = _COMMANDS[command](case.command, collections, case)
    except ServerError as error:
        return {"error": {"code": error.code, "codeName": error.code_name}}
    for shown in case.show if case.show is not None else ["$coll"] if command in _WRITES else []:
        other = shown.removeprefix("$coll").removeprefix(".")
        before = case.others.get(other) if other else case.documents
        result[f"contents of {shown}"] = results.contents(before, collections.of(shown))
    given: list[BsonValue] = [case.command, case.documents, case.others, case.setup]
    return results.steady(result, given)


# Their cases are about commands: parameters, cursors, catalog, plans.
ENGINE_FILES = frozenset(
    "capped collections commands count_distinct delete explain find find_and_modify indexes insert stable_api "
    "validators views".split()
)
_NEEDS_ENGINE = frozenset(
    {
        "hint",
        "min",
        "max",
        "returnKey",
        "showRecordId",
        "tailable",
        "comment",
        "maxTimeMS",
        "readConcern",
        "writeConcern",
    }
)
_WRITES = frozenset({"update", "delete", "findAndModify"})


def _context(command: Document) -> Context:
    context = Context()
    if "collation" in command:
        context.collation = parse_collation(command["collation"])
    if "let" in command:
        context.variables = command_variables(command["let"], context)
    return context


def _matching(spec: BsonValue, documents: list[Document], context: Context) -> list[Document]:
    matches = parse_filter(spec, context).matches
    return [document for document in documents if matches(document)]


def _sorted(spec: BsonValue, documents: list[Document], context: Context) -> list[Document]:
    return list(sort_documents(documents, parse_sort(spec, context))) if spec else documents


def _projected(
    command: Document, documents: list[Document], context: Context, field: str = "projection"
) -> list[Document]:
    spec = command.get(field)
    if not spec:
        return documents
    filter_ = parse_filter(command.get("filter", command.get("query", {})), context)
    projection = parse_projection(spec, context, filter_)
    return [
        projection.apply(document, filter_.position(document) if projection.needs_position else None)
        for document in documents
    ]


def _find(command: Document, collections: Collections, case: RecordedCase) -> Document:
    context = _context(command)
    documents = _matching(command.get("filter", {}), collections.of(command["find"]), context)
    documents = _sorted(command.get("sort"), documents, context)
    limit = int(command.get("limit", 0))
    skip = int(command.get("skip", 0))
    if "batchSize" in command or limit < 0 or skip < 0 or command.get("singleBatch"):
        raise UnsupportedError("cursors")
    documents = documents[skip : skip + limit] if limit else documents[skip:]
    return results.cursor_result([_projected(command, documents, context)], case.documents, case.unordered)


def _count(command: Document, collections: Collections, _case: RecordedCase) -> Document:
    found = _matching(command.get("query", {}), collections.of(command["count"]), _context(command))
    if {"skip", "limit"} & command.keys():
        raise UnsupportedError("cursors")
    return {"n": len(found)}


def _aggregate(command: Document, collections: Collections, case: RecordedCase) -> Document:
    context = _context(command)
    if "batchSize" in command.get("cursor", {}):
        raise UnsupportedError("cursors")
    name = command["aggregate"] if isinstance(command["aggregate"], str) else ""
    namespace = Namespace("$db", name)
    pipeline = parse_pipeline(command["pipeline"], context, ListSource(collections.documents), namespace)
    documents = collections.of(name) if name else []
    found = list(pipeline.run(iter(list(documents))))
    return results.cursor_result([found], case.documents, case.unordered)


def _delete(command: Document, collections: Collections, _case: RecordedCase) -> Document:
    context, documents, removed = _context(command), collections.of(command["delete"]), 0
    for delete in command["deletes"]:
        if set(delete) - {"q", "limit"}:
            raise UnsupportedError("delete options")
        for document in _matching(delete["q"], documents, context)[: delete["limit"] or None]:
            documents.remove(document)
            removed += 1
    return {"n": removed}


def _update(command: Document, collections: Collections, _case: RecordedCase) -> Document:
    documents, result = collections.of(command["update"]), {"n": 0, "nModified": 0}
    upserted: list[BsonValue] = []
    for i, update in enumerate(command["updates"]):
        if set(update) - {"q", "u", "multi", "upsert", "arrayFilters", "c", "collation"}:
            raise UnsupportedError("update options")
        changed = _update_one(
            update, documents, _context(command | {k: update[k] for k in ("collation",) if k in update})
        )
        result["n"] += changed.n
        result["nModified"] += changed.modified
        if changed.upserted is not None:
            upserted.append({"index": i, "_id": changed.upserted["_id"]})
    return {"n": result["n"], **({"upserted": upserted} if upserted else {}), "nModified": result["nModified"]}


@dataclass(slots=True)
class _Changed:
    n: int = 0
    modified: int = 0
    before: Document | None = None
    after: Document | None = None
    upserted: Document | None = None


def _update_one(update: Document, documents: list[Document], context: Context) -> _Changed:
    filter_ = parse_filter(update["q"], context)
    if "c" in update:
        context.variables = {**context.variables, **update["c"]}
    filters = update.get("arrayFilters")
    modifier = parse_update(update["u"], context, array_filters=filters, replace_allowed=not update.get("multi", False))
    matching = _sorted(update.get("sort"), [d for d in documents if filter_.matches(d)], context)
    changed = _Changed()
    for document in matching if update.get("multi") else matching[:1]:
        after = modifier.apply(document, position=filter_.position(document))
        changed.n += 1
        changed.modified += after is not document
        changed.before, changed.after = document, after
        documents[next(i for i, found in enumerate(documents) if found is document)] = after
    if not matching and update.get("upsert"):
        changed.after = changed.upserted = _with_id(modifier.upsert_document(filter_))
        documents.append(changed.upserted)
        changed.n = 1
    return changed


def _with_id(document: Document) -> Document:
    return document if document.get("_id", MISSING) is not MISSING else {"_id": ObjectId(), **document}


def _find_and_modify(command: Document, collections: Collections, _case: RecordedCase) -> Document:
    context, documents = _context(command), collections.of(command["findAndModify"])
    query = command.get("query", {})
    if command.get("remove"):
        matching = _sorted(command.get("sort"), _matching(query, documents, context), context)[:1]
        for document in matching:
            documents.remove(document)
        value = (_projected(command, matching, context, "fields") or [None])[0]
        return {"lastErrorObject": {"n": len(matching)}, "value": value}
    update = {"q": query, "u": command["update"], "upsert": command.get("upsert", False), "sort": command.get("sort")}
    update |= {name: command[name] for name in ("arrayFilters",) if name in command}
    changed = _update_one(update, documents, context)
    last: Document = {"n": changed.n, "updatedExisting": changed.before is not None}
    if changed.upserted is not None:
        last["upserted"] = changed.upserted["_id"]
    shown = changed.after if command.get("new") else changed.before
    value = None if shown is None else _projected(command, [shown], context, "fields")[0]
    return {"lastErrorObject": last, "value": value}


def _distinct(command: Document, collections: Collections, case: RecordedCase) -> Document:
    context = _context(command)
    found: dict[bytes, BsonValue] = {}
    for document in _matching(command.get("query", {}), collections.of(command["distinct"]), context):
        for value in index_values(document, split(command["key"])):
            if value is not MISSING and value is not UNDEFINED:
                found.setdefault(key_string.encode(value, context.collation), value)
    return {"values": [found[key] for key in sorted(found)]}


_COMMANDS: dict[str, Callable[[Document, Collections, RecordedCase], Document]] = {
    "find": _find,
    "count": _count,
    "aggregate": _aggregate,
    "delete": _delete,
    "update": _update,
    "findAndModify": _find_and_modify,
    "distinct": _distinct,
}
