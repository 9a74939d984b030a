"""`$out`: the documents as the whole content of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from satchel.errors import ErrorCode, ServerError
from satchel.mql.pipeline.stage import STAGES, Placement, Position, Scope, Stage
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.namespace import Namespace

_INTERNAL_DATABASES: Final = frozenset({"admin", "config", "local"})


class OutStage(Stage):
    """Replaces a collection by its input.

    Attributes:
        target: The collection.
    """

    name = "$out"
    placement = Placement(Position.LAST, in_facet=False, in_lookup=False, in_union=False)

    def __init__(self, target: Namespace, options: Document, scope: Scope) -> None:
        self.target = target
        self._options = options
        self._scope = scope

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Write the documents; yield none."""
        scope = self._scope
        source = scope.require_source(self.name)
        try:
            source.replace_collection(self.target, documents, self._options, scope.context)
        except ServerError as error:
            if error.code != ErrorCode.InvalidNamespace:
                raise
            raise ServerError(
                ErrorCode.IllegalOperation,
                f"Failed to rename temporary $out collection :: caused by :: {error.message}",
            ) from error
        return
        yield

    def operand(self) -> BsonValue:
        """Return the long form."""
        return {"coll": self.target.collection, "db": self.target.database, **self._options}


@STAGES.operator("$out")
def parse_out(operand: BsonValue, scope: Scope) -> OutStage:
    """Write the documents to a collection, in the place of what it held.

    Raises:
        ServerError: Location16990, TypeMismatch (14), 40414 and 40415 for a bad operand, InvalidNamespace (73), 17385
            and 31321 for a bad target; while running IllegalOperation (20) and the errors of writing.

    Reference:
        MongoDB manual, "$out (aggregation)".
    """
    options: Document = {}
    if isinstance(operand, str):
        target = Namespace(scope.namespace.database, operand)
    elif isinstance(operand, dict):
        target = _target(operand)
        options = {name: value for name, value in operand.items() if name == "timeseries"}
    else:
        raise ServerError(16990, f"$out only supports a string or object argument, but found {type_name(operand)}")
    if not target.database or not target.collection:
        raise ServerError(ErrorCode.InvalidNamespace, f"Invalid $out target namespace, {target}")
    check_leading_dot(target)
    if target.collection.startswith("system."):
        raise ServerError(17385, f"Can't $out to special collection: {target.collection}")
    if target.database in _INTERNAL_DATABASES:
        raise ServerError(31321, f"Can't $out to internal database: {target.database}")
    return OutStage(target, options, scope)


def check_leading_dot(target: Namespace) -> None:
    """Check that a collection's name does not begin with a dot.

    Raises:
        ServerError: InvalidNamespace (73).
    """
    if target.collection.startswith("."):
        raise ServerError(ErrorCode.InvalidNamespace, f"Collection names cannot start with '.': {target.collection}")


def _target(operand: Document) -> Namespace:
    check_names("$out", operand, required=("coll", "db"), optional=("timeseries",))
    check_type("$out.coll", operand["coll"], "string")
    check_type("$out.db", operand["db"], "string")
    if "timeseries" in operand:
        check_type("$out.timeseries", operand["timeseries"], "object")
    return Namespace(str(operand["db"]), str(operand["coll"]))
