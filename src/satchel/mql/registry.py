"""Registries of operators: a decorated function is all that adding an operator takes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry", bound=Callable[..., object])


class Registry(Generic[Entry]):
    """Operators of one kind, by MongoDB's name.

    Args:
        kind: What the operators are, for messages: `"update operator"`.
        home: The module that imports all the modules of such operators. That takes time and memory, so it is done when
            an operator is first looked for. Without one they are imported together with the registry.
    """

    def __init__(self, kind: str, home: str = "") -> None:
        self.kind = kind
        self._home = home
        self._entries: dict[str, Entry] = {}

    def operator(self, name: str) -> Callable[[Entry], Entry]:
        """Register the decorated function or class as `name`.

        Raises:
            ValueError: The name is taken, or the entry has no docstring (a programming error).
        """

        def register(entry: Entry) -> Entry:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name} is registered twice")
            if not entry.__doc__:
                raise ValueError(f"{self.kind} {name} has no docstring")
            self._entries[name] = entry
            return entry

        return register

    def get(self, name: str) -> Entry | None:
        """Return the entry of `name`, or None."""
        return self._loaded().get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._loaded()

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def _loaded(self) -> dict[str, Entry]:
        if self._home:
            importlib.import_module(self._home)
            self._home = ""
        return self._entries
