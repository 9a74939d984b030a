"""`satchel files`: put, get, ls, rm, mv, cat, stat, verify."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from satchel import MongoClient
from satchel.cli import main
from satchel.cli.progress import ProgressBar
from satchel.files import FileStorage

Run = Any


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "app.db")


@pytest.fixture
def run(database: str, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command on the database; return its exit status, standard output and standard error."""

    def run(command: str, *arguments: object) -> tuple[int, bytes, str]:
        capsysbinary.readouterr()
        status = main(["files", command, database, *map(str, arguments)])
        captured = capsysbinary.readouterr()
        return status, captured.out, captured.err.decode()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name, content in {"a.txt": b"a", "d/b.bin": bytes(3000), "d/e/Grüße ☃.md": b"#", "empty": b""}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "nothing").mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes() for path in folder.rglob("*")
    }


def test_folders_go_there_and_back(run: Run, folder: Path, tmp_path: Path) -> None:
    status, out, err = run("put", folder, "backup")
    assert (status, out, err) == (0, b"", "stored 4 files, 2.9 KiB\n")
    status, out, err = run("get", "backup", tmp_path / "back")
    assert (status, out, err) == (0, b"", "copied 4 files, 2.9 KiB\n")
    assert tree(tmp_path / "back") == tree(folder)
    run("put", folder, "backup")  # it is there now, so the folder goes into it
    assert run("ls", "backup/source", "-r")[1].decode().splitlines()[0] == "backup/source/a.txt"
    run("get", "/", tmp_path / "all")
    assert tree(tmp_path / "all" / "backup" / "source") == tree(folder)


def test_several_sources(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("put", folder / "a.txt", folder / "d", "x/")[0] == 0
    assert run("ls", "-r")[1].decode().splitlines() == ["x/a.txt", "x/d/b.bin", "x/d/e/Grüße ☃.md"]
    assert run("get", "x/a.txt", "x/d", tmp_path / "out")[0] == 0
    assert tree(tmp_path / "out").keys() == {"a.txt", "d", "d/b.bin", "d/e", "d/e/Grüße ☃.md"}
    assert run("put", folder / "a.txt", "/")[0] == 0
    assert run("ls")[1] == b"a.txt\nx/\n"


def test_pipes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(1).randbytes(100_000)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert run("put", "-", "p/q")[0] == 0
    assert run("cat", "p/q", "p/q")[:2] == (0, content * 2)
    assert run("get", "p/q", "-")[:2] == (0, content)


def test_what_is_known(run: Run, folder: Path) -> None:
    run("put", folder / "a.txt", "t/a.txt", "--metadata", '{"k": 1}', "--content-type", "a/b")
    run("put", folder / "d" / "b.bin", "t/b.bin")
    status, out, _ = run("stat", "t/a.txt", "t")
    file, stored_folder = map(json.loads, out.splitlines())
    assert (status, file["length"], file["metadata"], file["content_type"]) == (0, 1, {"k": 1}, "a/b")
    assert (stored_folder["is_folder"], file["created"][-1]) == (True, "Z")
    assert [line.split()[0] for line in run("ls", "t", "-l")[1].decode().splitlines()] == ["1", "2.9"]
    assert run("ls", "t/a.txt")[1] == b"a.txt\n"


def test_moving_and_removing(run: Run, folder: Path) -> None:
    run("put", folder, "s")
    assert run("mv", "s/a.txt", "s/d")[0] == 0
    assert run("mv", "s/d/b.bin", "new/b.bin")[0] == 0
    assert run("mv", "s/d", "moved")[0] == 0
    assert run("ls", "-r")[1].decode().splitlines() == ["moved/a.txt", "moved/e/Grüße ☃.md", "new/b.bin", "s/empty"]
    assert run("mv", "new/b.bin", "s/empty", "--no-overwrite")[0] == 2
    status, _, err = run("rm", "moved")
    assert status == 2
    assert "not empty" in err
    assert run("rm", "-r", "moved", "new/b.bin")[0] == 0
    assert run("ls", "-r")[1] == b"s/empty\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["cat", "none"], "no such file"),
        (["stat", "none"], "no such file"),
        (["rm", "none"], "no such file"),
        (["mv", "none", "x"], "no such file"),
        (["get", "none", "x"], "no such file"),
        (["ls", "none"], "no such file"),
        (["cat", "a/../b"], "not a path"),
        (["cat", "f"], "folder"),
        (["put", "x", "y", "--metadata", "[1]"], "JSON document"),
        (["put", "x", "y", "--metadata", "{"], "Expecting"),
    ],
)
def test_errors(run: Run, folder: Path, command: list[str], message: str) -> None:
    run("put", folder / "a.txt", "f/a.txt")
    status, out, err = run(*command)
    assert (status, out) == (2, b"")
    assert err.startswith("satchel: ")
    assert message in err


def test_some_fail(run: Run, folder: Path, tmp_path: Path) -> None:
    run("put", folder / "a.txt", "f/a.txt")
    status, _, err = run("put", folder / "a.txt", tmp_path / "none", folder / "empty", "f", "--no-overwrite")
    assert status == 1
    assert "none: no such file" in err
    assert "a.txt: there is a file already" in err
    assert err.endswith("stored 1 file, 0 bytes, 2 failed\n")


def test_a_database_that_is_not_there(run: Run, database: str) -> None:
    for command in (["ls"], ["cat", "a"], ["verify"], ["get", "a", "b"]):
        assert run(*command)[0] == 2
    assert not Path(database).exists()


def test_verifying(run: Run, folder: Path, database: str) -> None:
    run("put", folder, "s")
    assert run("verify")[::2] == (0, "verified 4 files, 2.9 KiB\n")
    with MongoClient(database) as client:
        client.files.files.chunks.update_one({"data": b"a"}, {"$set": {"data": b"b"}})
    status, _, err = run("verify", "s")
    assert status == 1
    assert "s/a.txt: " in err
    assert err.endswith("verified 3 files, 2.9 KiB, 1 failed\n")
    assert run("verify", "s/d/b.bin")[0] == 0
    assert run("cat", "s/a.txt")[0] == 1
    assert run("get", "s", folder.parent / "out")[0] == 1
    assert not (folder.parent / "out" / "a.txt").exists()


def test_same_bytes_once(run: Run, folder: Path, database: str) -> None:
    run("put", folder / "d" / "b.bin", "x", "--deduplicate")
    run("put", folder / "d" / "b.bin", "y", "--deduplicate")
    with MongoClient(database) as client:
        assert client.files.files.files.count_documents({}) == 1


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBar("a") as bar:
        bar.show(1, 2)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(time, "monotonic", iter(range(100)).__next__)
    with ProgressBar("na\nme") as bar:
        bar.show(1 << 20, 4 << 20)
        bar.show(1 << 20, None)
    assert terminal.getvalue().startswith("\rna?me  [#####               ]  25 %  1.0 MiB, 1.0 MiB/s")
    assert terminal.getvalue().endswith("\r")


def start_put(database: str, source: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "satchel.cli", "files", "put", database, str(source), "big"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_a_put_that_was_killed_goes_on(run: Run, database: str, tmp_path: Path) -> None:
    source = tmp_path / "big.bin"
    content = random.Random(5).randbytes(1 << 20) * 64
    source.write_bytes(content)
    with MongoClient(database) as client:
        chunks = client.files.files.chunks
        FileStorage(client.files).upload("big", b"old")
        with start_put(database, source) as process:
            while chunks.count_documents({}) < 20 and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert FileStorage(client.files).read("big") == b"old"
        sent = chunks.count_documents({}) - 1
        assert sent > 0
        chunks.update_one({"n": 7}, {"$set": {"data": bytes(255 * 1024)}})
        first = {chunk["_id"] for chunk in chunks.find({"n": {"$lt": 7}}, {"_id": 1})}
        status, _, err = run("put", source, "big")
        assert status == 0
        assert "1.7 MiB were there already" in err
        kept = {chunk["_id"] for chunk in chunks.find({"n": {"$lt": 7}}, {"_id": 1})}
        assert len(first & kept) == 7
        assert FileStorage(client.files).read("big") == content
        assert client.files.files.uploads.count_documents({}) == 0
        assert client.files.files.files.count_documents({}) == 1
        assert chunks.count_documents({}) == -(-len(content) // (255 * 1024))
