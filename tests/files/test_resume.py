"""Uploads that go on where they were cut short, wherever that was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel import MongoClient
from satchel.files import FileStorage
from satchel.files.audit import BucketAudit
from satchel.files.resume import ResumableUpload

SIZE = 20 << 20


class CutError(Exception):
    """What cuts an upload short."""


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[FileStorage]:
    with MongoClient[dict[str, Any]](tmp_path / "app.db") as client:
        yield FileStorage(client.files)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source.bin"
    source.write_bytes(random.Random(1).randbytes(SIZE))
    return source


def cut_after(limit: int) -> Any:
    def progress(done: int, total: int | None) -> None:
        if done >= limit:
            raise CutError

    return progress


def check_all_is_well(storage: FileStorage, source: Path) -> None:
    assert storage.read("a/b") == source.read_bytes()
    audit = BucketAudit(storage.contents.files.database, "files")
    assert [*audit.problems(), *audit.leavings()] == []
    assert storage.uploads.count_documents({}) == 0


@pytest.mark.parametrize("limit", [1, 9 << 20, SIZE])
@pytest.mark.parametrize("deduplicate", [False, True])
def test_cut_while_sending(storage: FileStorage, source: Path, limit: int, deduplicate: bool) -> None:
    storage = FileStorage(storage.contents.files.database, deduplicate=deduplicate)
    for _ in range(2):
        with pytest.raises(CutError):
            ResumableUpload(storage, "a/b", source, progress=cut_after(limit)).run()
        assert not storage.exists("a/b")
    upload = ResumableUpload(storage, "a/b", source, {"metadata": {"k": 1}})
    upload.run()
    assert upload.resumed_bytes > min(limit, SIZE - (1 << 20))
    assert storage.stat("a/b").metadata == {"k": 1}
    check_all_is_well(storage, source)


@pytest.mark.parametrize("step", ["place", "_end"])
def test_cut_after_sending(storage: FileStorage, source: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_arguments: Any, **_named: Any) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(FileStorage if step == "place" else ResumableUpload, step, cut)
        with pytest.raises(CutError):
            ResumableUpload(storage, "a/b", source).run()
    assert storage.exists("a/b") == (step == "_end")
    upload = ResumableUpload(storage, "a/b", source)
    upload.run()
    check_all_is_well(storage, source)


def test_another_version_begins_anew(storage: FileStorage, source: Path) -> None:
    with pytest.raises(CutError):
        ResumableUpload(storage, "a/b", source, progress=cut_after(9 << 20)).run()
    source.write_bytes(random.Random(2).randbytes(SIZE + 1))
    upload = ResumableUpload(storage, "a/b", source)
    upload.run()
    assert upload.resumed_bytes == 0
    assert storage.read("a/b") == source.read_bytes()
    audit = BucketAudit(storage.contents.files.database, "files")
    leavings = list(audit.leavings())
    assert leavings
    for leaving in leavings:
        audit.remove(leaving)
    check_all_is_well(storage, source)


def test_a_file_that_changes_meanwhile_is_refused(storage: FileStorage, source: Path) -> None:
    storage.upload("a/b", b"old")

    def change(done: int, total: int | None) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with pytest.raises(OSError, match="changed while"):
        ResumableUpload(storage, "a/b", source, progress=change).run()
    assert storage.read("a/b") == b"old"


def test_two_at_once(storage: FileStorage, source: Path) -> None:
    """The later one takes over, and the earlier one says so."""
    later = ResumableUpload(storage, "a/b", source)

    def take_over(done: int, total: int | None) -> None:
        if done == 8 << 20:
            later.run()

    with pytest.raises(OSError, match="another process"):
        ResumableUpload(storage, "a/b", source, progress=take_over).run()
    assert later.resumed_bytes > 0
    check_all_is_well(storage, source)


def test_no_overwriting(storage: FileStorage, source: Path) -> None:
    storage.upload("a/b", b"old")
    with pytest.raises(FileExistsError):
        ResumableUpload(storage, "a/b", source).run(overwrite=False)
    assert storage.read("a/b") == b"old"
