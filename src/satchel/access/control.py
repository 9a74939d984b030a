"""Access control of one open file: who a connection belongs to, and what they may do at this moment."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from satchel.access.accounts import USERS, Accounts, Name, RoleName, User, privileges_of
from satchel.access.actions import actions
from satchel.access.privileges import CLUSTER, Privilege, Privileges, database_resource
from satchel.access.throttle import Throttle
from satchel.engine.engine import Engine
from satchel.wire.service import ConnectionState, Login, UserName

FIRST_USER_PRIVILEGES: Final = Privileges(
    (
        Privilege(database_resource("admin"), actions("createUser grantRole")),
        Privilege(CLUSTER, actions("addShard replSetConfigure replSetGetStatus")),
    )
)
"""What the localhost exception allows, while there is no user and no role."""

_MAX_CACHED: Final = 1000


@dataclass(frozen=True, slots=True)
class Rights:
    """What a connection may do.

    Attributes:
        login: Who is logged in, or None.
        roles: Their roles, inherited ones included.
        is_exception: Whether nobody is, and MongoDB's localhost exception lets the client make the first user.
    """

    login: Login | None
    privileges: Privileges
    roles: tuple[RoleName, ...] = ()
    is_exception: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    login: Login
    seen: Mapping[Name, bytes | None]
    rights: Rights


NOTHING: Final = Rights(None, Privileges())


@dataclass(slots=True)
class AccessControl:
    """Answers from the file, every time; only what the documents of users and roles mean is remembered.

    So a change counts for the next command of every connection, whoever made it and in whichever process.
    """

    engine: Engine
    throttle: Throttle = field(default_factory=Throttle)
    _known: dict[UserName, _Known] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _decoy_secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def rights(self, connection: ConnectionState) -> Rights:
        """Return what a connection may do now; one whose user is gone is logged out."""
        with self.engine.read() as unit:
            accounts = Accounts(unit)
            if connection.login is not None:
                known = self._rights_of(connection.login, accounts)
                if known is not None:
                    return known
                connection.login = None
            if connection.peer is not None and connection.peer.is_local and accounts.is_empty:
                return Rights(None, FIRST_USER_PRIVILEGES, is_exception=True)
        return NOTHING

    def _rights_of(self, login: Login, accounts: Accounts) -> Rights | None:
        known = self._known.get(login.user)
        if known is not None and known.login == login and accounts.is_as(known.seen):
            return known.rights
        user = accounts.user(login.user)
        if user is None or user.login != login:
            return None
        roles = accounts.inherited(user.roles)
        rights = Rights(login, privileges_of(roles), tuple(role.name for role in roles))
        with self._lock:
            if len(self._known) >= _MAX_CACHED:
                self._known.clear()
            self._known[login.user] = _Known(login, accounts.seen, rights)
        return rights

    def user(self, name: UserName) -> User | None:
        """Return a user as it is now, or None."""
        with self.engine.read() as unit:
            return Accounts(unit).user(name)

    @property
    def decoy_secret(self) -> bytes:
        """What makes up the salts of users who are not there: the same in every process that has the file open."""
        entry = self.engine.collection(USERS)
        return self._decoy_secret if entry is None else entry.uuid.bytes
