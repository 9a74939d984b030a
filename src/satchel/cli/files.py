"""`satchel files`: store files, list them, get them back."""

from __future__ import annotations

import errno
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from gridfs.errors import CorruptGridFile
from pymongo.errors import PyMongoError

from satchel.cli.info import existing, size_text
from satchel.cli.progress import ProgressBar
from satchel.driver import MongoClient
from satchel.files.file_info import FileInfo
from satchel.files.file_storage import FileStorage
from satchel.files.paths import check_path, join, split
from satchel.files.resume import ResumableUpload

_PIPE: Final = "-"
_RESUMABLE_BYTES: Final = 8 << 20
_KILLED_BY_SIGPIPE: Final = 141


def run(options: Namespace, key: str | bytes | None) -> int:
    """Carry out a command, and return the exit status: 0 done, 1 some of it failed, 2 bad usage or input."""
    is_server = "://" in options.path
    if not is_server and options.command != "put":
        existing(Path(options.path))
    try:
        with MongoClient[dict[str, Any]](options.path, encryption_key=None if is_server else key) as client:
            storage = FileStorage(
                client[options.database], options.bucket, deduplicate=getattr(options, "deduplicate", False)
            )
            return _COMMANDS[options.command](storage, options)
    except BrokenPipeError:
        # Who reads has had enough. Python is not to complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _KILLED_BY_SIGPIPE
    except (PyMongoError, ValueError) as error:
        print(f"satchel: {options.path}: {error}", file=sys.stderr)
        return 1 if isinstance(error, CorruptGridFile) else 2


class _Tally:
    """What was done, and what failed."""

    def __init__(self) -> None:
        self.files = self.bytes = self.failed = 0

    def done(self, size: int) -> None:
        self.files += 1
        self.bytes += size

    def attempt(self, name: object, work: Callable[[], int]) -> None:
        """Do something for one file, which has so many bytes, and go on with the next one when it fails."""
        try:
            self.done(work())
        except BrokenPipeError:
            raise
        except (OSError, ValueError, CorruptGridFile) as error:
            self.failed += 1
            text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            print(f"satchel: {name}: {text}", file=sys.stderr)

    def report(self, what: str) -> int:
        """Say on standard error what was done, and return the exit status."""
        failed = f", {self.failed} failed" if self.failed else ""
        files = "1 file" if self.files == 1 else f"{self.files} files"
        print(f"{what} {files}, {size_text(self.bytes)}{failed}", file=sys.stderr)
        return 1 if self.failed else 0


def _put(storage: FileStorage, options: Namespace) -> int:
    fields = _fields(options)
    tally = _Tally()
    into_folder = options.target.endswith("/") or len(options.sources) > 1 or _is_folder(storage, options.target)
    target = options.target.strip("/")
    for source in options.sources:
        if source == _PIPE:
            tally.attempt(target, partial(_put_pipe, storage, target, options, fields))
            continue
        path = Path(source)
        place = join(target, path.resolve().name) if into_folder else target
        if not path.is_dir():
            tally.attempt(path, partial(_put_file, storage, path, place, options, fields))
            continue
        for file, inner in _files_below(storage, path, place):
            tally.attempt(file, partial(_put_file, storage, file, inner, options, fields))
    return tally.report("stored")


def _fields(options: Namespace) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if options.content_type is not None:
        fields["contentType"] = options.content_type
    if options.metadata is not None:
        fields["metadata"] = json.loads(options.metadata)
        if not isinstance(fields["metadata"], dict):
            raise ValueError("--metadata is a JSON document: {…}")
    return fields


def _put_pipe(storage: FileStorage, target: str, options: Namespace, fields: dict[str, Any]) -> int:
    with ProgressBar(target) as bar:
        info = storage.upload(
            target,
            sys.stdin.buffer,
            metadata=fields.get("metadata"),
            content_type=fields.get("contentType"),
            overwrite=not options.no_overwrite,
            progress=bar.show,
        )
    return info.length


def _put_file(storage: FileStorage, file: Path, target: str, options: Namespace, fields: dict[str, Any]) -> int:
    check_path(target)
    if not file.is_file():
        raise OSError(errno.EINVAL, "no such file" if not file.exists() else "it is neither a file nor a folder")
    with ProgressBar(target) as bar:
        if file.stat().st_size < _RESUMABLE_BYTES:
            return storage.upload(
                target,
                file,
                metadata=fields.get("metadata"),
                content_type=fields.get("contentType"),
                overwrite=not options.no_overwrite,
                progress=bar.show,
            ).length
        upload = ResumableUpload(storage, target, file, fields, bar.show)
        length = upload.run(overwrite=not options.no_overwrite).length
    if upload.resumed_bytes:
        print(f"{target}: {size_text(upload.resumed_bytes)} were there already", file=sys.stderr)
    return length


def _files_below(storage: FileStorage, folder: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Yield the files below a folder on disk with the paths that they get, and make the folders."""
    for name, folders, files in os.walk(folder):
        folders.sort()
        relative = Path(name).relative_to(folder).as_posix()
        place = target if relative == "." else join(target, relative)
        if place:
            storage.make_folder(place)
        for file in sorted(files):
            yield Path(name, file), join(place, file)


def _get(storage: FileStorage, options: Namespace) -> int:
    if options.target == _PIPE:
        return _cat(storage, options)
    target = Path(options.target)
    into_folder = options.target.endswith(os.sep) or len(options.sources) > 1 or target.is_dir()
    if into_folder:
        target.mkdir(parents=True, exist_ok=True)
    tally = _Tally()
    for source in options.sources:
        path = source.strip("/")
        info = storage.stat(path) if path else None
        place = target / info.name if info is not None and into_folder else target
        if info is not None and not info.is_folder:
            tally.attempt(path, partial(_get_file, storage, info, place))
            continue
        for file, inner in _stored_below(storage, path, place):
            tally.attempt(file.path, partial(_get_file, storage, file, inner))
    return tally.report("copied")


def _stored_below(storage: FileStorage, folder: str, target: Path) -> Iterator[tuple[FileInfo, Path]]:
    """Yield the stored files below a folder with the paths on disk that they get, and make the folders."""
    target.mkdir(parents=True, exist_ok=True)
    for info in storage.list_folder(folder):
        place = target / split(check_path(info.path))[1]
        if info.is_folder:
            yield from _stored_below(storage, info.path, place)
        else:
            yield info, place


def _get_file(storage: FileStorage, info: FileInfo, target: Path) -> int:
    with ProgressBar(str(target)) as bar:
        storage.download(info.path, target, progress=bar.show)
    return info.length


def _ls(storage: FileStorage, options: Namespace) -> int:
    folder = options.folder.strip("/")
    info = storage.stat(folder) if folder else None
    if info is not None and not info.is_folder:
        found: Iterator[FileInfo] = iter([info])
    else:
        found = storage.find(folder) if options.recursive else storage.list_folder(folder)
    for each in found:
        name = each.path if options.recursive else each.name + ("/" if each.is_folder else "")
        if options.long:
            size = "-" if each.is_folder else size_text(each.length)
            print(f"{size:>10}  {each.modified:%Y-%m-%d %H:%M}  {each.content_type or 'folder':24}  {name}")
        else:
            print(name)
    return 0


def _rm(storage: FileStorage, options: Namespace) -> int:
    for source in options.sources:
        path = source.strip("/")
        if not path or storage.stat(path).is_folder:
            storage.remove_folder(path, recursive=options.recursive)
        else:
            storage.delete(path)
    return 0


def _mv(storage: FileStorage, options: Namespace) -> int:
    source, target = options.source.strip("/"), options.target.strip("/")
    if options.target.endswith("/") or _is_folder(storage, target):
        target = join(target, split(source)[1])
    storage.move(source, target, overwrite=not options.no_overwrite)
    return 0


def _cat(storage: FileStorage, options: Namespace) -> int:
    for source in options.sources:
        storage.download(source.strip("/"), sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return 0


def _stat(storage: FileStorage, options: Namespace) -> int:
    for source in options.sources:
        info = storage.stat(source.strip("/"))
        found = {name: getattr(info, name) for name in FileInfo.__slots__}
        found |= {name: f"{found[name].isoformat()}Z" for name in ("created", "modified")}
        print(json.dumps(found, default=str, ensure_ascii=False))
    return 0


def _verify(storage: FileStorage, options: Namespace) -> int:
    tally = _Tally()
    for source in options.sources or [""]:
        path = source.strip("/")
        is_file = bool(path) and not storage.stat(path).is_folder
        for info in [storage.stat(path)] if is_file else storage.find(path):
            tally.attempt(info.path, partial(_verify_file, storage, info))
    return tally.report("verified")


def _verify_file(storage: FileStorage, info: FileInfo) -> int:
    return storage.verify(info.path).length


def _is_folder(storage: FileStorage, path: str) -> bool:
    path = path.strip("/")
    return not path or (storage.exists(path) and storage.stat(path).is_folder)


_COMMANDS: Final[dict[str, Callable[[FileStorage, Namespace], int]]] = {
    "put": _put,
    "get": _get,
    "ls": _ls,
    "rm": _rm,
    "mv": _mv,
    "cat": _cat,
    "stat": _stat,
    "verify": _verify,
}
