"""The audit log: logins and denied commands, one JSON line each, without secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from satchel.errors import code_name
from satchel.wire.service import ConnectionState, UserName

AUDIT_LOGGER: Final = logging.getLogger("satchel.audit")
AUDIT_LOGGER.addHandler(logging.NullHandler())


def audit(event: str, connection: ConnectionState, param: dict[str, object], result: int = 0) -> None:
    """Write one line, with the fields that MongoDB's audit messages have.

    Args:
        event: What happened: `authenticate`, `authCheck`, `logout`, …
        connection: Whose doing it was.
        param: What else there is to say.
        result: 0, or the code of the error that the client got.
    """
    if not AUDIT_LOGGER.isEnabledFor(logging.INFO):
        return
    peer, login = connection.peer, connection.login
    line = {
        "atype": event,
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "connectionId": connection.id,
        "remote": {"ip": peer.client, "port": peer.port} if peer is not None else {"process": True},
        "users": [] if login is None else [user_fields(login.user)],
        "param": param,
        "result": result,
        **({"codeName": code_name(result)} if result else {}),
    }
    AUDIT_LOGGER.info("%s", json.dumps(line, ensure_ascii=False, default=str))


def user_fields(user: UserName) -> dict[str, object]:
    """Return a user's name as audit messages have it."""
    return {"user": user.name, "db": user.database}
