"""`satchel demo`: proof on real data. Python's own standard library, stored through GridFS and asked about."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw
from gridfs import GridFSBucket

from satchel.backends.sqlite import Cipher
from satchel.cli.info import size_text
from satchel.driver import MongoClient

_LEFT_OUT: Final = frozenset({"__pycache__", "site-packages"})
_KINDS: Final = {".py": "source", ".so": "extension", ".txt": "text", ".pem": "certificate", ".pyi": "stub"}
_PROGRESS_EVERY: Final = 100

Result = TypeVar("Result")


def run(path: Path, source: Path, key: str | bytes | None = None) -> int:
    """Store the files below `source` in a new file at `path`, ask questions, read all back and compare.

    Returns:
        0 when every byte came back as it was, otherwise 1.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already; give another name or remove it")
    files = sorted(_files(source))
    if not files:
        raise FileNotFoundError(f"{source}: no files in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        database = client["library"]
        bucket = GridFSBucket(database)
        print(f"Storing the {len(files)} files below {source} in {path}")
        stored, seconds = _timed(lambda: _store(bucket, source, files))
        _print_speed(stored, len(files), seconds)
        _ask(database)
        wrong, seconds = _timed(lambda: _compare(bucket, source, files))
        print(f"Reading back: {len(files) - wrong} of {len(files)} files are the same, byte for byte")
        _print_speed(stored, len(files), seconds)
    _ask_sqlite(path, key)
    reader = "any SQLite shell" if key is None else "a shell of SQLite3 Multiple Ciphers that has the key"
    print(f"The file is {path}, {size_text(path.stat().st_size)}; {reader} reads it.")
    return 1 if wrong else 0


def _print_speed(size_bytes: int, files: int, seconds: float) -> None:
    rate = f"{size_text(size_bytes / seconds)}/s, {files / seconds:.0f} files/s"
    print(f"  {size_text(size_bytes)} in {seconds:.1f} s, {rate}")


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _files(source: Path) -> Iterator[Path]:
    for path in source.rglob("*"):
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(source).parts):
            yield path


def _progress(done: int, total: int) -> None:
    if done == total or not done % _PROGRESS_EVERY:
        end = "\n" if done == total else ""
        print(f"\r  {done}/{total}", end=end, file=sys.stderr, flush=True)


def _store(bucket: GridFSBucket, source: Path, files: list[Path]) -> int:
    total = 0
    for number, path in enumerate(files, 1):
        content = path.read_bytes()
        relative = path.relative_to(source)
        metadata = {
            "path": relative.as_posix(),
            "package": relative.parts[0] if len(relative.parts) > 1 else None,
            "kind": _KINDS.get(path.suffix, "other"),
            "lines": content.count(b"\n") if path.suffix == ".py" else None,
        }
        bucket.upload_from_stream(relative.as_posix(), content, metadata=metadata)
        total += len(content)
        _progress(number, len(files))
    return total


def _ask(database: Any) -> None:
    """Answer some questions by query, index and aggregation."""
    files = database["fs.files"]
    files.create_index([("metadata.package", 1), ("length", -1)])
    largest = files.find_one({"metadata.kind": "source"}, sort=[("length", -1)])
    print(f"The longest source file: {largest['filename']}, {largest['metadata']['lines']} lines")
    query = files.find({"metadata.package": "asyncio", "length": {"$gt": 20_000}}).sort("length", -1)
    stage = query.explain()["queryPlanner"]["winningPlan"]
    print(f"asyncio's files over 20 kB, by the index ({_stages(stage)}): " + ", ".join(f["filename"] for f in query))
    groups = files.aggregate(
        [
            {"$match": {"metadata.kind": "source"}},
            {"$group": {"_id": "$metadata.package", "files": {"$sum": 1}, "lines": {"$sum": "$metadata.lines"}}},
            {"$sort": {"lines": -1}},
            {"$limit": 5},
        ]
    )
    print("Lines of source by package, the first five:")
    for group in groups:
        print(f"  {group['_id'] or '(top level)':14} {group['lines']:>8} lines in {group['files']} files")
    tests = files.count_documents({"filename": {"$regex": r"(^|/)test_[^/]*\.py$"}})
    print(
        f"Files whose name says that they are tests: {tests}; kinds of file: {sorted(files.distinct('metadata.kind'))}"
    )


def _stages(plan: Any) -> str:
    names = []
    while plan:
        names.append(plan["stage"])
        plan = plan.get("inputStage")
    return " ← ".join(names)


def _compare(bucket: GridFSBucket, source: Path, files: list[Path]) -> int:
    """Return how many files differ from what was stored."""
    wrong = 0
    for number, path in enumerate(files, 1):
        with bucket.open_download_stream_by_name(path.relative_to(source).as_posix()) as stream:
            if stream.read() != path.read_bytes():
                print(f"  {path} differs", file=sys.stderr)
                wrong += 1
        _progress(number, len(files))
    return wrong


_SQL: Final = """
    SELECT doc->>'$.filename', doc->>'$.metadata.lines' FROM "library.fs.files"
    WHERE doc->>'$.metadata.kind' = 'source' ORDER BY doc->>'$.metadata.lines' DESC LIMIT 3
"""


def _ask_sqlite(path: Path, key: str | bytes | None) -> None:
    """Ask plain SQLite, without Satchel, what is in the file."""
    print("Plain SQL over the same file:" + _SQL.rstrip())
    connection = apsw.Connection(str(path))
    try:
        if key is not None:
            Cipher(key).unlock(connection, str(path))
        for name, lines in connection.execute(_SQL):
            print(f"      {name} | {lines}")
    finally:
        connection.close()
