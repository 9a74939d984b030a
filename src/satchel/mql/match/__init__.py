"""Filters: `parse_filter` makes a tree of `MatchExpression`; operators live in a module per family of the manual."""

from satchel.mql.match import (
    bitwise,
    element,
    geo,
    json_schema,
    logical,
    schema_arrays,
    schema_general,
    schema_objects,
    schema_scalars,
    text,
)
from satchel.mql.match.parser import parse_filter
from satchel.mql.match.registry import FIELD_OPERATORS, TOP_LEVEL_OPERATORS
from satchel.mql.match.tree import MatchExpression

__all__ = [
    "FIELD_OPERATORS",
    "TOP_LEVEL_OPERATORS",
    "MatchExpression",
    "bitwise",
    "element",
    "geo",
    "json_schema",
    "logical",
    "parse_filter",
    "schema_arrays",
    "schema_general",
    "schema_objects",
    "schema_scalars",
    "text",
]
