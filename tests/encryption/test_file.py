"""Encrypted files: who can open them, who cannot, and that nothing on the disk is plain."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from gridfs import GridFSBucket
from pymongo.errors import ConfigurationError, OperationFailure

from satchel import AsyncMongoClient, MongoClient
from satchel.backends.sqlite import Cipher
from satchel.backends.sqlite import blocks as encrypted
from satchel.backends.sqlite.cipher import KDF_ITERATIONS, read_header
from satchel.cli import main
from satchel.deployment import open_service
from satchel.errors import ErrorCode
from satchel.mql.context import Context
from satchel.storage import blocks as plain
from tests.driver.test_fork import in_child

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
PASSPHRASE = "correct horse battery staple"
SECRET = "Zyzzyva-in-plain-text"


def fill(path: Path, key: str | bytes | None) -> None:
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        client.shop.users.create_index(SECRET)
        client.shop.users.insert_many([{"_id": number, "text": f"{SECRET} {number}"} for number in range(200)])
        GridFSBucket(client.shop).upload_from_stream(SECRET, SECRET.encode() * 1000)


def plain_files(folder: Path) -> list[str]:
    """Return the files below a folder in which the secret can be read."""
    return [path.name for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def refusal(call: Callable[[], object]) -> OperationFailure:
    with pytest.raises(OperationFailure) as caught:
        call()
    for secret in (PASSPHRASE, KEY.hex(), OTHER.hex(), repr(KEY), repr(OTHER), SECRET):
        assert secret not in str(caught.value)
    return caught.value


def test_the_secret_would_be_found(tmp_path: Path) -> None:
    fill(tmp_path / "app.db", None)
    assert plain_files(tmp_path) == ["app.db"]


@pytest.mark.parametrize("key", [KEY, PASSPHRASE], ids=["bytes", "passphrase"])
def test_nothing_is_plain(tmp_path: Path, key: str | bytes) -> None:
    path = tmp_path / "app.db"
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        fill(path, key)
        client.shop.users.update_many({}, {"$set": {"more": SECRET}})
        assert (tmp_path / "app.db-wal").stat().st_size
        assert plain_files(tmp_path) == []
    assert plain_files(tmp_path) == []
    assert read_header(str(path))[:15] != b"SQLite format 3"
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        assert client.shop.users.count_documents({"text": {"$regex": SECRET}, "more": SECRET}) == 200
        assert GridFSBucket(client.shop).open_download_stream_by_name(SECRET).read() == SECRET.encode() * 1000


def test_transactions_and_change_streams(tmp_path: Path) -> None:
    with MongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=KEY) as client:
        users = client.shop.users
        with users.watch() as stream, client.start_session() as session:
            session.with_transaction(lambda session: users.insert_one({"_id": 1, "text": SECRET}, session=session))
            assert stream.next()["fullDocument"] == {"_id": 1, "text": SECRET}
        assert plain_files(tmp_path) == []


class TestKeys:
    def test_wrong_missing_and_needless(self, tmp_path: Path) -> None:
        fill(tmp_path / "encrypted.db", KEY)
        fill(tmp_path / "plain.db", None)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        for name, key in (
            ("encrypted.db", OTHER),
            ("encrypted.db", PASSPHRASE),
            ("encrypted.db", None),
            ("plain.db", KEY),
        ):
            for make in (MongoClient, AsyncMongoClient):
                error = refusal(lambda make=make, name=name, key=key: make(tmp_path / name, encryption_key=key))  # type: ignore[misc]
                assert error.code == ErrorCode.AuthenticationFailed
                assert error.details is not None
                assert error.details["codeName"] == "AuthenticationFailed"
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_a_file_that_is_no_database_is_not_called_encrypted(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("no database " * 100)
        for key in (None, KEY):
            error = refusal(lambda key=key: MongoClient(tmp_path / "notes.txt", encryption_key=key))  # type: ignore[misc]
            assert error.code == ErrorCode.DataCorruptionDetected

    def test_what_is_no_key(self, tmp_path: Path) -> None:
        for key in ("", b"", b"short", 7, bytearray(32)):
            with pytest.raises(ConfigurationError) as caught:
                MongoClient(tmp_path / "app.db", encryption_key=key)  # type: ignore[arg-type]
            assert "short" not in str(caught.value)
        for host in (":memory:", "mongodb://localhost"):
            with pytest.raises(ConfigurationError):
                MongoClient(host, encryption_key=KEY)
        assert list(tmp_path.iterdir()) == []

    def test_clients_share_a_file_when_the_key_is_the_same(self, tmp_path: Path) -> None:
        path = tmp_path / "app.db"
        with (
            MongoClient[dict[str, Any]](path, encryption_key=PASSPHRASE) as first,
            MongoClient[dict[str, Any]](path, encryption_key=PASSPHRASE) as second,
        ):
            assert first._lease is not None
            assert second._lease is not None
            assert first._lease.service is second._lease.service
            first.shop.users.insert_one({"_id": 1})
            for key in (None, KEY, PASSPHRASE + " "):
                error = refusal(lambda key=key: MongoClient(path, encryption_key=key))  # type: ignore[misc]
                assert error.code == ErrorCode.AuthenticationFailed
            assert second.shop.users.find_one() == {"_id": 1}

    def test_duplicates_share_it(self, tmp_path: Path) -> None:
        with MongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=KEY) as client:
            client.shop.users.insert_one({"_id": 1})
            with client._duplicate() as other:
                assert other.shop.users.find_one() == {"_id": 1}

    def test_nobody_sees_the_key(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        for key in (PASSPHRASE, KEY):
            with MongoClient[dict[str, Any]](tmp_path / f"{len(key)}.db", encryption_key=key) as client:
                client.shop.users.insert_one({"_id": 1})
                assert client._lease is not None
                storage = client._lease.service.engine.storage  # type: ignore[attr-defined]
                shown = [
                    repr(client),
                    repr(client.shop),
                    repr(storage),
                    repr(vars(client)),
                    repr(vars(storage)),
                    caplog.text,
                ]
                shown += [str(client.admin.command(name)) for name in ("getCmdLineOpts", "serverStatus")]
                for text in shown:
                    assert PASSPHRASE not in text
                    assert KEY.hex() not in text
                    assert repr(KEY) not in text
        with pytest.raises(TypeError):
            Cipher(KEY).__reduce__()

    def test_a_shell_of_the_same_cipher_reads_it(self, tmp_path: Path) -> None:
        """What docs/format.md says, taken at its word."""
        fill(tmp_path / "app.db", PASSPHRASE)
        connection = apsw.Connection(str(tmp_path / "app.db"))
        for setting in ("cipher = 'chacha20'", f"kdf_iter = {KDF_ITERATIONS}", f"key = '{PASSPHRASE}'"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        assert connection.execute('SELECT count(*) FROM "shop.users"').fetchall() == [(200,)]
        connection.close()


class TestElsewhere:
    async def test_asynchronously(self, tmp_path: Path) -> None:
        async with AsyncMongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=PASSPHRASE) as client:
            await client.shop.users.insert_one({"_id": 1, "text": SECRET})
        async with AsyncMongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=PASSPHRASE) as client:
            assert await client.shop.users.find_one() == {"_id": 1, "text": SECRET}
        assert plain_files(tmp_path) == []

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
    def test_after_a_fork(self, tmp_path: Path) -> None:
        with MongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=PASSPHRASE) as client:
            client.shop.users.insert_one({"_id": 0})
            in_child(lambda: client.shop.users.insert_one({"_id": client.shop.users.count_documents({})}) and None)
            assert client.shop.users.count_documents({}) == 2

    def test_processes_that_make_the_file_at_once(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        arguments = (str(tmp_path / "app.db"), PASSPHRASE)
        children = [context.Process(target=_insert, args=(*arguments, number)) for number in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        assert [child.exitcode for child in children] == [0, 0, 0]
        with MongoClient[dict[str, Any]](arguments[0], encryption_key=PASSPHRASE) as client:
            assert client.shop.users.count_documents({}) == 60

    def test_reading_only(self, tmp_path: Path) -> None:
        path = tmp_path / "app.db"
        fill(path, PASSPHRASE)
        service = open_service(str(path), read_only=True, encryption_key=PASSPHRASE)
        try:
            with service.engine.read() as unit:
                assert {str(entry.namespace) for entry in unit.catalog} >= {"shop.users", "shop.fs.files"}
        finally:
            service.release()


def _insert(path: str, key: str, number: int) -> None:
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        for step in range(20):
            client.shop.users.insert_one({"_id": f"{number}-{step}"})


class TestSpills:
    """What a sort or a group puts aside is as encrypted as the file."""

    @pytest.fixture
    def seen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
        """Have temporary files made in a folder of the test's own, and remember what was in those that were closed."""
        folder = tmp_path / "temporary"
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        contents: list[bytes] = []

        def remember() -> None:
            for descriptor in os.listdir("/proc/self/fd"):
                link = f"/proc/self/fd/{descriptor}"
                if os.path.exists(link) or os.path.islink(link):
                    name = os.readlink(link)
                    if name.startswith(str(folder)):
                        with open(link, "rb") as file:
                            contents.append(file.read())

        for cls in (encrypted.EncryptedBlocks, plain.FileBlocks):
            close = cls.close

            def closing(self: Any, close: Callable[[Any], None] = close) -> None:
                remember()
                close(self)

            monkeypatch.setattr(cls, "close", closing)
        yield contents
        gc.collect()
        assert list(folder.iterdir()) == []

    @pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="the platform has no /proc")
    @pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
    def test_spilled_sorts_and_groups(
        self, tmp_path: Path, key: bytes | None, seen: list[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit = Context.__init__

        def limited(self: Context, *args: Any, **kwargs: Any) -> None:
            limit(self, *args, **{"memory_limit_bytes": 50_000, **kwargs})

        monkeypatch.setattr(Context, "__init__", limited)
        with MongoClient[dict[str, Any]](tmp_path / "app.db", encryption_key=key) as client:
            client.shop.users.insert_many([{"_id": n, "text": f"{SECRET} {n * 7919 % 2000}"} for n in range(2000)])
            found = [document["_id"] for document in client.shop.users.find().sort("text", 1)]
            assert found == sorted(range(2000), key=lambda n: f"{SECRET} {n * 7919 % 2000}")
            groups = list(client.shop.users.aggregate([{"$group": {"_id": "$text", "ids": {"$push": "$_id"}}}]))
            assert len(groups) == 2000
        assert any(seen)
        assert any(SECRET.encode() in content for content in seen) == (key is None)


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def _no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SATCHEL_KEY", raising=False)

    def test_commands_take_the_key(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path, key_file = tmp_path / "app.db", tmp_path / "key"
        fill(path, KEY)
        key_file.write_text(f"hex:{KEY.hex()}\n")
        for command in ("info", "check", "compact"):
            assert main([command, str(path), "--key-file", str(key_file)]) == 0
        assert "200 documents" in capsys.readouterr().out
        monkeypatch.setenv("SATCHEL_KEY", f"hex:{KEY.hex()}")
        assert main(["check", str(path)]) == 0

    @pytest.mark.parametrize("variable", [None, "wrong", "", "hex:12"])
    def test_without_the_key(
        self,
        tmp_path: Path,
        variable: str | None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        fill(tmp_path / "app.db", KEY)
        if variable is not None:
            monkeypatch.setenv("SATCHEL_KEY", variable)
        assert main(["check", str(tmp_path / "app.db")]) == 2
        assert capsys.readouterr().out == ""

    def test_demo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        source = tmp_path / "source"
        source.mkdir()
        (source / "module.py").write_text(f"# {SECRET}\n")
        monkeypatch.setenv("SATCHEL_KEY", PASSPHRASE)
        assert main(["demo", str(tmp_path / "demo.db"), "--source", str(source)]) == 0
        assert "1 of 1 files are the same" in capsys.readouterr().out
        assert plain_files(tmp_path) == ["module.py"]
