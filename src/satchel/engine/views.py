"""Views: what is under them, and when one can be created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from satchel.engine.catalog import Catalog, CollectionEntry
from satchel.engine.namespaces import Namespace
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline import parse_pipeline
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.stages.change_stream import ChangeStreamStage
from satchel.settings import MAX_VIEW_DEPTH
from satchel.values.bson_types import BsonValue, Document
from satchel.values.collation import Collation, parse_collation


def resolve_view(
    catalog: Catalog, namespace: Namespace, specs: Sequence[BsonValue]
) -> tuple[Namespace, list[BsonValue]]:
    """Return the collection under a view and the pipeline on it; a collection and its pipeline stay as they are.

    Raises:
        ServerError: ViewDepthLimitExceeded (165); GraphContainsCycle (5).
    """
    pipeline = list(specs)
    for view in _views_from(catalog, namespace):
        pipeline = [*view.pipeline, *pipeline]
        namespace = Namespace(namespace.database, view.view_on)
    return namespace, pipeline


def _views_from(catalog: Catalog, namespace: Namespace) -> Iterator[CollectionEntry]:
    """Yield the views that lie between a namespace (it included) and the collection under them, downwards."""
    seen: set[Namespace] = set()
    while (entry := catalog.get(namespace)) is not None and entry.is_view:
        if namespace in seen:
            raise ServerError(ErrorCode.GraphContainsCycle, f"View cycle detected at {namespace}")
        if len(seen) == MAX_VIEW_DEPTH:
            raise ServerError(
                ErrorCode.ViewDepthLimitExceeded, f"View depth limit exceeded; maximum depth is {MAX_VIEW_DEPTH}"
            )
        seen.add(namespace)
        yield entry
        namespace = Namespace(namespace.database, entry.view_on)


def check_collation(entry: CollectionEntry | None, collation: Collation | None) -> None:
    """Raise OptionNotSupportedOnView (167) when a view is to be read under another collation than its own."""
    if entry is not None and entry.is_view and entry.collation != collation:
        raise ServerError(ErrorCode.OptionNotSupportedOnView, "Cannot override a view's default collation")


def check_view(catalog: Catalog, namespace: Namespace, options: Document, source: Source, context: Context) -> None:
    """Check that a view can be created: a known pipeline, no cycle, no writing stage, one collation all the way.

    Args:
        catalog: What there is.
        namespace: The view that is to be.
        options: Its options, as `create` takes them.
        source: What its pipeline is parsed for.
        context: The operation.

    Raises:
        ServerError: GraphContainsCycle (5), ViewDepthLimitExceeded (165), OptionNotSupportedOnView (167), or what is
            wrong with the pipeline.
    """
    base = Namespace(namespace.database, cast("str", options["viewOn"]))
    pipeline = cast("list[BsonValue]", options["pipeline"])
    below = list(_views_from(catalog, base))
    names = {base, *(Namespace(namespace.database, view.view_on) for view in below)}
    if namespace in names:
        raise ServerError(ErrorCode.GraphContainsCycle, f"View cycle detected: {namespace}")
    if len(below) == MAX_VIEW_DEPTH:
        raise ServerError(
            ErrorCode.ViewDepthLimitExceeded, f"View depth limit exceeded; maximum depth is {MAX_VIEW_DEPTH}"
        )
    spec = cast("Document | None", options.get("collation"))
    if below and below[0].collation != (parse_collation(spec) if spec is not None else None):
        raise ServerError(
            ErrorCode.OptionNotSupportedOnView,
            f"View {namespace} has conflicting collation with view {below[0].namespace}",
        )
    parsed = parse_pipeline(pipeline, context, source, base)
    if any(isinstance(stage, ChangeStreamStage) for stage in parsed.stages):
        raise ServerError(ErrorCode.OptionNotSupportedOnView, "$changeStream cannot be used in a view definition")
    if parsed.writes:
        raise ServerError(
            ErrorCode.OptionNotSupportedOnView, "The aggregation stage $out or $merge in a view is not supported"
        )
