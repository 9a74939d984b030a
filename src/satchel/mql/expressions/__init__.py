"""Aggregation expressions: `parse_expression` turns one into a closure; operators live in a module per family."""

from satchel.mql.expressions import (
    accumulator_expressions,
    arithmetic,
    array,
    array_iteration,
    array_selection,
    array_zip,
    bitwise,
    boolean,
    comparison,
    conditional,
    convert,
    custom,
    data_size,
    date,
    date_parts,
    date_span,
    date_text,
    extended_json,
    literal,
    miscellaneous,
    string,
    string_regex,
    timestamp,
    trigonometry,
    variable,
    vector,
)
from satchel.mql.expressions import hash as hash_family
from satchel.mql.expressions import object as object_family
from satchel.mql.expressions import set as set_family
from satchel.mql.expressions import type as type_family
from satchel.mql.expressions.expression import Expression, Variables
from satchel.mql.expressions.parser import SYSTEM_VARIABLES, Parser, command_variables, parse_expression
from satchel.mql.expressions.registry import OPERATORS

FAMILIES = (
    accumulator_expressions,
    arithmetic,
    bitwise,
    trigonometry,
    array,
    array_iteration,
    array_selection,
    array_zip,
    boolean,
    comparison,
    conditional,
    custom,
    literal,
    miscellaneous,
    object_family,
    set_family,
    variable,
    vector,
    date,
    date_parts,
    date_span,
    date_text,
    string,
    string_regex,
    convert,
    data_size,
    extended_json,
    hash_family,
    timestamp,
    type_family,
)
"""The modules that declare operators; importing one registers its operators."""

__all__ = [
    "FAMILIES",
    "OPERATORS",
    "SYSTEM_VARIABLES",
    "Expression",
    "Parser",
    "Variables",
    "command_variables",
    "parse_expression",
]
