"""What a stage is, and the registry that stages join."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.chunk import Chunk
from satchel.mql.pipeline.source import Source
from satchel.mql.registry import Registry
from satchel.values.bson_types import BsonValue, Document
from satchel.values.namespace import Namespace

if TYPE_CHECKING:
    from satchel.mql.pipeline.parser import Pipeline

MAX_SUB_PIPELINE_DEPTH: Final = 20

Nesting: TypeAlias = Literal["", "$facet", "$lookup", "$unionWith"]
"""The kind of the innermost sub-pipeline, `""` for the pipeline of the command."""


class Position(Enum):
    """Where in a pipeline a stage may stand."""

    ANY = "any"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a stage may be used.

    Attributes:
        position: Its place in the pipeline.
        in_facet: Whether a `$facet` may hold it.
        in_lookup: Whether the pipeline of a `$lookup` may hold it.
        in_union: Whether the pipeline of a `$unionWith` may hold it.
        collection: True when it needs a collection, False when it needs `{aggregate: 1}`, None when either will do.
        change_stream: False when it cannot stand behind a `$changeStream`, True when it can, None when it must.
    """

    position: Position = Position.ANY
    in_facet: bool = True
    in_lookup: bool = True
    in_union: bool = True
    collection: bool | None = None
    change_stream: bool | None = False

    def allowed_in(self, nesting: Nesting) -> bool:
        """Tell whether a sub-pipeline of this kind may hold the stage."""
        return {"": True, "$facet": self.in_facet, "$lookup": self.in_lookup, "$unionWith": self.in_union}[nesting]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a stage reads of its input.

    Attributes:
        fields: Dotted paths; None when it may read anything.
        is_exhaustive: Whether nothing but what it reads or computes comes out of it.
    """

    fields: frozenset[str] | None = frozenset()
    is_exhaustive: bool = False


ANYTHING: Final = Dependencies(None)


@dataclass(frozen=True, slots=True)
class Scope:
    """What surrounds a stage while it is parsed.

    Attributes:
        context: The operation.
        source: The engine, or None where the language stands alone (tests, views that are only checked).
        namespace: What the pipeline runs on.
        parse: `parse_pipeline` in this scope, for stages with pipelines inside.
        nesting: The kind of sub-pipeline this is.
        depth: How many pipelines stand around this one.
    """

    context: Context
    source: Source | None
    namespace: Namespace
    parse: Callable[[BsonValue, Scope], Pipeline] = field(repr=False)
    nesting: Nesting = ""
    depth: int = 0

    def inside(self, nesting: Nesting, namespace: Namespace | None = None, context: Context | None = None) -> Scope:
        """Return the scope of a pipeline inside a stage.

        Raises:
            ServerError: MaxSubPipelineDepthExceeded (232).
        """
        if self.depth >= MAX_SUB_PIPELINE_DEPTH:
            raise ServerError(
                ErrorCode.MaxSubPipelineDepthExceeded,
                f"Maximum number of nested sub-pipelines exceeded. Limit is {MAX_SUB_PIPELINE_DEPTH}",
            )
        return replace(
            self,
            nesting=nesting,
            namespace=namespace or self.namespace,
            context=context or self.context,
            depth=self.depth + 1,
        )

    def require_source(self, stage: str) -> Source:
        """Return the engine.

        Raises:
            ServerError: InternalError (1) when the pipeline was parsed without one.
        """
        if self.source is None:
            raise ServerError(ErrorCode.InternalError, f"{stage} needs an engine to read from")
        return self.source


class Stage(ABC):
    """One step of a pipeline: documents in, documents out.

    A stage is parsed once and may run once or more often; what it learns of documents lives in `run`.
    """

    name: ClassVar[str]
    """MongoDB's name, `"$match"`."""

    placement: ClassVar[Placement] = Placement()
    reads_input: ClassVar[bool] = True
    """False for stages that bring their own documents."""

    keeps_count: ClassVar[bool] = False
    """True for stages that give one document for each, in their order, whatever the others are."""

    @property
    def gathers(self) -> bool:
        """Whether what comes out is computed of all documents, so that the order of their fields does not show."""
        return False

    @abstractmethod
    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the output for the input; neither holds on to documents nor changes them."""

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Chunk] | None:
        """Yield the output for input in chunks, as `run`; None where the stage works through documents one by one."""
        return None

    @property
    def takes_stored(self) -> bool:
        """Whether the stage makes BSON of BSON, with less work than of documents."""
        return False

    def run_stored(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the output as BSON for input as BSON, if the stage takes that."""
        raise NotImplementedError

    @abstractmethod
    def operand(self) -> BsonValue:
        """Return the operand in the form that `explain` shows."""

    def spec(self) -> Document:
        """Return the stage as a document, `{$limit: 5}`."""
        return {self.name: self.operand()}

    def dependencies(self) -> Dependencies:
        """Return what the stage reads."""
        return ANYTHING

    def preserves(self, name: str) -> bool:
        """Tell whether a `$match` on the top-level field `name` may as well run before this stage."""
        return False


StageParser: TypeAlias = Callable[[BsonValue, Scope], "Stage | Sequence[Stage]"]

STAGES: Final[Registry[StageParser]] = Registry("aggregation stage", "satchel.mql.pipeline.stages.families")
"""Parsers by stage name; a parser may give several stages, as `$sortByCount` does."""
