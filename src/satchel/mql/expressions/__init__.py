"""Aggregation expressions: `parse_expression` turns one into a closure; operators live in a module per family."""

from satchel.mql.expressions.expression import Expression, Variables
from satchel.mql.expressions.parser import SYSTEM_VARIABLES, Parser, command_variables, parse_expression
from satchel.mql.expressions.registry import OPERATORS

__all__ = [
    "OPERATORS",
    "SYSTEM_VARIABLES",
    "Expression",
    "Parser",
    "Variables",
    "command_variables",
    "parse_expression",
]
