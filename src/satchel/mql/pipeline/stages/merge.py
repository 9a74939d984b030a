"""`$merge`: the documents written into a collection, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from bson import ObjectId

from satchel.errors import ErrorCode, ServerError
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.field_path import split_path
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.expressions.variable import check_variable_name
from satchel.mql.pipeline.documents import get_path
from satchel.mql.pipeline.spill import MemoryMeter, Spool
from satchel.mql.pipeline.stage import STAGES, Placement, Position, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.mql.pipeline.stages.out import check_leading_dot
from satchel.values.bson_types import MISSING, BsonValue, Document, type_name
from satchel.values.namespace import Namespace

_MATCHED: Final = ("replace", "keepExisting", "merge", "fail")
_NOT_MATCHED: Final = ("insert", "discard", "fail")
_UNSUPPORTED: Final = frozenset(
    {("keepExisting", "discard"), ("keepExisting", "fail"), ("fail", "discard"), ("fail", "fail")}
)
_MERGE: Final[list[Document]] = [{"$replaceWith": {"$mergeObjects": ["$$ROOT", "$$new"]}}]
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class MergeSpec:
    """The operand of `$merge`, parsed.

    Attributes:
        target: The collection.
        on: The paths that tell documents apart.
        when_matched: What happens to a document that is there: a name, or a pipeline.
        when_not_matched: What happens to one that is not.
        let: Expressions of the pipeline's variables.
        has_sparse_index: Whether the only unique index on `on` leaves documents out that lack the fields.
    """

    target: Namespace
    on: tuple[str, ...]
    when_matched: str | list[Document]
    when_not_matched: str
    let: dict[str, Expression]
    has_sparse_index: bool = False


class MergeStage(Stage):
    """Writes each document of its input where one with the same key is, or adds it."""

    name = "$merge"
    placement = Placement(Position.LAST, in_facet=False, in_lookup=False, in_union=False)

    def __init__(self, spec: MergeSpec, operand: Document, scope: Scope) -> None:
        self._spec = spec
        self._operand = operand
        self._scope = scope
        self._context = scope.context

    @property
    def target(self) -> Namespace:
        """The collection that is written to."""
        return self._spec.target

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Write the documents once all are there, for the target may be what they are read from; yield none."""
        spool: Spool[Document] = Spool(MemoryMeter(self.name, self._context))
        spool.extend(documents)
        try:
            if self._spec.when_matched == "fail":
                self._insert_all(iter(spool))
            else:
                for document in spool:
                    self._merge(document)
        finally:
            spool.close()
        return
        yield

    def _insert_all(self, documents: Iterator[Document]) -> None:
        source = self._scope.require_source(self.name)
        keyed = (self._keyed(document)[0] for document in documents)
        while batch := list(islice(keyed, _BATCH)):
            source.insert(self._spec.target, batch, self._context)

    def _merge(self, document: Document) -> None:
        spec, source = self._spec, self._scope.require_source(self.name)
        document, filter_ = self._keyed(document)
        variables = self._context.variables
        bound = {name: value.evaluate(document, variables) for name, value in spec.let.items()}
        context = replace(self._context, variables={**variables, **bound})
        if source.update(spec.target, filter_, self._update(document), context):
            return
        if spec.when_not_matched == "insert":
            source.insert(spec.target, [document], self._context)
        elif spec.when_not_matched == "fail":
            raise ServerError(
                ErrorCode.MergeStageNoMatchingDocument,
                "$merge could not find a matching document in the target collection for at least one document in the "
                "source collection",
            )

    def _update(self, document: Document) -> Document | list[Document]:
        mode = self._spec.when_matched
        if isinstance(mode, list):
            return mode
        return {"replace": document, "keepExisting": [], "merge": _MERGE}[mode]  # type: ignore[return-value]

    def _keyed(self, document: Document) -> tuple[Document, Document]:
        """Return a document, with `_id` where that is part of its key, and the filter for the one of the same key."""
        if "_id" in self._spec.on and "_id" not in document:
            document = {"_id": ObjectId(), **document}
        filter_: Document = {}
        for path in self._spec.on:
            parts = tuple(path.split("."))
            value = get_path(document, parts)
            if any(isinstance(get_path(document, parts[:length]), list) for length in range(1, len(parts) + 1)):
                raise ServerError(51185, f"$merge write error: 'on' field '{path}' is an array")
            if (value is MISSING or value is None) and self._spec.has_sparse_index:
                raise ServerError(
                    51132,
                    f"$merge write error: 'on' field '{path}' cannot be missing, null or undefined if supporting index "
                    "is sparse",
                )
            filter_[path] = {"$eq": None if value is MISSING else value}
        return document, filter_

    def operand(self) -> BsonValue:
        """Return the operand with its defaults."""
        spec = self._spec
        shown: Document = {
            "into": {"db": spec.target.database, "coll": spec.target.collection},
            "on": spec.on[0] if len(spec.on) == 1 else list(spec.on),
            "whenMatched": spec.when_matched,
            "whenNotMatched": spec.when_not_matched,
        }
        if "let" in self._operand:
            shown["let"] = self._operand["let"]
        return shown


@STAGES.operator("$merge")
def parse_merge(operand: BsonValue, scope: Scope) -> MergeStage:
    """Write documents into a collection: replace, merge, keep, update by a pipeline, insert, discard or fail.

    Raises:
        ServerError: TypeMismatch (14), BadValue (2), 40414, 40415, 51134, 51178, 51186, 51187, 51191, 51199, 51273,
            31465 for a bad operand, 51181 for modes that do not go together, InvalidNamespace (73), 5786800, 5786801
            and 31319 for a bad target, 51183 when no unique index is on the fields; while running 51132, 51185,
            DuplicateKey (11000), MergeStageNoMatchingDocument (13113) and the errors of writing.

    Reference:
        MongoDB manual, "$merge (aggregation)".
    """
    given: Document = operand if isinstance(operand, dict) else {"into": operand}
    if isinstance(operand, str):
        target = Namespace(scope.namespace.database, operand)
        if not target.collection:
            raise ServerError(ErrorCode.InvalidNamespace, f"Invalid $merge target namespace: '{target.database}'")
    elif isinstance(operand, dict):
        check_names("$merge", operand, required=("into",), optional=("on", "let", "whenMatched", "whenNotMatched"))
        target = _target(operand["into"], scope)
    else:
        raise ServerError(
            ErrorCode.TypeMismatch, f"$merge requires a string or object argument, but found {type_name(operand)}"
        )
    when_matched = _when_matched(given.get("whenMatched", "merge"))
    when_not_matched = _when_not_matched("insert" if given.get("whenNotMatched") is None else given["whenNotMatched"])
    check_leading_dot(target)
    if target.collection.startswith("system."):
        raise ServerError(31319, f"Cannot $merge to special collection: {target.collection}")
    if isinstance(when_matched, str) and (when_matched, when_not_matched) in _UNSUPPORTED:
        raise ServerError(
            51181,
            f"Combination of $merge modes 'whenMatched: {when_matched}' and 'whenNotMatched: {when_not_matched}' is "
            "not supported",
        )
    let = _parse_let(given, when_matched, scope)
    spec = MergeSpec(target, _parse_on(given), when_matched, when_not_matched, let)
    return MergeStage(_with_index(spec, scope), given, scope)


def _target(into: BsonValue, scope: Scope) -> Namespace:
    if isinstance(into, str):
        if not into:
            raise ServerError(5786800, "$merge 'into' field cannot be an empty string")
        return Namespace(scope.namespace.database, into)
    if not isinstance(into, dict):
        raise ServerError(
            51178, f"$merge 'into' field  must be either a string or an object, but found {type_name(into)}"
        )
    check_names("into", into, optional=("db", "coll"))
    for name, value in into.items():
        check_type(f"into.{name}", value, "string")
    if not into.get("coll"):
        raise ServerError(5786801, "$merge 'into' field must specify a 'coll' that is not empty, null or undefined")
    return Namespace(str(into.get("db") or scope.namespace.database), str(into["coll"]))


def _when_matched(mode: BsonValue) -> str | list[Document]:
    if isinstance(mode, list):
        for member in mode:
            if not isinstance(member, dict):
                raise ServerError(ErrorCode.TypeMismatch, "Each element of the 'pipeline' array must be an object")
        return mode
    if not isinstance(mode, str):
        raise ServerError(
            51191, f"$merge 'whenMatched' field  must be either a string or an array, but found {type_name(mode)}"
        )
    if mode not in _MATCHED:
        raise ServerError(
            ErrorCode.BadValue, f"Enumeration value '{mode}' for field 'whenMatched' is not a valid value."
        )
    return mode


def _when_not_matched(mode: BsonValue) -> str:
    check_type("$merge.whenNotMatched", mode, "string")
    if mode not in _NOT_MATCHED:
        raise ServerError(
            ErrorCode.BadValue, f"Enumeration value '{mode}' for field '$merge.whenNotMatched' is not a valid value."
        )
    return str(mode)


def _parse_on(operand: Document) -> tuple[str, ...]:
    on = operand.get("on", "_id")
    if isinstance(on, str):
        on = [on]
    elif not isinstance(on, list):
        raise ServerError(
            51186, f"$merge 'on' field  must be either a string or an array of strings, but found {type_name(on)}"
        )
    elif not on:
        raise ServerError(51187, "If explicitly specifying $merge 'on', must include at least one field")
    paths: list[str] = []
    for path in on:
        if not isinstance(path, str):
            raise ServerError(51134, f"$merge 'on' array elements must be strings, but found {type_name(path)}")
        if path in paths:
            raise ServerError(31465, f"Found a duplicate field '{path}'")
        split_path(path)
        paths.append(path)
    return tuple(paths)


def _parse_let(operand: Document, when_matched: str | list[Document], scope: Scope) -> dict[str, Expression]:
    let = operand.get("let")
    if let is not None:
        check_type("$merge.let", let, "object")
        if isinstance(when_matched, str):
            raise ServerError(51199, f"Cannot use 'let' variables with 'whenMatched: {when_matched}' mode")
    specs: Document = {"new": "$$ROOT", **(let if isinstance(let, dict) else {})}
    if specs["new"] != "$$ROOT":
        raise ServerError(51273, "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'")
    return {check_variable_name(name): parse_expression(value, scope.context) for name, value in specs.items()}


def _with_index(spec: MergeSpec, scope: Scope) -> MergeSpec:
    """Check that a unique index is on the key, and note whether it is a sparse one."""
    if scope.source is None:
        return spec
    paths = frozenset(spec.on)
    if scope.source.has_unique_index(spec.target, paths):
        return spec
    if not scope.source.has_unique_index(spec.target, paths, sparse=True):
        raise ServerError(51183, "Cannot find index to verify that join fields will be unique")
    return replace(spec, has_sparse_index=True)
