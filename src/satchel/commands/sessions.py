"""Commands of logical sessions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from bson import Binary

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, documents, param
from satchel.commands.rights import LOGGED_IN, on_cluster
from satchel.settings import SESSION_TIMEOUT_MINUTES
from satchel.values.bson_types import BsonValue, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSessionParams(NoFields):
    """Fields of startSession."""

    start_session: BsonValue = param(any_value, default=1)


@COMMANDS.command("startSession", StartSessionParams, access=LOGGED_IN)
def start_session(params: StartSessionParams, invocation: Invocation) -> Reply:
    """Return the id of a new session; a session needs no record of its own until it has a transaction."""
    return {"id": {"id": Binary.from_uuid(uuid.uuid4())}, "timeoutMinutes": SESSION_TIMEOUT_MINUTES}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsParams(NoFields):
    """Fields of the commands that name sessions."""

    end_sessions: list[Document] = param(documents, default=[])
    refresh_sessions: list[Document] = param(documents, default=[])
    kill_sessions: list[Document] = param(documents, default=[])
    kill_all_sessions: list[Document] = param(documents, default=[])
    kill_all_sessions_by_pattern: list[Document] = param(documents, default=[])


def _acknowledge(params: SessionsParams, invocation: Invocation) -> Reply:
    """Acknowledge: sessions hold nothing yet that would have to be ended."""
    return {}


for _name in ("endSessions", "refreshSessions", "killSessions"):
    COMMANDS.command(_name, SessionsParams, access=LOGGED_IN)(_acknowledge)
for _name in ("killAllSessions", "killAllSessionsByPattern"):
    COMMANDS.command(_name, SessionsParams, access=on_cluster("killAnySession"))(_acknowledge)
