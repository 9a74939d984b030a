"""`$lookup`: documents of another collection, joined in as an array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.expressions.expression import Expression
from satchel.mql.expressions.field_path import split_path
from satchel.mql.expressions.parser import parse_expression
from satchel.mql.expressions.variable import check_variable_name
from satchel.mql.pipeline.documents import set_path
from satchel.mql.pipeline.join import ForeignCollection, joined_values
from satchel.mql.pipeline.spill import MemoryMeter
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.values.bson_types import (
    MISSING,
    BsonValue,
    Document,
    Field,
    decode_document,
    encode_document,
    encode_result,
    type_name,
    with_array,
)
from satchel.values.namespace import Namespace

if TYPE_CHECKING:
    from satchel.mql.pipeline.parser import Pipeline

_ARGUMENTS: Final = ("from", "localField", "foreignField", "let", "pipeline")
_UNSTABLE: Final = frozenset({"$rand", "$sample", "$sampleRate"})

Join = Callable[[Document], list[Document]]


@dataclass(frozen=True, slots=True)
class LookupSpec:
    """The operand of `$lookup`, parsed.

    Attributes:
        operand: As the user wrote it.
        namespace: The far collection; without collection name for a pipeline that brings its own documents.
        as_parts: The path of the array.
        local_parts: The near field, or None without equality.
        foreign_field: The far field, or None without equality.
        let: Expressions of the pipeline's variables.
        pipeline: The pipeline as written, or None.
    """

    operand: Document
    namespace: Namespace
    as_parts: tuple[str, ...]
    local_parts: tuple[str, ...] | None
    foreign_field: str | None
    let: dict[str, Expression]
    pipeline: list[Document] | None


class LookupStage(Stage):
    """Joins documents of another collection to each document of the input.

    Args:
        spec: What to join.
        scope: The scope of the pipeline inside.
        context: The operation.
    """

    name = "$lookup"

    def __init__(self, spec: LookupSpec, scope: Scope, context: Context) -> None:
        self.spec_ = spec
        self._scope = scope
        self._context = context
        if spec.pipeline is not None:
            unbound = (context.unbound | spec.let.keys()) if spec.let else context.unbound
            variables = {name: value for name, value in context.variables.items() if name not in spec.let}
            # Constants in it are computed, and may fail, only once there is a document to join to.
            checked = replace(context, variables=variables, unbound=unbound, optimises=False)
            scope.parse(spec.pipeline, replace(scope, context=checked))

    def followed_by(self, pipeline: Sequence[Document]) -> LookupStage:
        """Return this stage with more stages at the end of the pipeline inside."""
        extended = replace(self.spec_, pipeline=[*(self.spec_.pipeline or ()), *pipeline])
        return LookupStage(extended, self._scope, self._context)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents with the arrays."""
        join = self._join()
        as_parts = self.spec_.as_parts
        if len(as_parts) == 1:
            (name,) = as_parts
            for document in documents:
                joined = document.copy()
                joined[name] = join(document)
                yield joined
        else:
            for document in documents:
                yield set_path(document, as_parts, join(document))

    @property
    def takes_stored(self) -> bool:
        """Whether it is an equality alone that puts a field of its own into the documents."""
        spec = self.spec_
        is_equality = spec.foreign_field is not None and not spec.pipeline and not spec.let
        is_new_field = len(spec.as_parts) == 1 and "\0" not in spec.as_parts[0]
        return is_equality and is_new_field and bool(spec.namespace.collection)

    def run_stored(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the documents with the arrays behind them, none of which is encoded anew where that is possible."""
        foreign = self._foreign()
        (name,) = self.spec_.as_parts
        for bson in stored:
            document = decode_document(bson)
            values = self._local_values(document)
            found = foreign.find_stored(values[0]) if len(values) == 1 and name not in document else None
            if found is None:
                yield encode_result({**document, name: foreign.find(values)})
            else:
                yield with_array(bson, name, found)

    def _foreign(self) -> ForeignCollection:
        spec = self.spec_
        assert spec.foreign_field is not None
        source = self._scope.require_source(self.name)
        return ForeignCollection(source, spec.namespace, spec.foreign_field, [], self._context, null_is_missing=True)

    def _join(self) -> Join:
        """Return what finds the documents to join to one document."""
        spec = self.spec_
        if not spec.namespace.collection:
            return self._own_documents()
        if spec.foreign_field is None:
            return self._remembered(self._read)
        foreign = self._foreign()
        return self._piped(foreign, spec.pipeline) if spec.pipeline else self._equal(foreign)

    def _equal(self, foreign: ForeignCollection) -> Join:
        """Return a join by equality alone; variables without a pipeline are still evaluated, as they may fail."""

        def join(document: Document) -> list[Document]:
            if self.spec_.let:
                self._inner_context(document)
            return foreign.find(self._local_values(document))

        return join

    def _local_values(self, document: Document) -> list[BsonValue]:
        """Return what to look for; what has no value looks for null."""
        return joined_values(document, self.spec_.local_parts or ()) or [None]

    def _inner_context(self, document: Document) -> Context:
        if not self.spec_.let:
            return self._context
        outer = self._context.variables
        bound = {name: value.evaluate(document, outer) for name, value in self.spec_.let.items()}
        return replace(self._context, variables={**outer, **bound})

    def _parse(self, specs: list[Document], context: Context) -> Pipeline:
        return self._scope.parse(specs, replace(self._scope, context=context))

    def _piped(self, foreign: ForeignCollection, specs: list[Document]) -> Join:
        """Return a join by equality and a pipeline over what is equal."""
        fixed: Pipeline | None = None

        def join(document: Document) -> list[Document]:
            nonlocal fixed
            pipeline = fixed or self._parse(specs, self._inner_context(document))
            if not self.spec_.let:
                fixed = pipeline
            return list(pipeline.run(iter(foreign.find(self._local_values(document)))))

        return join

    def _own_documents(self) -> Join:
        """Return a join with a pipeline that begins with `$documents`, and maybe an equality on what that gives."""
        spec = self.spec_
        first, *rest = spec.pipeline or [{}]

        def join(document: Document) -> list[Document]:
            specs = [first, *rest]
            if spec.foreign_field is not None:
                values = self._local_values(document)
                specs = [first, {"$match": {spec.foreign_field: {"$in": values}}}, *rest]
            return list(self._parse(specs, self._inner_context(document)).run(iter(())))

        return join

    def _read(self, context: Context) -> Iterator[Document]:
        source = self._scope.require_source(self.name)
        return source.read(self.spec_.namespace, self.spec_.pipeline or [], context)

    def _remembered(self, read: Callable[[Context], Iterator[Document]]) -> Join:
        """Return a join that runs the pipeline once for equal values of its variables, as long as memory lasts."""
        meter = MemoryMeter(self.name, self._context)
        known: dict[bytes, list[Document]] = {}
        remembers = not _mentions(self.spec_.pipeline, _UNSTABLE)

        def join(document: Document) -> list[Document]:
            nonlocal remembers
            context = self._inner_context(document)
            key = _values_key({name: context.variables[name] for name in self.spec_.let})
            if key in known:
                return known[key]
            found = list(read(context))
            if remembers:
                known[key] = found
                meter.add([])
                if any(meter.add(member) for member in found):
                    remembers = False
                    known.clear()
            return found

        return join

    def operand(self) -> BsonValue:
        """Return the operand, with what was added to the pipeline."""
        if self.spec_.pipeline is None:
            return self.spec_.operand
        return {**self.spec_.operand, "pipeline": self.spec_.pipeline}

    def dependencies(self) -> Dependencies:
        """Return the near field and what the variables read."""
        fields = frozenset().union(*(value.fields for value in self.spec_.let.values()))
        if self.spec_.local_parts is not None:
            fields |= {".".join(self.spec_.local_parts)}
        return Dependencies(fields)

    def preserves(self, name: str) -> bool:
        """All fields but that of the array stay as they are."""
        return name != self.spec_.as_parts[0]


def _values_key(values: Document) -> bytes:
    """Return bytes that are equal for values of the same types alone."""
    return encode_document({name: value for name, value in values.items() if value is not MISSING})


def _mentions(specs: BsonValue, names: frozenset[str]) -> bool:
    if isinstance(specs, dict):
        return any(name in names or _mentions(value, names) for name, value in specs.items())
    return isinstance(specs, list) and any(_mentions(member, names) for member in specs)


@STAGES.operator("$lookup")
def parse_lookup(operand: BsonValue, scope: Scope) -> LookupStage:
    """Join another collection, by equality of two fields, by a pipeline with variables, or both.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), 40414 and 40415 for a bad operand, InvalidNamespace (73) for
            a bad collection name, 51047 for a stage that may not be inside, and the errors of paths, variables and
            pipelines.

    Reference:
        MongoDB manual, "$lookup (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"the $lookup stage specification must be an object, but found {type_name(operand)}",
        )
    _check(operand)
    local, foreign = operand.get("localField") or None, operand.get("foreignField") or None
    if (local is None or foreign is None) and ("pipeline" not in operand or local is not foreign):
        raise ServerError(
            ErrorCode.FailedToParse,
            "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
        )
    let = operand.get("let") or {}
    specs = operand.get("pipeline")
    context = scope.context
    spec = LookupSpec(
        operand=operand,
        namespace=_namespace(operand, scope),
        as_parts=split_path(str(operand["as"])),
        local_parts=split_path(local) if isinstance(local, str) else None,
        foreign_field=".".join(split_path(foreign)) if isinstance(foreign, str) else None,
        let=_parse_let(let, context),
        pipeline=specs if isinstance(specs, list) else None,
    )
    return LookupStage(spec, scope.inside("$lookup", spec.namespace), context)


def _check(operand: Document) -> None:
    check_names("$lookup", operand, required=("as",), optional=_ARGUMENTS)
    for name in ("localField", "foreignField", "as"):
        if name in operand:
            check_type(f"$lookup.{name}", operand[name], "string")
    if operand.get("let") is not None:
        check_type("$lookup.let", operand["let"], "object")
        if "pipeline" not in operand:
            raise ServerError(ErrorCode.FailedToParse, "$lookup with a 'let' argument must also specify 'pipeline'")
    if "pipeline" in operand and not isinstance(operand["pipeline"], list):
        raise ServerError(ErrorCode.TypeMismatch, "A pipeline must be an array of objects")


def _namespace(operand: Document, scope: Scope) -> Namespace:
    database = scope.namespace.database
    if "from" not in operand:
        if not _brings_documents(operand.get("pipeline")):
            raise ServerError(
                ErrorCode.FailedToParse,
                "$lookup stage without explicit collection must have a pipeline with $documents as first stage",
            )
        return Namespace(database, "")
    collection = operand["from"]
    if isinstance(collection, dict):
        raise ServerError(
            ErrorCode.FailedToParse,
            "$lookup with syntax {from: {db:<>, coll:<>},..} is not supported for db: "
            f"{collection.get('db', '')} and coll: {collection.get('coll', '')}",
        )
    if not isinstance(collection, str):
        raise ServerError(
            ErrorCode.FailedToParse,
            f"$lookup 'from' field must be a string or an object, but found {type_name(collection)}",
        )
    if not collection:
        raise ServerError(ErrorCode.InvalidNamespace, f"invalid $lookup namespace: {database}")
    return Namespace(database, collection)


def _brings_documents(specs: Field) -> bool:
    return isinstance(specs, list) and bool(specs) and isinstance(specs[0], dict) and "$documents" in specs[0]


def _parse_let(let: BsonValue, context: Context) -> dict[str, Expression]:
    if not isinstance(let, dict):
        return {}
    return {check_variable_name(name): parse_expression(value, context) for name, value in let.items()}
