"""Pipelines over lists, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from satchel.mql.context import Context
from satchel.mql.pipeline import Pipeline, parse_pipeline
from satchel.mql.pipeline.parser import _parse_stage
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.stage import Scope, Stage
from satchel.values.bson_types import Document
from satchel.values.namespace import Namespace
from tests.conformance.list_source import ListSource

HERE = Namespace("db", "here")


def source(**collections: Sequence[Document]) -> Source:
    """Return collections in lists."""
    return ListSource({name: list(documents) for name, documents in collections.items()})


def parse(specs: Sequence[Document], context: Context | None = None, **collections: Sequence[Document]) -> Pipeline:
    """Parse a pipeline on the collection `here`."""
    return parse_pipeline(list(specs), context or Context(), source(**collections), HERE)


def run(
    specs: Sequence[Document],
    documents: Sequence[Document],
    context: Context | None = None,
    **collections: Sequence[Document],
) -> list[Document]:
    """Run a pipeline."""
    return list(parse(specs, context, here=documents, **collections).run(iter(documents)))


def run_as_written(
    specs: Sequence[Document], documents: Sequence[Document], **collections: Sequence[Document]
) -> list[Document]:
    """Run a pipeline stage by stage, without rewrites, each on the whole result of the one before."""

    def parse_inner(inner: Any, scope: Scope) -> Pipeline:
        return Pipeline([stage for spec in inner for stage in _parse_stage(spec, scope)])

    scope = Scope(Context(), source(here=documents, **collections), HERE, parse_inner)
    stages: list[Stage] = [stage for spec in specs for stage in _parse_stage(spec, scope)]
    result = list(documents)
    for stage in stages:
        result = list(stage.run(iter(result)))
    return result
