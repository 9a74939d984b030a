"""The registry of commands, and what a command function is given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, TypeVar

from satchel.access.control import Rights
from satchel.access.privileges import Privilege
from satchel.commands.params import Params
from satchel.commands.rights import Access
from satchel.engine.engine import Engine
from satchel.engine.operation import Operation
from satchel.values.bson_types import Document
from satchel.wire.cursor_reply import CursorReply
from satchel.wire.messages import Request
from satchel.wire.service import ConnectionState

if TYPE_CHECKING:
    from satchel.commands.dispatch import Service

Reply: TypeAlias = Document | CursorReply
P = TypeVar("P", bound=Params)


class NoFields:
    """The base of a command's fields: nothing is ignored, refused or secret unless the command says so."""

    IGNORED: ClassVar[frozenset[str]] = frozenset()
    REFUSED: ClassVar[frozenset[str]] = frozenset()
    UNSTABLE: ClassVar[frozenset[str]] = frozenset()
    SECRETS: ClassVar[frozenset[str]] = frozenset()


@dataclass(slots=True)
class Invocation:
    """One command on its way: where it came from and what it runs on.

    Attributes:
        sequences: Fields that came as document sequences, as BSON.
        rights: What the client may do; None for everything.
        needed: The privileges that the command took.
    """

    service: Service
    engine: Engine
    operation: Operation
    connection: ConnectionState
    request: Request
    rights: Rights | None = None
    needed: tuple[Privilege, ...] = ()

    @property
    def database(self) -> str:
        """The database that the command names."""
        return self.operation.database

    @property
    def sequences(self) -> dict[str, Sequence[bytes]]:
        """Fields that came as document sequences, as BSON."""
        return self.request.sequences


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its function, its fields, and where it may run.

    Attributes:
        name: Its name on the wire.
        access: Who may run it.
        aliases: Other names, as `ismaster` for `isMaster`.
        is_admin_only: Whether it must be sent to the database `admin`.
        is_write: Whether it changes data or catalog.
        is_strict: Whether unknown fields are an error.
    """

    name: str
    params: type[Params]
    run: Callable[..., Reply]
    access: Access
    aliases: tuple[str, ...] = ()
    is_admin_only: bool = False
    is_write: bool = False
    is_strict: bool = True

    @property
    def takes_write_concern(self) -> bool:
        """Whether a write concern means something to it (a pipeline may write)."""
        return self.is_write or self.name == "aggregate"


_HOMES: Final = {
    "abortTransaction": "transactions",
    "aggregate": "aggregation",
    "commitTransaction": "transactions",
    "count": "count_distinct",
    "create": "collections",
    "createIndexes": "indexes",
    "delete": "writes",
    "distinct": "count_distinct",
    "drop": "collections",
    "endSessions": "sessions",
    "find": "find",
    "findAndModify": "find_and_modify",
    "getMore": "cursors",
    "insert": "writes",
    "killCursors": "cursors",
    "listCollections": "collections",
    "listIndexes": "indexes",
    "update": "writes",
}
"""The modules of the commonest commands, which are not worth importing all of them for."""


class Commands:
    """Every command by each of its names."""

    def __init__(self) -> None:
        self._by_name: dict[str, Command] = {}
        self._all: list[Command] = []
        self._is_loaded = False

    def command(
        self,
        name: str,
        params: type[P],
        *aliases: str,
        access: Access,
        admin_only: bool = False,
        write: bool = False,
        strict: bool = True,
    ) -> Callable[[Callable[[P, Invocation], Reply]], Callable[[P, Invocation], Reply]]:
        """Register the decorated function as a command; the arguments are the attributes of `Command`.

        Raises:
            ValueError: The name is taken, or the function has no docstring (a programming error).
        """

        def register(run: Callable[[P, Invocation], Reply]) -> Callable[[P, Invocation], Reply]:
            if not run.__doc__:
                raise ValueError(f"command {name} has no docstring")
            command = Command(name, params, run, access, aliases, admin_only, write, strict)
            for each in (name, *aliases):
                if each in self._by_name:
                    raise ValueError(f"command {each} is registered twice")
                self._by_name[each] = command
            self._all.append(command)
            return run

        return register

    def load(self) -> None:
        """Import the modules of commands, which register themselves: later than a file can be opened and read."""
        if not self._is_loaded:
            importlib.import_module("satchel.commands.families")
            self._is_loaded = True

    def get(self, name: str) -> Command | None:
        """Return the command of that name or alias, or None.

        A client is greeted, and does the commonest things, before all commands are loaded.
        """
        command = self._by_name.get(name)
        if command is None and not self._is_loaded:
            if name in _HOMES:
                importlib.import_module(f"satchel.commands.{_HOMES[name]}")
            else:
                self.load()
            command = self._by_name.get(name)
        return command

    def __iter__(self) -> Iterator[Command]:
        self.load()
        return iter(self._all)


COMMANDS: Final = Commands()
