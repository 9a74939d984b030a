"""Window functions of `$setWindowFields`; importing this package registers them all."""

from satchel.mql.pipeline.window_functions import accumulators, calculus, filling, ranking, statistics
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS, Surroundings, WindowFunction

__all__ = [
    "WINDOW_FUNCTIONS",
    "Surroundings",
    "WindowFunction",
    "accumulators",
    "calculus",
    "filling",
    "ranking",
    "statistics",
]
