"""Accumulators: how `$group` and `$setWindowFields` write them; importing this package registers them all."""

from satchel.mql.pipeline.accumulators import collecting, custom, ordering, statistics, totals
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS, Statement, parse_accumulator, parse_statement

__all__ = [
    "ACCUMULATORS",
    "Statement",
    "collecting",
    "custom",
    "ordering",
    "parse_accumulator",
    "parse_statement",
    "statistics",
    "totals",
]
