"""`$project`, `$set`, `$addFields` and `$unset`: documents with other fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.stage import STAGES, Dependencies, Placement, Scope, Stage
from satchel.mql.projection import Projection, parse_add_fields, parse_projection, parse_unset
from satchel.values.bson_types import BsonValue, Document, type_name


class ProjectionStage(Stage):
    """Applies a projection to every document.

    Attributes:
        projection: What is made of a document.
    """

    placement = Placement(change_stream=True)
    keeps_count = True

    def __init__(self, projection: Projection, operand: BsonValue) -> None:
        self.projection = projection
        self._operand = operand

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the projected documents."""
        return map(self.projection.apply, documents)

    def operand(self) -> BsonValue:
        """Return the specification."""
        return self._operand


class ProjectStage(ProjectionStage):
    """`$project`: included fields, computed fields, or all fields but the excluded ones."""

    name = "$project"

    def dependencies(self) -> Dependencies:
        """Return the included fields and what computed ones read; an exclusion lets everything through."""
        fields = self.projection.fields
        return ANYTHING_PASSES if fields is None else Dependencies(fields, is_exhaustive=True)

    def preserves(self, name: str) -> bool:
        """A field comes out as it went in when it is included whole, or not touched by an exclusion."""
        operand = self._operand
        if not isinstance(operand, dict) or "" in operand:
            return False
        if self.projection.fields is None:
            return name not in {path.split(".", 1)[0] for path in operand}
        value = operand.get(name, name == "_id")
        return value.__class__ is not dict and value.__class__ is not str and value in (1, True)


class AddFieldsStage(ProjectionStage):
    """`$set` and `$addFields`: new fields beside the old ones."""

    def __init__(self, name: str, projection: Projection, operand: Document) -> None:
        super().__init__(projection, operand)
        self.name = name  # type: ignore[misc]
        self._touched = frozenset(path.split(".", 1)[0] for path in operand)

    def dependencies(self) -> Dependencies:
        """Return what the new fields read."""
        return Dependencies(self.projection.fields)

    def preserves(self, name: str) -> bool:
        """Fields that are not set stay as they are."""
        return name not in self._touched


class UnsetStage(ProjectionStage):
    """`$unset`: all fields but some."""

    name = "$unset"

    def __init__(self, projection: Projection, paths: list[str]) -> None:
        super().__init__(projection, paths)
        self._touched = frozenset(path.split(".", 1)[0] for path in paths)

    def dependencies(self) -> Dependencies:
        """Removing reads nothing."""
        return ANYTHING_PASSES

    def preserves(self, name: str) -> bool:
        """Fields that are not removed stay as they are."""
        return name not in self._touched


ANYTHING_PASSES = Dependencies()


@STAGES.operator("$project")
def parse_project(operand: BsonValue, scope: Scope) -> ProjectStage:
    """Include, exclude and compute fields.

    Raises:
        ServerError: Location15969 when the operand is not a document, and the errors of projections.

    Reference:
        MongoDB manual, "$project (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(15969, "$project specification must be an object")
    parse: Callable[[], Projection] = lambda: parse_projection(operand, scope.context, aggregation=True)  # noqa: E731
    return ProjectStage(_prefixed("$project", parse), operand)


@STAGES.operator("$addFields")
def parse_add_fields_stage(operand: BsonValue, scope: Scope) -> AddFieldsStage:
    """Add or replace fields.

    Raises:
        ServerError: Location40272 when the operand is not a document, and the errors of projections.

    Reference:
        MongoDB manual, "$addFields (aggregation)".
    """
    return _add_fields("$addFields", operand, scope)


@STAGES.operator("$set")
def parse_set(operand: BsonValue, scope: Scope) -> AddFieldsStage:
    """Add or replace fields; another name of `$addFields`.

    Raises:
        ServerError: As `$addFields`.

    Reference:
        MongoDB manual, "$set (aggregation)".
    """
    return _add_fields("$set", operand, scope)


def _add_fields(name: str, operand: BsonValue, scope: Scope) -> AddFieldsStage:
    if not isinstance(operand, dict):
        raise ServerError(40272, f"{name} specification stage must be an object, got {type_name(operand)}")
    return add_fields_stage(name, operand, scope.context)


def add_fields_stage(name: str, operand: Document, context: Context) -> AddFieldsStage:
    """Return the stage of a checked operand; for stages that are made of one.

    Raises:
        ServerError: The errors of projections.
    """
    return AddFieldsStage(name, _prefixed(name, lambda: parse_add_fields(operand, context)), operand)


@STAGES.operator("$unset")
def parse_unset_stage(operand: BsonValue, scope: Scope) -> UnsetStage:
    """Remove fields.

    Raises:
        ServerError: Location31002, 31119 and 31120 for an operand that is not a string or a list of strings, and the
            errors of exclusions.

    Reference:
        MongoDB manual, "$unset (aggregation)".
    """
    if not isinstance(operand, str | list):
        raise ServerError(31002, "$unset specification must be a string or an array")
    names = [operand] if isinstance(operand, str) else operand
    if not names:
        raise ServerError(31119, "$unset specification must be a string or an array with at least one field")
    paths = [name for name in names if isinstance(name, str)]
    if len(paths) != len(names):
        raise ServerError(31120, "$unset specification must be a string or an array containing only string values")
    return UnsetStage(_prefixed("$unset", lambda: parse_unset(paths, scope.context)), paths)


def _prefixed(name: str, parse: Callable[[], Projection]) -> Projection:
    """Parse, and say in errors which stage it was."""
    try:
        return parse()
    except ServerError as error:
        raise ServerError(error.code, f"Invalid {name} :: caused by :: {error.message}") from error
