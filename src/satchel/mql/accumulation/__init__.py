"""Accumulation: the computing behind accumulators, window functions and the expressions of the same names.

Each class takes values with `add` or `add_many` and gives its `result`; which values those are (documents of a group,
rows of a window, elements of an array) is the caller's business.
"""

from satchel.mql.accumulation.accumulator import Accumulator
from satchel.mql.accumulation.collecting import AddToSet, ConcatArrays, MergeObjects, Push, SetUnion
from satchel.mql.accumulation.hashable import hashable
from satchel.mql.accumulation.ordering import Extremum, ExtremumN, First, FirstN, Last, LastN, TopN
from satchel.mql.accumulation.removable import (
    Covariance,
    RemovableAverage,
    RemovableDeviation,
    RemovableSum,
    SlidingExtremum,
    SlidingExtremumN,
    SlidingTopN,
)
from satchel.mql.accumulation.statistics import Median, Percentiles, StandardDeviation
from satchel.mql.accumulation.totals import Average, Count, Sum

__all__ = [
    "Accumulator",
    "AddToSet",
    "Average",
    "ConcatArrays",
    "Count",
    "Covariance",
    "Extremum",
    "ExtremumN",
    "First",
    "FirstN",
    "Last",
    "LastN",
    "Median",
    "MergeObjects",
    "Percentiles",
    "Push",
    "RemovableAverage",
    "RemovableDeviation",
    "RemovableSum",
    "SetUnion",
    "SlidingExtremum",
    "SlidingExtremumN",
    "SlidingTopN",
    "StandardDeviation",
    "Sum",
    "TopN",
    "hashable",
]
