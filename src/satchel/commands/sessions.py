"""Commands of logical sessions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from bson import Binary

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.in_session import own_digest, parse_session_id
from satchel.commands.params import any_value, binary, document, documents, param, read_params, string
from satchel.commands.rights import LOGGED_IN, on_cluster
from satchel.engine.sessions import SessionId, user_digest
from satchel.settings import SESSION_TIMEOUT_MINUTES
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSessionParams(NoFields):
    """Fields of startSession."""

    start_session: BsonValue = param(any_value, default=1)


@COMMANDS.command("startSession", StartSessionParams, access=LOGGED_IN)
def start_session(params: StartSessionParams, invocation: Invocation) -> Reply:
    """Begin a session and return its id."""
    identifier = Binary.from_uuid(uuid.uuid4())
    invocation.engine.sessions.use(parse_session_id({"id": identifier}, invocation.connection))
    return {"id": {"id": identifier}, "timeoutMinutes": SESSION_TIMEOUT_MINUTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSessionsParams(NoFields):
    """Fields of refreshSessions."""

    refresh_sessions: list[Document] = param(documents)


@COMMANDS.command("refreshSessions", RefreshSessionsParams, access=LOGGED_IN)
def refresh_sessions(params: RefreshSessionsParams, invocation: Invocation) -> Reply:
    """Keep sessions from expiring for another half an hour."""
    for lsid in params.refresh_sessions:
        invocation.engine.sessions.use(parse_session_id(lsid, invocation.connection))
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessionsParams(NoFields):
    """Fields of endSessions and killSessions."""

    end_sessions: list[Document] = param(documents, default=[])
    kill_sessions: list[Document] = param(documents, default=[])


def _end(params: EndSessionsParams, invocation: Invocation) -> Reply:
    """End sessions, with their transactions and cursors; killSessions without any ends all of the user's."""
    named = [parse_session_id(lsid, invocation.connection) for lsid in params.end_sessions or params.kill_sessions]
    sessions = invocation.engine.sessions
    for session_id in named:
        sessions.end(session_id, invocation.operation)
    if not named and invocation.operation.command == "killSessions":
        own = own_digest(invocation.connection)
        sessions.end_those(lambda session_id: session_id.user == own, invocation.operation)
    return {}


for _name in ("endSessions", "killSessions"):
    COMMANDS.command(_name, EndSessionsParams, access=LOGGED_IN)(_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillAllSessionsParams(NoFields):
    """Fields of killAllSessions and killAllSessionsByPattern."""

    kill_all_sessions: list[Document] = param(documents, default=[])
    kill_all_sessions_by_pattern: list[Document] = param(documents, default=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFields(NoFields):
    """Fields of a user whose sessions are named."""

    user: str = param(string)
    db: str = param(string)

    def digest(self) -> bytes:
        """Return what stands for the user in the ids of sessions."""
        return user_digest(f"{self.user}@{self.db}")


@COMMANDS.command("killAllSessions", KillAllSessionsParams, access=on_cluster("killAnySession"))
def kill_all_sessions(params: KillAllSessionsParams, invocation: Invocation) -> Reply:
    """End the sessions of users, or without any all sessions there are."""
    users = {read_params(UserFields, "killAllSessions", user).digest() for user in params.kill_all_sessions}
    invocation.engine.sessions.end_those(lambda session_id: not users or session_id.user in users, invocation.operation)
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPattern(NoFields):
    """Fields of a pattern of sessions."""

    lsid: Document | None = param(document, default=None)
    uid: bytes | None = param(binary, default=None)

    IGNORED: ClassVar[frozenset[str]] = frozenset({"users", "roles"})

    def matches(self, session_id: SessionId) -> bool:
        """Tell whether a session is meant."""
        if self.lsid is not None:
            return self.lsid.get("id") == Binary(session_id.id, 4)
        return self.uid is None or self.uid == session_id.user


@COMMANDS.command("killAllSessionsByPattern", KillAllSessionsParams, access=on_cluster("killAnySession"))
def kill_all_sessions_by_pattern(params: KillAllSessionsParams, invocation: Invocation) -> Reply:
    """End the sessions that match one of the patterns, or without any all sessions there are."""
    patterns = [
        read_params(SessionPattern, "killAllSessionsByPattern", pattern)
        for pattern in params.kill_all_sessions_by_pattern
    ]
    invocation.engine.sessions.end_those(
        lambda session_id: not patterns or any(pattern.matches(session_id) for pattern in patterns),
        invocation.operation,
    )
    return {}
