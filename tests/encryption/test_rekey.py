"""`satchel rekey`: whole under the old key or whole under the new one, never anything else."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.backends.sqlite import rekey as rekeying
from satchel.cli import main
from satchel.deployment import rekey_file
from satchel.errors import ErrorCode, ServerError
from tests.encryption.test_file import KEY, OTHER, PASSPHRASE, SECRET, fill, plain_files

KEYS = {"plain": None, "bytes": KEY, "other": OTHER, "passphrase": PASSPHRASE}


def contents(path: Path, key: str | bytes | None) -> dict[str, Any]:
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        names = sorted(client.shop.list_collection_names())
        return {name: (list(client.shop[name].find()), client.shop[name].index_information()) for name in names}


@pytest.mark.parametrize(
    ("old", "new"),
    [("plain", "passphrase"), ("passphrase", "bytes"), ("bytes", "other"), ("other", "plain"), ("plain", "plain")],
)
def test_every_way(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "app.db"
    fill(path, KEYS[old])
    path.chmod(0o640)
    before = contents(path, KEYS[old])
    rekey_file(str(path), KEYS[old], KEYS[new])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["app.db"]
    assert plain_files(tmp_path) == (["app.db"] if new == "plain" else [])
    if old != new:
        with pytest.raises(OperationFailure) as caught:
            MongoClient(path, encryption_key=KEYS[old])
        assert caught.value.code == ErrorCode.AuthenticationFailed
    assert contents(path, KEYS[new]) == before
    with MongoClient[dict[str, Any]](path, encryption_key=KEYS[new]) as client:
        client.shop.users.insert_one({"_id": "after"})
        assert client.shop.command("validate", "users")["valid"]
    assert main(["check", str(path), *_key_file(tmp_path, KEYS[new])]) == 0


def _key_file(folder: Path, key: str | bytes | None, option: str = "--key-file") -> list[str]:
    if key is None:
        return []
    path = folder / f"key{option}"
    path.write_text(f"hex:{key.hex()}" if isinstance(key, bytes) else key)
    return [option, str(path)]


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.db"
    fill(path, None)
    assert main(["rekey", str(path), *_key_file(tmp_path, PASSPHRASE, "--new-key-file")]) == 0
    monkeypatch.setenv("SATCHEL_KEY", PASSPHRASE)
    monkeypatch.setenv("SATCHEL_NEW_KEY", f"hex:{KEY.hex()}")
    assert main(["rekey", str(path)]) == 0
    assert main(["rekey", str(path)]) == 2
    monkeypatch.setenv("SATCHEL_KEY", f"hex:{KEY.hex()}")
    assert main(["rekey", str(path), "--decrypt"]) == 0
    monkeypatch.delenv("SATCHEL_NEW_KEY")
    assert main(["rekey", str(path)]) == 2
    output = capsys.readouterr()
    assert PASSPHRASE not in output.out + output.err
    assert KEY.hex() not in output.out + output.err
    assert len(contents(path, None)["users"][0]) == 200


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    fill(tmp_path / "app.db", None)
    (tmp_path / "link.db").symlink_to("app.db")
    rekey_file(str(tmp_path / "link.db"), None, KEY)
    assert (tmp_path / "link.db").is_symlink()
    assert plain_files(tmp_path) == []


def test_a_file_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with MongoClient[dict[str, Any]](path) as client:
        client.shop.users.insert_one({"_id": 1})
        with pytest.raises(ServerError) as caught:
            rekey_file(str(path), None, KEY)
        assert caught.value.code == ErrorCode.ConflictingOperationInProgress
        done = subprocess.run(
            [sys.executable, "-m", "satchel.cli", "rekey", str(path)],
            env={**os.environ, "SATCHEL_NEW_KEY": PASSPHRASE},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 2
        assert "ConflictingOperationInProgress" in done.stderr
        client.shop.users.insert_one({"_id": 2})
    assert len(contents(path, None)["users"][0]) == 2


def test_a_copy_that_differs_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "app.db"
    fill(path, KEY)
    before = contents(path, KEY)
    module = sys.modules[rekeying.__module__]
    copy = module._copy  # type: ignore[attr-defined]

    def lossy(source: Any, target: str, new: Any) -> None:
        copy(source, target, new)
        other = module.connections.open_reader(target, new)  # type: ignore[attr-defined]
        other.execute('DELETE FROM "shop.users" WHERE rid = 100')
        other.close()

    monkeypatch.setattr(module, "_copy", lossy)
    with pytest.raises(ServerError):
        rekey_file(str(path), KEY, OTHER)
    assert contents(path, KEY) == before
    assert [each.name for each in tmp_path.iterdir()] == ["app.db"]


def test_who_waits_for_the_old_file_does_not_write_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file has no name any more, but a process may have opened it before it was replaced."""
    path = tmp_path / "app.db"
    fill(path, None)
    (tmp_path / "second name.db").hardlink_to(path)
    rekey_file(str(path), None, KEY)
    with pytest.raises(OperationFailure):
        MongoClient(tmp_path / "second name.db")
    assert len(contents(path, KEY)["users"][0]) == 200


_KILLED = """
import os, signal, sys
from satchel.backends.sqlite import rekey
from satchel.deployment import rekey_file
module = sys.modules[rekey.__module__]
owner, name = (os, "replace") if sys.argv[2] == "replace" else (module, sys.argv[2])
real = getattr(owner, name)
def killing(*args, **kwargs):
    real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, killing)
rekey_file(sys.argv[1], bytes(range(32)), bytes(range(1, 33)))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the platform has no SIGKILL")
@pytest.mark.parametrize("step", ["_take_alone", "make_empty", "_copy", "compare", "replace"])
def test_killed_behind_a_step_it_is_whole(tmp_path: Path, step: str) -> None:
    path = tmp_path / "app.db"
    fill(path, KEY)
    before = contents(path, KEY)
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path), step], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    if step != "replace":
        assert contents(path, KEY) == before
        rekey_file(str(path), KEY, OTHER)
    assert contents(path, OTHER) == before
    assert [each.name for each in tmp_path.iterdir()] == ["app.db"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "app.db"
    fill(path, KEY)
    module = sys.modules[rekeying.__module__]

    def full(*_args: object) -> None:
        raise module.apsw.FullError("database or disk is full")  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "_copy", full)
    with pytest.raises(ServerError) as caught:
        rekey_file(str(path), KEY, None)
    assert caught.value.code == ErrorCode.OutOfDiskSpace
    assert len(contents(path, KEY)["users"][0]) == 200
    assert SECRET.encode() not in path.read_bytes()
