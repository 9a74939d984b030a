"""getClusterParameter and setClusterParameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bson import Int64, Timestamp

from satchel.deployment import open_service
from satchel.errors import ErrorCode

from .conftest import Server

OPTIONS = "changeStreamOptions"


def options(seconds: Any) -> dict[str, Any]:
    return {"setClusterParameter": {OPTIONS: {"preAndPostImages": {"expireAfterSeconds": seconds}}}}


@pytest.mark.parametrize("wanted", [OPTIONS, [OPTIONS], "*"])
def test_the_default(server: Server, wanted: Any) -> None:
    found = server.ok({"getClusterParameter": wanted}, "admin")["clusterParameters"]
    unset = {"clusterParameterTime": Timestamp(0, 0), "preAndPostImages": {"expireAfterSeconds": "off"}}
    assert found == [{"_id": OPTIONS, **unset}]


def test_what_is_set_stays_in_the_file(tmp_path: Path) -> None:
    for seconds, found in ((100, Int64(100)), ("off", "off"), (5.0, Int64(5))):
        service = open_service(str(tmp_path / "a.db"))
        Server(service).ok(options(seconds), "admin")
        service.release()
        service = open_service(str(tmp_path / "a.db"))
        (parameter,) = Server(service).ok({"getClusterParameter": OPTIONS}, "admin")["clusterParameters"]
        service.release()
        assert parameter["preAndPostImages"] == {"expireAfterSeconds": found}
        assert parameter["clusterParameterTime"] > Timestamp(0, 0)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (options(0), ErrorCode.BadValue),
        (options(-1), ErrorCode.BadValue),
        (options("on"), ErrorCode.BadValue),
        (options(1.5), ErrorCode.TypeMismatch),
        (options({}), ErrorCode.TypeMismatch),
        ({"setClusterParameter": {OPTIONS: {}}}, 40414),
        ({"setClusterParameter": {"nothing": {}}}, ErrorCode.NoSuchKey),
        ({"setClusterParameter": {}}, ErrorCode.InvalidOptions),
        ({"getClusterParameter": "nothing"}, ErrorCode.NoSuchKey),
        ({"getClusterParameter": []}, ErrorCode.BadValue),
        ({"getClusterParameter": 1}, ErrorCode.TypeMismatch),
    ],
)
def test_what_is_refused(server: Server, command: dict[str, Any], code: int) -> None:
    assert server.code(command, "admin") == code
