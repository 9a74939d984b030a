"""`satchel check`, `stats` and `backup`."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from bson import ObjectId

from satchel import MongoClient
from satchel.cli import main
from satchel.files import FileStorage
from satchel.gridfs import GridFS


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file with documents, GridFS files and stored files."""
    path = str(tmp_path / "app.db")
    with MongoClient(path) as client:
        client.shop.users.create_index("email", unique=True)
        client.shop.users.insert_many({"email": f"{number}@example.com"} for number in range(100))
        GridFS(client.shop).put(bytes(600_000), filename="a")
        storage = FileStorage(client.files)
        storage.upload("d/a", bytes(1000))
        storage.copy("d/a", "d/b")
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


def chunks_of_nobody(path: str, count: int = 3) -> None:
    with MongoClient(path) as client:
        gone = ObjectId()
        client.shop.fs.chunks.insert_many({"files_id": gone, "n": number, "data": b"x"} for number in range(count))


def content_of_nobody(path: str) -> None:
    with MongoClient(path) as client:
        storage = FileStorage(client.files)
        storage.upload("x", b"x" * 500)
        client.files.files.paths.delete_one({"path": "x"})


def too_many_references(path: str) -> None:
    with MongoClient(path) as client:
        client.files.files.files.update_one({}, {"$inc": {"references": 1}})


def lost_folder(path: str) -> None:
    with MongoClient(path) as client:
        client.files.files.paths.delete_one({"path": "d"})


def note_of_an_upload(path: str) -> None:
    with MongoClient(path) as client:
        client.files.files.uploads.insert_one({"path": "x"})


REPAIRABLE = [chunks_of_nobody, content_of_nobody, too_many_references, lost_folder, note_of_an_upload]


def test_a_sound_file(path: str, run: Any) -> None:
    for arguments in ([], ["--repair"]):
        status, out = run("check", path, *arguments)
        assert status == 0
        assert out.endswith(f"{path}: sound\n")
        assert "files.files: 1 files checked" in out
        assert "shop.fs: 1 files checked" in out


@pytest.mark.parametrize("damage", REPAIRABLE)
def test_what_can_be_repaired(path: str, run: Any, damage: Callable[[str], None]) -> None:
    damage(path)
    status, out = run("check", path)
    assert status == 1
    assert out.count("--repair puts it right") == 1
    status, out = run("check", path, "--repair")
    assert (status, out.count("put right: ")) == (0, 1)
    assert run("check", path)[0] == 0
    with MongoClient(path) as client:
        storage = FileStorage(client.files)
        assert [info.path for info in storage.find()] == ["d/a", "d/b"]
        assert storage.read("d/b") == bytes(1000)
        assert [info.path for info in storage.list_folder()] == ["d"]
        assert client.files.files.files.find_one()["references"] == 2
        assert client.files.files.uploads.count_documents({}) == 0
        assert client.shop.fs.chunks.count_documents({}) == 3
        storage.delete("d/a")
        storage.delete("d/b")
        assert client.files.files.chunks.count_documents({}) == 0


def test_uploads_under_way_are_left_alone(path: str, run: Any) -> None:
    """Another process is in the midst of an upload: neither `check` nor `--repair` takes that for an error."""
    script = (
        "import sys\n"
        "from satchel import MongoClient\n"
        "from satchel.gridfs import GridFSBucket\n"
        "client = MongoClient(sys.argv[1])\n"
        "with GridFSBucket(client.shop, chunk_size_bytes=1 << 20).open_upload_stream('b') as file:\n"
        "    file.write(bytes(60 << 20))\n"
        "    print('sent', flush=True)\n"
        "    input()\n"
        "client.close()\n"
    )
    command = [sys.executable, "-c", script, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        for arguments in ([], ["--repair"]):
            status, out = run("check", path, *arguments)
            assert status == 0
            assert "shop.fs: 1 unfinished, perhaps of writers that are at work" in out
        process.communicate("\n")
        assert process.returncode == 0
    assert run("check", path)[0] == 0
    with MongoClient(path) as client:
        assert GridFS(client.shop).get_last_version("b").read() == bytes(60 << 20)


def test_old_leavings_are_removed_while_others_have_the_file_open(path: str, run: Any) -> None:
    with MongoClient(path) as client:
        old = ObjectId("5e0000000000000000000000")
        client.shop.fs.chunks.insert_one({"_id": old, "files_id": 1, "n": 0, "data": b"x"})
        client.shop.fs.chunks.insert_one({"files_id": 2, "n": 0, "data": b"x"})
        assert run("check", path, "--repair")[0] == 0
        assert client.shop.fs.chunks.find_one({"files_id": 1}) is None
        assert client.shop.fs.chunks.find_one({"files_id": 2}) is not None
        assert run("check", path, "--repair", "--older-than", "-1")[0] == 0
        assert client.shop.fs.chunks.find_one({"files_id": 2}) is None


def alter_chunk(client: MongoClient[dict[str, Any]]) -> None:
    client.shop.fs.chunks.update_one({"n": 1}, {"$set": {"data": b"x" * 261_120}})


def lose_content(client: MongoClient[dict[str, Any]]) -> None:
    client.files.files.files.delete_many({})


def lose_chunk(client: MongoClient[dict[str, Any]]) -> None:
    client.files.files.chunks.delete_many({})


def too_few_references(client: MongoClient[dict[str, Any]]) -> None:
    client.files.files.files.update_one({}, {"$inc": {"references": -1}})


def another_length(client: MongoClient[dict[str, Any]]) -> None:
    client.files.files.paths.update_one({"path": "d/a"}, {"$set": {"length": 5}})


def no_chunk_size(client: MongoClient[dict[str, Any]]) -> None:
    client.shop.fs.files.update_one({}, {"$unset": {"chunkSize": 1}})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (alter_chunk, "was altered"),
        (lose_content, "path 'd/a': its bytes"),
        (lose_chunk, "no chunk #0"),
        (too_few_references, "too few references"),
        (another_length, "says something else"),
        (no_chunk_size, "no valid chunkSize"),
    ],
)
def test_what_is_wrong_is_told(path: str, run: Any, damage: Any, message: str) -> None:
    with MongoClient(path) as client:
        damage(client)
    status, out = run("check", path)
    assert status == 1
    assert message in out
    assert "errors\n" in out


def test_damaged_pages(path: str, run: Any) -> None:
    connection = apsw.Connection(path)
    connection.execute("""DELETE FROM "shop.users$email_1" WHERE rid = 5""")
    connection.close()
    status, out = run("check", path)
    assert status == 1
    assert "index email_1 lacks a key of record 5" in out


def test_stats(path: str, run: Any) -> None:
    status, out = run("stats", path, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["bytes"] == Path(path).stat().st_size
    assert found["databases"]["shop"]["buckets"] == {"fs": {"files": 1, "bytes": 600_000, "storedBytes": 600_000}}
    assert found["databases"]["files"]["buckets"] == {"files": {"files": 2, "bytes": 2000, "storedBytes": 1000}}
    assert found["databases"]["shop"]["objects"] == 100 + 1 + 3
    status, out = run("stats", path)
    assert status == 0
    assert "files in files: 2, 2.0 KiB, stored in 1000 bytes" in out


def names(folder: Path) -> list[str]:
    """Return what is in a folder, without what a reader leaves beside the file."""
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("app.db-"))


def test_backup(path: str, run: Any, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    status, out = run("backup", path, target)
    assert (status, "the same as" in out) == (0, True)
    assert run("check", target)[0] == 0
    before = target.read_bytes()
    status, out = run("backup", path, target)
    assert (status, "is there already" in out) == (2, True)
    assert target.read_bytes() == before
    with MongoClient(path) as client:
        client.shop.users.insert_one({"email": "new"})
        assert run("backup", path, target, "--overwrite")[0] == 0
    with MongoClient(target) as client:
        assert client.shop.users.count_documents({}) == 101
    (tmp_path / "folder").mkdir()
    assert run("backup", path, tmp_path / "folder")[0] == 0
    assert (tmp_path / "folder" / "app.db").exists()
    assert run("backup", tmp_path / "none.db", target)[0] == 2
    assert names(tmp_path) == ["app.db", "copy.db", "folder"]


def test_backup_of_an_encrypted_file(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, target = tmp_path / "app.db", tmp_path / "copy.db"
    with MongoClient(path, encryption_key="secret") as client:
        client.shop.users.insert_many({"text": "plain text"} for _ in range(100))
    assert run("backup", path, target)[0] == 2
    assert not target.exists()
    monkeypatch.setenv("SATCHEL_KEY", "secret")
    assert run("backup", path, target)[0] == 0
    assert b"plain text" not in target.read_bytes()
    assert run("check", target)[0] == 0
    with MongoClient(target, encryption_key="secret") as client:
        assert client.shop.users.count_documents({}) == 100


def test_backup_while_others_write(path: str, tmp_path: Path, run: Any) -> None:
    """The copy has what was there at one moment: of each pair of documents both or none."""
    stop = threading.Event()

    def write() -> None:
        with MongoClient(path) as client:
            number = 0
            while not stop.is_set():
                client.shop.pairs.insert_many([{"_id": number}, {"_id": -number - 1}])
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            target = tmp_path / f"copy{number}.db"
            assert run("backup", path, target)[0] == 0
            assert run("check", target)[0] == 0
            with MongoClient(target) as client:
                found = set(client.shop.pairs.distinct("_id"))
                assert found == {-number - 1 for number in found}
    finally:
        stop.set()
        writer.join()


@pytest.fixture
def broken_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is copied loses a row."""
    module = sys.modules["satchel.backends.sqlite.backup"]
    copy = module._copy

    def lossy(source: Any, target: str, *arguments: Any) -> None:
        copy(source, target, *arguments)
        connection = apsw.Connection(target)
        connection.execute("""DELETE FROM "shop.users" WHERE rid = 5""")
        connection.close()

    monkeypatch.setattr(module, "_copy", lossy)


@pytest.mark.usefixtures("broken_copy")
def test_a_copy_that_differs_is_thrown_away(path: str, tmp_path: Path, run: Any) -> None:
    status, out = run("backup", path, tmp_path / "copy.db")
    assert (status, "differs" in out) == (2, True)
    assert names(tmp_path) == ["app.db"]
