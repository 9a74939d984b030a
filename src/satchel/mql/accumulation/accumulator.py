"""What an accumulator is: values in, one result out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from satchel.values.bson_types import Field


class Accumulator(ABC):
    """The state of one accumulator for one group, window or array.

    An accumulator can be pickled, and states of one kind can be merged, so that blocking stages may spill.
    """

    __slots__ = ()

    is_removable: ClassVar[bool] = False
    """Whether `remove` takes back the value that was added first."""

    @property
    def wants_more(self) -> bool:
        """Whether further values can change the result; where they cannot, they need not be computed."""
        return True

    @abstractmethod
    def add(self, value: Field) -> None:
        """Take one value in."""

    def add_many(self, values: Iterable[Field]) -> None:
        """Take values in, in order."""
        add = self.add
        for value in values:
            add(value)

    @abstractmethod
    def merge(self, other: Any) -> None:
        """Take in the state of another accumulator of this class, whose values come after those of this one."""

    @abstractmethod
    def result(self) -> Field:
        """Return the result of what was taken in so far."""

    def remove(self, value: Field) -> None:
        """Take back `value`, which is the oldest one still in here.

        Raises:
            NotImplementedError: The accumulator is not removable.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot take values back")
