"""What a window function is, and the registry that window functions join."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.pipeline.windows import WHOLE_PARTITION, Bounds, Column, Partition, parse_bounds
from satchel.mql.registry import Registry
from satchel.mql.sort import SortPattern
from satchel.values.bson_types import MISSING, BsonValue, Field


class WindowFunction(ABC):
    """Gives one value for each row of a partition.

    Attributes:
        fields: The dotted paths of documents that it reads, but for the sort fields.
    """

    fields: frozenset[str] = frozenset()

    @abstractmethod
    def evaluate(self, partition: Partition) -> Column:
        """Return the values of all rows."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds a window function while it is parsed.

    Attributes:
        name: Its name, for errors.
        context: The operation.
        pattern: The stage's `sortBy`, or None.
        window: Its `window` as written, or MISSING.
    """

    name: str
    context: Context
    pattern: SortPattern | None
    window: Field = MISSING

    @property
    def bounds(self) -> Bounds:
        """The window; without one, the whole partition."""
        return WHOLE_PARTITION if self.window is MISSING else parse_bounds(self.window, self.pattern)

    def refuse_window(self, message: str, code: int = ErrorCode.FailedToParse) -> None:
        """Check that there is no `window`.

        Raises:
            ServerError: With `code`.
        """
        if self.window is not MISSING:
            raise ServerError(code, message)


WindowFunctionParser: TypeAlias = Callable[[BsonValue, Surroundings], WindowFunction]

WINDOW_FUNCTIONS: Final[Registry[WindowFunctionParser]] = Registry("window function")
"""Parsers of the window functions that are not accumulators."""
